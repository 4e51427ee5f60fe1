// Numbers over the epochs, with a cursor at the present one; a click jumps, as the Epoch slider does for the keyboard.
import { element } from "../base/dom";
import { key, STYLES, type Style } from "./key";
import { ends, readable } from "../base/scale";

export interface Line {
  name: string;
  values: readonly (number | null)[];
  style: Style;
}

export interface Chart {
  element: HTMLElement;
  /** Draws the lines; `words` stand beside the strong one's value at the cursor. */
  show(heading: string, lines: readonly Line[], epochs: readonly number[], at: number, words?: string): void;
}

const SVG = "http://www.w3.org/2000/svg";
const [WIDTH, HEIGHT, MARGIN] = [300, 80, 6];

export function chart(logarithmic: boolean, jump: (index: number) => void, signal: AbortSignal): Chart {
  const shape = (kind: string) => {
    const made = document.createElementNS(SVG, "path");
    made.setAttribute("class", `filterviz-${kind}`);
    return made;
  };
  const drawn = new Map(STYLES.map((style) => [style, shape(style)]));
  const [cursor, dot] = [shape("cursor"), shape("dot")];
  const plot = document.createElementNS(SVG, "svg");
  plot.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  plot.setAttribute("preserveAspectRatio", "none");
  plot.setAttribute("role", "img");
  plot.append(...drawn.values(), cursor, dot);
  // The plot's accessible name has all these words.
  const unheard = { "aria-hidden": "true" };
  const title = element("span", { className: "filterviz-chart-heading" }, unheard);
  const names = element("div", { className: "filterviz-chart-key" });
  const now = element("span", { className: "filterviz-curve-now" }, unheard);
  const part = (name: string) => element("span", { className: `filterviz-curve-${name}` }, unheard);
  const [high, low, start, end] = [part("high"), part("low"), part("start"), part("end")];
  let count = 0;
  const x = (index: number) => MARGIN + (index / Math.max(1, count - 1)) * (WIDTH - 2 * MARGIN);
  plot.addEventListener("click", (event) => {
    const box = plot.getBoundingClientRect();
    const place = ((event.clientX - box.left) / box.width) * WIDTH;
    const index = Math.round(((place - MARGIN) / (WIDTH - 2 * MARGIN)) * (count - 1));
    if (count) jump(Math.min(count - 1, Math.max(0, index)));
  }, { signal });

  const usable = (value: number | null | undefined): value is number =>
    typeof value === "number" && (!logarithmic || value > 0);
  const scaled = (value: number) => (logarithmic ? Math.log10(value) : value);

  return {
    element: element("div", { className: "filterviz-curve filterviz-chart" }, {}, title, now, high, low,
      element("div", { className: "filterviz-plot" }, {}, plot), start, end, names),
    show(heading, lines, epochs, at, words = "") {
      count = epochs.length;
      const numbers = lines.flatMap((line) => line.values.filter(usable).map(scaled));
      const [bottom, top] = [Math.min(...numbers), Math.max(...numbers)];
      const y = (value: number) =>
        top > bottom ? HEIGHT - MARGIN - ((scaled(value) - bottom) / (top - bottom)) * (HEIGHT - 2 * MARGIN) : HEIGHT / 2;
      const path = ({ values }: Line) => values.map((value, index) => {
        if (!usable(value)) return "";
        const goesOn = usable(values[index - 1]);
        // A point without neighbours is a dot.
        const alone = !goesOn && !usable(values[index + 1]);
        return `${goesOn ? "L" : "M"}${x(index).toFixed(1)} ${y(value).toFixed(1)}${alone ? "h0" : ""}`;
      }).join("");
      for (const [style, made] of drawn)
        made.setAttribute("d", lines.filter((line) => line.style === style).map(path).join(""));
      cursor.setAttribute("d", count ? `M${x(at).toFixed(1)} 0V${HEIGHT}` : "");

      const value = lines.find((line) => line.style === "strong")?.values[at] ?? null;
      dot.setAttribute("d", usable(value) ? `M${x(at).toFixed(1)} ${y(value).toFixed(1)}h0` : "");
      title.textContent = heading;
      now.textContent = [value === null ? "" : readable(value), words].filter(Boolean).join(" · ");
      const unscaled = (end: number) => (logarithmic ? 10 ** end : end);
      [low.textContent, high.textContent] = ends(unscaled(bottom), unscaled(top));
      start.textContent = epochs.length ? `epoch ${epochs[0]}` : "";
      end.textContent = epochs.length > 1 ? `epoch ${epochs.at(-1)}` : "";

      const withValue = ({ name, values }: Line) => [name, usable(values[at]) ? readable(values[at]) : ""].join(" ").trim();
      const pale = lines.filter((line) => line.style === "pale").map((line) => line.name).join(", ");
      const entries = lines.length < 2 ? [] : lines.filter((line) => line.style !== "pale")
        .map((line) => ({ style: line.style, words: line.style === "strong" ? line.name : withValue(line) }));
      if (pale) entries.push({ style: "pale", words: pale });
      names.replaceChildren(...key(entries, logarithmic ? "logarithmic scale" : ""));
      const spoken = value === null ? "no number" : readable(value);
      const others = entries.filter(({ style }) => style !== "strong" && style !== "pale").map((entry) => `, ${entry.words}`);
      plot.setAttribute("aria-label",
        `${heading}, epoch ${epochs[at] ?? "none"}: ${spoken}${words ? `, ${words}` : ""}${others.join("")}`);
    },
  };
}
