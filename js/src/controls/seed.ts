// The seed: a number, and a button that finds another one.
import { element } from "../base/dom";
import { numberBox } from "./number";

export interface Seed {
  element: HTMLElement;
  show(value: number): void;
  range(bounds: [low: number, high: number]): void;
  enabled(on: boolean): void;
}

/** Short numbers: a seed is to be read aloud and typed again. */
const LARGEST_NEW = 9999;

export function seedControl(changed: (value: number) => void, signal: AbortSignal): Seed {
  const box = numberBox("Seed", "The start image: the same seed gives the same picture", changed, signal);
  const another = element("button",
    { type: "button", textContent: "New seed", title: "Start from other noise", className: "filterviz-button" });
  let [present, low, high] = [0, 0, LARGEST_NEW];
  another.addEventListener("click", () => {
    const next = low + Math.floor(Math.random() * (high - low));
    changed(next >= present ? next + 1 : next); // never the present one
  }, { signal });
  return {
    element: element("div", { className: "filterviz-row" }, {}, element("span", { textContent: "Seed" }, { "aria-hidden": "true" }), another, box.input, box.hint),
    show(value) {
      present = value;
      box.show(value);
    },
    range(bounds) {
      [low, high] = [bounds[0], Math.min(LARGEST_NEW, bounds[1])];
      box.range(bounds, true);
    },
    enabled(on) {
      another.disabled = box.input.disabled = !on;
    },
  };
}
