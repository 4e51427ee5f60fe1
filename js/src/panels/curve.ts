// A curve that grows: a value per iteration, with the axes' ends in words.
import { element } from "../base/dom";
import { ends, grouped, readable } from "../base/scale";

export interface Curve {
  element: HTMLElement;
  /**
   * Draws the values so far; null stands for one that is not a number. `total` is the last iteration to come.
   * Without values the curve before stays, pale, until there are some. `isMoved` says that they were measured on the
   * image as the model saw it, moved, blurred or smaller: a dashed line, of which the end alone is of the picture shown.
   */
  show(values: readonly (number | null)[], total: number, isMoved?: boolean): void;
}

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, MARGIN] = [300, 100, 6];

const DASHED = "Dashed: of the image as the model saw it in each iteration, moved or smaller. The end: of the picture as it is.";

export function curve(name: string): Curve {
  const line = document.createElementNS(SVG, "path");
  const dot = document.createElementNS(SVG, "path");
  line.setAttribute("class", "filterviz-line");
  dot.setAttribute("class", "filterviz-dot");
  const plot = document.createElementNS(SVG, "svg");
  plot.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  plot.setAttribute("preserveAspectRatio", "none");
  plot.setAttribute("role", "img");
  plot.setAttribute("aria-label", `${name}: no values yet`);
  const title = document.createElementNS(SVG, "title");
  plot.append(title, line, dot);
  const now = element("span", { className: "filterviz-curve-now" });
  // The ends of the axes are in the plot's accessible name.
  const words = (part: string) => element("span", { className: `filterviz-curve-${part}` }, { "aria-hidden": "true" });
  const [high, low, start, end] = [words("high"), words("low"), words("start"), words("end")];
  const root = element("div", { className: "filterviz-curve" }, {}, element("span", { textContent: name }), now,
    high, low, element("div", { className: "filterviz-plot" }, {}, plot), start, end);

  return {
    element: root,
    show(values, total, isMoved = false) {
      const finite = values.filter((value): value is number => value !== null);
      const last = finite.at(-1);
      root.classList.toggle("filterviz-stale", values.length === 0);
      if (!values.length) return;
      const [bottom, top] = [Math.min(...finite), Math.max(...finite)];
      const x = (index: number) => MARGIN + (index / Math.max(1, total)) * (WIDTH - 2 * MARGIN);
      const y = (value: number) =>
        top > bottom ? HEIGHT - MARGIN - ((value - bottom) / (top - bottom)) * (HEIGHT - 2 * MARGIN) : HEIGHT / 2;
      let pen = "M";
      let path = "";
      values.forEach((value, index) => {
        if (value !== null) path += `${pen}${x(index).toFixed(2)} ${y(value).toFixed(2)}`;
        pen = value === null ? "M" : "L";
      });
      line.setAttribute("d", path);
      line.classList.toggle("filterviz-moved", isMoved);
      title.textContent = isMoved ? DASHED : "";
      const place = values.lastIndexOf(last ?? NaN);
      dot.setAttribute("d", last === undefined ? "" : `M${x(place).toFixed(2)} ${y(last).toFixed(2)}h0`);
      now.textContent = last === undefined ? "" : readable(last);
      [low.textContent, high.textContent] = ends(bottom, top);
      start.textContent = "0";
      end.textContent = `${grouped(total)} ${total === 1 ? "iteration" : "iterations"}`;
      plot.setAttribute("aria-label", last === undefined ? `${name}: no number among the values`
        : `${name}${isMoved ? " of the moved image" : ""} over ${values.length - 1} iterations, `
          + `from ${readable(finite[0] as number)} to ${readable(last)}`);
    },
  };
}
