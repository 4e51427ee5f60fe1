// The drawer of options: every axis of the method, closed until it is wanted.
import { type Axis, COLUMNS } from "./axes";
import { choice } from "./choice";
import { element } from "../base/dom";
import type { Bounds, Options } from "../host/explorer_traits";
import { linear, readable } from "../base/scale";
import { slider } from "./slider";

export interface OptionsDrawer {
  element: HTMLElement;
  show(values: Options, isChanged: boolean): void;
  range(choices: Record<string, (string | number)[]>, limits: Record<string, Bounds>): void;
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
  range(choices: readonly (string | number)[], limits: Bounds): void;
  unavailable(reason: string): void;
  enabled(on: boolean): void;
}

export function optionsDrawer(actions: OptionsActions, signal: AbortSignal): OptionsDrawer {
  const parts = new Map<string, Part>();
  const reset = element("button", { type: "button", textContent: "Reset options", className: "filterviz-button",
    title: "Back to the method's own options" });
  // aria-disabled instead of disabled: a button that is pressed must not lose the keyboard's focus.
  reset.addEventListener("click", () => reset.getAttribute("aria-disabled") !== "true" && actions.reset(), { signal });
  const direction = element("p", { className: "filterviz-direction", hidden: true });
  const columns = COLUMNS.map((groups) => element("div", { className: "filterviz-controls" }, {},
    ...groups.map(({ name, axes }) => element("div", { className: "filterviz-group" }, { role: "group", "aria-label": name },
      element("div", { className: "filterviz-heading", textContent: name }, { "aria-hidden": "true" }),
      ...axes.map((axis) => {
        const part = "words" in axis ? select(axis, actions, signal) : amount(axis, actions, signal);
        parts.set(axis.axis, part);
        return part.element;
      })))));
  columns[0]?.append(reset);
  const root = element("details", { className: "filterviz-options" }, {},
    element("summary", { textContent: "Options" }), direction,
    element("div", { className: "filterviz-columns" }, {}, ...columns));

  let [changed, connected] = [false, true];
  const enable = () => reset.setAttribute("aria-disabled", String(!(changed && connected)));

  return {
    element: root,
    show(values, isChanged) {
      for (const [axis, part] of parts) {
        const value = values[axis];
        if (typeof value === "string" || typeof value === "number") part.show(value);
      }
      changed = isChanged;
      enable();
      const weights = Array.isArray(values.direction) ? values.direction : [];
      direction.hidden = !weights.length;
      direction.textContent = weights.length ? `A direction of filters is set in Python: ${sum(weights)}.` : "";
    },
    range(choices, limits) {
      for (const [axis, part] of parts) part.range(choices[axis] ?? [], limits[axis] ?? [0, 1]);
    },
    unavailable(reasons) {
      for (const [axis, part] of parts) part.unavailable(reasons[axis] ?? "");
    },
    enabled(on) {
      connected = on;
      enable();
      for (const part of parts.values()) part.enabled(on);
    },
  };
}

/** "1 × filter 3 − 0.5 × filter 7" */
function sum(weights: readonly [filter: number, weight: number][]): string {
  return weights.map(([filter, weight], place) => {
    const sign = weight < 0 ? "−" : place ? "+" : "";
    return `${sign}${place ? " " : ""}${readable(Math.abs(weight))} × filter ${filter}`;
  }).join(" ");
}

function select(axis: Axis & { words: Record<string, string> }, actions: OptionsActions, signal: AbortSignal): Part {
  let values: readonly (string | number)[] = [];
  const made = choice({ name: axis.name, title: axis.title, words: axis.words, changed(text) {
    // The kernel knows numbers as numbers.
    actions.changed(axis.axis, values.find((value) => String(value) === text) ?? text);
    actions.released();
  } }, signal);
  return {
    ...made,
    show: (value) => made.show(String(value)),
    range(choices) {
      values = choices;
      made.offer(choices.map(String));
    },
  };
}

function amount(axis: Axis & { reach: number; step: number; unit: string }, actions: OptionsActions, signal: AbortSignal): Part {
  const made = slider({
    name: axis.name,
    unit: axis.unit,
    title: axis.title,
    changed: (value) => actions.changed(axis.axis, value),
    released: actions.released,
    describe: (value) => `${readable(value)} ${axis.unit}`.trim(),
  }, signal);
  return {
    ...made,
    show: (value) => made.show(Number(value)),
    range: (_, [low, high]) => made.range(linear(low, Math.min(high, axis.reach), axis.step), [low, high], false),
  };
}
