// The drawer of options: every axis of the method that the kernel declares, closed until it is wanted.
import { element } from "../base/dom";
import { same } from "../base/same";
import { linear, readable } from "../base/scale";
import type { Amount, Axis, Choices, Options } from "../host/explorer_traits";
import { choice } from "./choice";
import { slider } from "./slider";

export interface OptionsDrawer {
  element: HTMLElement;
  /** Makes the controls. */
  offer(axes: readonly Axis[]): void;
  show(values: Options, isChanged: boolean): void;
  /** Reasons by axis, for those that have no effect at present. */
  unavailable(reasons: Record<string, string>): void;
  enabled(on: boolean): void;
}

export interface OptionsActions {
  changed(axis: string, value: string | number): void;
  released(): void;
  reset(): void;
}

interface Part {
  element: HTMLElement;
  show(value: string | number): void;
  unavailable(reason: string): void;
  enabled(on: boolean): void;
}

export function optionsDrawer(actions: OptionsActions, signal: AbortSignal): OptionsDrawer {
  const parts = new Map<string, Part>();
  const reset = element("button", { type: "button", textContent: "Reset options", className: "filterviz-button filterviz-reset",
    title: "Back to the method's own options" });
  // aria-disabled instead of disabled: a button that is pressed must not lose the keyboard's focus.
  reset.addEventListener("click", () => reset.getAttribute("aria-disabled") !== "true" && actions.reset(), { signal });
  const direction = element("p", { className: "filterviz-direction", hidden: true });
  const columns = element("div", { className: "filterviz-columns" });
  const root = element("details", { className: "filterviz-options" }, {},
    element("summary", { textContent: "Options" }), direction, columns);

  let offered: readonly Axis[] | undefined;
  let [values, reasons, changed, connected]: [Options, Record<string, string>, boolean, boolean] = [{}, {}, false, true];

  function draw() {
    for (const [axis, part] of parts) {
      const value = values[axis];
      if (typeof value === "string" || typeof value === "number") part.show(value);
      part.unavailable(reasons[axis] ?? "");
      part.enabled(connected);
    }
    reset.setAttribute("aria-disabled", String(!(changed && connected)));
  }

  return {
    element: root,
    offer(axes) {
      if (same(axes, offered)) return;
      offered = axes;
      parts.clear();
      for (const axis of axes) parts.set(axis.name, "choices" in axis ? select(axis, actions, signal) : amount(axis, actions, signal));
      const groups = grouped(axes).map(([name, own]) => element("div", { className: "filterviz-group" }, { role: "group", "aria-label": name },
        element("div", { className: "filterviz-heading", textContent: name }, { "aria-hidden": "true" }),
        ...own.flatMap((axis) => parts.get(axis.name)?.element ?? [])));
      const middle = Math.ceil(groups.length / 2);
      const column = (...children: Node[]) => element("div", { className: "filterviz-controls" }, {}, ...children);
      columns.replaceChildren(column(...groups.slice(0, middle), reset), column(...groups.slice(middle)));
      draw();
    },
    show(next, isChanged) {
      [values, changed] = [next, isChanged];
      draw();
      const weights = Array.isArray(values.direction) ? values.direction : [];
      direction.hidden = !weights.length;
      direction.textContent = weights.length ? `A direction of filters is set in Python: ${sum(weights)}.` : "";
    },
    unavailable(next) {
      reasons = next;
      draw();
    },
    enabled(on) {
      connected = on;
      draw();
    },
  };
}

/** The axes by group, the groups in the order of their first. */
function grouped(axes: readonly Axis[]): [name: string, axes: Axis[]][] {
  const groups = new Map<string, Axis[]>();
  for (const axis of axes) groups.set(axis.group, [...(groups.get(axis.group) ?? []), axis]);
  return [...groups];
}

/** "1 × filter 3 − 0.5 × filter 7" */
function sum(weights: readonly [filter: number, weight: number][]): string {
  return weights.map(([filter, weight], place) => {
    const sign = weight < 0 ? "−" : place ? "+" : "";
    return `${sign}${place ? " " : ""}${readable(Math.abs(weight))} × filter ${filter}`;
  }).join(" ");
}

function select(axis: Choices, actions: OptionsActions, signal: AbortSignal): Part {
  const made = choice<string | number>({ name: axis.label, title: axis.help, changed(value) {
    actions.changed(axis.name, value);
    actions.released();
  } }, signal);
  made.offer(axis.choices);
  return made;
}

function amount(axis: Amount, actions: OptionsActions, signal: AbortSignal): Part {
  const made = slider({
    name: axis.label,
    unit: axis.unit,
    title: axis.help,
    changed: (value) => actions.changed(axis.name, value),
    released: actions.released,
    describe: (value) => `${readable(value)} ${axis.unit}`.trim(),
  }, signal);
  // The thumb goes as far as is sensible, the number as far as is allowed.
  made.range(linear(axis.low, Math.min(axis.high, axis.reach), axis.step), [axis.low, axis.high], false);
  return { ...made, show: (value) => made.show(Number(value)) };
}
