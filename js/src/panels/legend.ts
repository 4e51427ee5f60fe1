// The scale of signed colours: its ends in numbers, zero in the middle.
import { element } from "../base/dom";
import { readable } from "../base/scale";

export interface Legend {
  element: HTMLElement;
  /** `limit` is the value of the scale's end; where it is not `needed`, there is no scale. */
  show(limit: number, needed: boolean): void;
}

export function legend(): Legend {
  const [low, high] = [element("span"), element("span")];
  const bar = element("div", { className: "filterviz-legend-bar", title: "Blue is below zero, white zero, red above" });
  const root = element("div", { className: "filterviz-legend", hidden: true }, { role: "img" }, low, bar, high);
  return {
    element: root,
    show(limit, needed) {
      root.hidden = !needed;
      low.textContent = readable(-limit);
      high.textContent = readable(limit);
      root.setAttribute("aria-label", `Scale: blue ${readable(-limit)}, white 0, red ${readable(limit)}`);
    },
  };
}
