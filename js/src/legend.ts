// The scale of signed colours: its ends in numbers, zero in the middle.
import { element } from "./dom";
import { readable } from "./scale";

export interface Legend {
  element: HTMLElement;
  show(limit: number): void;
}

export function legend(): Legend {
  const [low, high] = [element("span"), element("span")];
  return {
    element: element("div", { className: "filterviz-legend" }, {}, low,
      element("div", { className: "filterviz-legend-bar" }, { "aria-hidden": "true" }), high),
    show(limit) {
      low.textContent = readable(-limit);
      high.textContent = readable(limit);
    },
  };
}
