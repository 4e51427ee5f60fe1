// The filters before and behind that weigh most, signed: a click goes there.
import { element } from "../base/dom";
import { readable } from "../base/scale";
import type { NeighboursState, NeighbourState } from "../base/data";

export interface NeighbourLists {
  element: HTMLElement;
  show(state: NeighboursState): void;
  enabled(on: boolean): void;
}

/** `lacks` says why one cannot be gone to, "" for nothing. */
export function neighbourLists(
  go: (layer: string, filter: number) => void, signal: AbortSignal, lacks: (layer: string, filter: number) => string = () => "",
): NeighbourLists {
  const root = element("div", { className: "filterviz-neighbours", tabIndex: -1 });
  let connected = true;
  let state: NeighboursState | undefined;

  function list(title: string, none: string, neighbours: readonly NeighbourState[]): HTMLElement {
    const largest = Math.max(...neighbours.map(({ weight }) => Math.abs(weight))) || 1;
    const rows = neighbours.map(({ layer, filter, weight }) => {
      const bar = element("span", { className: `filterviz-weight ${weight < 0 ? "filterviz-negative" : "filterviz-positive"}` });
      bar.style.width = `${(100 * Math.abs(weight)) / largest}%`;
      const sign = weight < 0 ? "inhibits" : "excites";
      const why = lacks(layer, filter);
      const made = element("button", { type: "button", className: "filterviz-neighbour", title: why || `Go to filter ${filter} of ${layer}, which ${sign}` },
        { "aria-disabled": String(!connected || Boolean(why)) },
        element("span", { className: "filterviz-neighbour-name", textContent: layer }),
        element("span", { className: "filterviz-neighbour-filter", textContent: String(filter) }),
        element("span", { className: "filterviz-neighbour-bar" }, {}, bar),
        element("span", { className: "filterviz-neighbour-number", textContent: readable(weight) }));
      made.addEventListener("click", () => made.getAttribute("aria-disabled") !== "true" && go(layer, filter), { signal });
      return element("li", {}, {}, made);
    });
    return element("div", {}, {}, element("div", { className: "filterviz-neighbour-side", textContent: title }),
      rows.length ? element("ol", {}, {}, ...rows) : element("p", { textContent: none }));
  }

  function draw() {
    if (!state) return;
    const { previous = [], next = [] } = state;
    // Where one has gone by the keyboard, the same place of the next lists has the focus.
    const focused = (root.getRootNode() as Document | ShadowRoot).activeElement;
    const place = [...root.querySelectorAll("button")].findIndex((each) => each === focused);
    root.replaceChildren(list("Before it", "It sees the image itself.", previous),
      list("Behind it", "No convolution or units come after it.", next));
    if (place < 0) return;
    const buttons = root.querySelectorAll("button");
    (buttons[Math.min(place, buttons.length - 1)] ?? root).focus();
  }

  return {
    element: root,
    show(next) {
      state = next;
      draw();
    },
    enabled(on) {
      connected = on;
      draw();
    },
  };
}
