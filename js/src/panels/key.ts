// Below a chart: how each line is drawn, its name, and its value at the cursor.
import { element } from "../base/dom";

/** "strong" is the line that the chart is about; "pale" ones are many of a kind. */
export const STYLES = ["pale", "dotted", "dashed", "strong"] as const;
export type Style = (typeof STYLES)[number];

export interface Entry {
  style: Style;
  words: string;
}

const SVG = "http://www.w3.org/2000/svg";

/** `remark` stands at the end. */
export function key(entries: readonly Entry[], remark: string): HTMLElement[] {
  const lines = entries.map(({ style, words }) => {
    const sample = document.createElementNS(SVG, "svg");
    const line = document.createElementNS(SVG, "path");
    line.setAttribute("d", "M1 4h18");
    line.setAttribute("class", `filterviz-${style}`);
    sample.setAttribute("viewBox", "0 0 20 8");
    sample.setAttribute("aria-hidden", "true");
    sample.append(line);
    return element("span", { className: "filterviz-key-entry" }, {}, sample, words);
  });
  return remark ? [...lines, element("span", { textContent: remark })] : lines;
}
