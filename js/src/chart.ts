// Numbers over the epochs, with a cursor at the present one; a click jumps.
import { element } from "./dom";
import type { Series } from "./history_model";
import { readable } from "./scale";

export interface Chart {
  element: HTMLElement;
  /** Draws the series; `strong` is drawn over the others, its value at the cursor in words. */
  show(series: Series, epochs: readonly number[], at: number, strong: string, words?: string): void;
}

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, MARGIN] = [300, 80, 6];

export function chart(title: string, logarithmic: boolean, jump: (index: number) => void, signal: AbortSignal): Chart {
  const shape = (kind: string) => {
    const made = document.createElementNS(SVG, "path");
    made.setAttribute("class", kind);
    return made;
  };
  const [pale, line, cursor, dot] =
    [shape("filterviz-pale"), shape("filterviz-line"), shape("filterviz-cursor"), shape("filterviz-dot")];
  const plot = document.createElementNS(SVG, "svg");
  plot.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  plot.setAttribute("preserveAspectRatio", "none");
  plot.setAttribute("role", "img");
  plot.append(pale, line, cursor, dot);
  const heading = element("span", { className: "filterviz-chart-heading", textContent: title });
  const others = element("span", { className: "filterviz-chart-others" });
  const now = element("span", { className: "filterviz-curve-now" });
  const part = (name: string) => element("span", { className: `filterviz-curve-${name}` }, { "aria-hidden": "true" });
  const [high, low, start, end] = [part("high"), part("low"), part("start"), part("end")];
  let count = 0;
  const x = (index: number) => MARGIN + (index / Math.max(1, count - 1)) * (WIDTH - 2 * MARGIN);
  plot.addEventListener("click", (event) => {
    const box = plot.getBoundingClientRect();
    const place = ((event.clientX - box.left) / box.width) * WIDTH;
    const index = Math.round(((place - MARGIN) / (WIDTH - 2 * MARGIN)) * (count - 1));
    if (count) jump(Math.min(count - 1, Math.max(0, index)));
  }, { signal });

  return {
    element: element("div", { className: "filterviz-curve filterviz-chart" }, {}, heading, now, high, low,
      element("div", { className: "filterviz-plot" }, {}, plot), start, end, others),
    show(series, epochs, at, strong, words = "") {
      count = epochs.length;
      const usable = (value: number | null): value is number => value !== null && (!logarithmic || value > 0);
      const scaled = (value: number) => (logarithmic ? Math.log10(value) : value);
      const numbers = Object.values(series).flat().filter(usable);
      const [bottom, top] = [Math.min(...numbers.map(scaled)), Math.max(...numbers.map(scaled))];
      const y = (value: number) =>
        top > bottom ? HEIGHT - MARGIN - ((scaled(value) - bottom) / (top - bottom)) * (HEIGHT - 2 * MARGIN) : HEIGHT / 2;
      const path = (values: readonly (number | null)[]) => {
        let pen = "M";
        return values.map((value, index) => {
          if (!usable(value)) return ((pen = "M"), "");
          const step = `${pen}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
          pen = "L";
          return values.length === 1 || !usable(values[index - 1] ?? null) && !usable(values[index + 1] ?? null) ? `${step}h0` : step;
        }).join("");
      };
      const own = series[strong] ?? [];
      pale.setAttribute("d", Object.entries(series).map(([name, values]) => (name === strong ? "" : path(values))).join(""));
      line.setAttribute("d", path(own));
      cursor.setAttribute("d", count ? `M${x(at).toFixed(1)} 0V${HEIGHT}` : "");
      const value = own[at] ?? null;
      dot.setAttribute("d", usable(value) ? `M${x(at).toFixed(1)} ${y(value).toFixed(1)}h0` : "");
      const rest = Object.keys(series).filter((name) => name !== strong);
      others.textContent = rest.length ? `pale: ${rest.join(", ")}` : "";
      const spoken = value === null ? "no number" : readable(value);
      heading.textContent = strong && strong !== title ? `${title}: ${strong}` : title;
      now.textContent = [value === null ? "" : readable(value), words].filter(Boolean).join(" · ");
      const limit = (end: number) => (numbers.length && top > bottom ? readable(logarithmic ? 10 ** end : end) : "");
      high.textContent = limit(top);
      low.textContent = limit(bottom);
      start.textContent = epochs.length ? `epoch ${epochs[0]}` : "";
      end.textContent = epochs.length > 1 ? `epoch ${epochs.at(-1)}` : "";
      plot.setAttribute("aria-label", `${heading.textContent}, epoch ${epochs[at] ?? "none"}: ${spoken}${words ? `, ${words}` : ""}`);
    },
  };
}
