// The activation over the iterations: one line, a second one to compare with, and their numbers under the pointer.
import { element } from "../base/dom";
import type { Values } from "../base/pieces";
import { ends, grouped, readable } from "../base/scale";

export interface LinePlot {
  element: HTMLElement;
  /** Draws the values before the first step and after each; `other` is dashed. */
  show(values: Values, other?: Values): void;
}

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, MARGIN] = [300, 80, 5];

export function linePlot(name: string, signal: AbortSignal): LinePlot {
  const shape = (kind: string) => {
    const made = document.createElementNS(SVG, "path");
    made.setAttribute("class", `filterviz-${kind}`);
    return made;
  };
  const [second, line, cursor, dot] = [shape("dashed"), shape("line"), shape("cursor"), shape("dot")];
  const plot = document.createElementNS(SVG, "svg");
  plot.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  plot.setAttribute("preserveAspectRatio", "none");
  plot.setAttribute("role", "img");
  plot.append(second, line, cursor, dot);
  const part = (kind: string) => element("span", { className: `filterviz-curve-${kind}` }, { "aria-hidden": "true" });
  const [now, high, low, start, end] = [part("now"), part("high"), part("low"), part("start"), part("end")];
  let [values, other]: [Values, Values] = [[], []];
  let [bottom, top] = [0, 0];

  const finite = (value: number | null | undefined): value is number => typeof value === "number";
  const last = () => Math.max(values.length, other.length) - 1;
  const x = (index: number) => MARGIN + (index / Math.max(1, last())) * (WIDTH - 2 * MARGIN);
  const y = (value: number) =>
    top > bottom ? HEIGHT - MARGIN - ((value - bottom) / (top - bottom)) * (HEIGHT - 2 * MARGIN) : HEIGHT / 2;
  const path = (all: Values) => all.map((value, index) => {
    if (!finite(value)) return "";
    const goesOn = finite(all[index - 1]);
    return `${goesOn ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}${goesOn || finite(all[index + 1]) ? "" : "h0"}`;
  }).join("");

  function point(index: number, isPointed: boolean) {
    const value = values[index];
    cursor.setAttribute("d", isPointed ? `M${x(index).toFixed(1)} 0V${HEIGHT}` : "");
    dot.setAttribute("d", finite(value) ? `M${x(index).toFixed(1)} ${y(value).toFixed(1)}h0` : "");
    const number = finite(value) ? readable(value) : "no number";
    now.textContent = !values.length ? "" : isPointed ? `iteration ${grouped(index)} · ${number}` : number;
  }

  const rest = () => point(values.length - 1, false);
  plot.addEventListener("pointermove", (event) => {
    const box = plot.getBoundingClientRect();
    const share = (((event.clientX - box.left) / box.width) * WIDTH - MARGIN) / (WIDTH - 2 * MARGIN);
    point(Math.min(values.length - 1, Math.max(0, Math.round(share * last()))), true);
  }, { signal });
  plot.addEventListener("pointerleave", rest, { signal });

  return {
    element: element("div", { className: "filterviz-curve filterviz-line-plot" }, {},
      element("span", { textContent: name }, { "aria-hidden": "true" }), now, high, low, element("div", { className: "filterviz-plot" }, {}, plot), start, end),
    show(next, beside = []) {
      [values, other] = [next, beside];
      const numbers = [...values, ...other].filter(finite);
      [bottom, top] = [Math.min(...numbers), Math.max(...numbers)];
      line.setAttribute("d", path(values));
      second.setAttribute("d", path(other));
      [low.textContent, high.textContent] = ends(bottom, top);
      [start.textContent, end.textContent] = last() > 0 ? ["0", `${grouped(last())} iterations`] : ["", ""];
      const own = values.filter(finite);
      plot.setAttribute("aria-label", own.length
        ? `${name} over ${values.length - 1} iterations, from ${readable(own[0] as number)} to ${readable(own.at(-1) as number)}`
        : `${name}: no number among the values`);
      rest();
    },
  };
}
