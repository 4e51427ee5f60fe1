// The drawer of options: every axis of the method, closed until it is wanted.
import { availability } from "./available";
import { choice } from "./choice";
import { element } from "./dom";
import type { Bounds, Options } from "./model";
import { linear } from "./scale";
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

/** An axis with few values, or an amount: how far its slider reaches, and in which steps. */
type Axis = { axis: string; name: string; title: string } & (
  { words: Record<string, string> } | { reach: number; step: number; unit: string });

const GROUPS: [string, Axis[]][] = [
  ["Objective", [
    { axis: "objective", name: "Maximise", title: "What the ascent maximises",
      words: { mean: "mean of the feature map", center: "centre of the feature map", layer: "whole layer (DeepDream)" } },
    { axis: "sign", name: "Seek what", title: "The optimum, or its opposite", words: { "1": "excites", "-1": "inhibits" } },
  ]],
  ["Image", [
    { axis: "parameterization", name: "Optimise", title: "What is optimised",
      words: { pixels: "pixels", fourier: "Fourier coefficients", phase: "phase only" } },
    { axis: "update", name: "Update", title: "From a gradient to a step",
      words: { normalized: "normalised gradient", adam: "Adam" } },
    { axis: "octaves", name: "Octaves", title: "Sizes that the image passes through, each 1.4 times the last", words: {} },
  ]],
  ["Random transformations", [
    { axis: "jitter", name: "Jitter", title: "Shift up to so many pixels", reach: 32, step: 1, unit: "pixels" },
    { axis: "scale", name: "Scale", title: "Enlarge or shrink up to this share", reach: 0.5, step: 0.01, unit: "" },
    { axis: "rotation", name: "Rotation", title: "Turn up to so many degrees", reach: 45, step: 1, unit: "degrees" },
    { axis: "blur", name: "Blur", title: "Gaussian blur up to this standard deviation, in pixels", reach: 4, step: 0.1, unit: "pixels" },
  ]],
  ["Penalties", [
    { axis: "l2", name: "L2", title: "Weight of the mean square of the contrast", reach: 10, step: 0.1, unit: "" },
    { axis: "total_variation", name: "Variation", title: "Weight of the mean difference between neighbours",
      reach: 2, step: 0.02, unit: "" },
  ]],
];

interface Part {
  element: HTMLElement;
  show(value: string | number): void;
  range(choices: (string | number)[], limits: Bounds): void;
  unavailable(reason: string): void;
  enabled(on: boolean): void;
}

export function optionsDrawer(actions: OptionsActions, signal: AbortSignal): OptionsDrawer {
  const parts = new Map<string, Part>();
  const reset = element("button", { type: "button", textContent: "Reset options", className: "filterviz-button",
    title: "Back to the method's own options" });
  reset.addEventListener("click", actions.reset, { signal });
  const ready = availability([reset]);
  const direction = element("p", { className: "filterviz-quiet", hidden: true });
  const grid = element("div", { className: "filterviz-controls" });
  for (const [title, axes] of GROUPS) {
    grid.append(element("div", { className: "filterviz-heading", textContent: title }));
    for (const axis of axes) {
      const part = "words" in axis ? select(axis, actions, signal) : amount(axis, actions, signal);
      parts.set(axis.axis, part);
      grid.append(part.element);
    }
  }
  grid.append(reset);
  const root = element("details", { className: "filterviz-options" }, {},
    element("summary", { textContent: "Options" }), direction, grid);

  return {
    element: root,
    show(values, isChanged) {
      for (const [axis, part] of parts) part.show(values[axis] as string | number);
      ready.unavailable(isChanged ? "" : "These are the method's own options.");
      const weights = values.direction as [number, number][];
      direction.hidden = !weights.length;
      direction.textContent = `A direction is set in Python: ${weights.map(([filter, weight]) => `${weight} × filter ${filter}`).join(" + ")}.`;
    },
    range(choices, limits) {
      for (const [axis, part] of parts) part.range(choices[axis] ?? [], limits[axis] ?? [0, 1]);
    },
    unavailable(reasons) {
      for (const [axis, part] of parts) part.unavailable(reasons[axis] ?? "");
    },
    enabled(on) {
      for (const part of parts.values()) part.enabled(on);
      ready.enabled(on);
    },
  };
}

function select(axis: Axis & { words: Record<string, string> }, actions: OptionsActions, signal: AbortSignal): Part {
  let values: (string | number)[] = [];
  const made = choice({ name: axis.name, title: axis.title, words: axis.words, changed(text) {
    actions.changed(axis.axis, values.find((value) => String(value) === text) ?? text);
    actions.released();
  } }, signal);
  return {
    element: made.element,
    show: (value) => made.show(String(value)),
    range(choices) {
      values = choices;
      made.offer(choices.map(String));
    },
    ...availability([made.select]),
  };
}

function amount(axis: Axis & { reach: number; step: number; unit: string }, actions: OptionsActions, signal: AbortSignal): Part {
  const made = slider({ name: axis.name, title: axis.title, released: actions.released,
    changed: (value) => actions.changed(axis.axis, value), describe: (value) => `${value} ${axis.unit}`.trim() }, signal);
  return {
    element: made.element,
    show: (value) => made.show(Number(value)),
    range: (_, [low, high]) => made.range(linear(low, Math.min(high, axis.reach), axis.step), [low, high], false),
    unavailable: made.unavailable,
    enabled: made.enabled,
  };
}
