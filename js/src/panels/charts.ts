// The curves of a training run: one chart per logged quantity, and one of the gradient norms of all layers.
import { chart, type Chart, type Line } from "./chart";
import { element } from "../base/dom";

type Series = Record<string, readonly (number | null)[]>;

/** By record: their epochs, the logged quantities, the layers' gradient norms and words for those. */
export interface Curves {
  epochs: readonly number[];
  logs: Series;
  norms: Series;
  marks: Record<string, readonly string[]>;
}

export interface HistoryCharts {
  element: HTMLElement;
  /** `at` is the record of the cursor; `own` the layer among the norms, "" before there is one. */
  show(curves: Curves, at: number, own: string): void;
}

const NORM = "Gradient norm";

export function historyCharts(jump: (index: number) => void, signal: AbortSignal): HistoryCharts {
  const root = element("div", { className: "filterviz-charts" });
  const made = new Map<string, Chart>();

  function chartOf(name: string, logarithmic = false): Chart {
    const known = made.get(name) ?? chart(logarithmic, jump, signal);
    made.set(name, known);
    return known;
  }

  return {
    element: root,
    show({ epochs, logs, norms, marks }, at, own) {
      const wanted = grouped(logs).map(([quantity, lines]) => {
        const one = chartOf(`log ${quantity}`);
        one.show(quantity, lines, epochs, at);
        return one.element;
      });
      if (Object.keys(norms).length) {
        const lines = Object.entries(norms)
          .map(([name, values]): Line => ({ name, values, style: name === own ? "strong" : "pale" }));
        lines.sort((one, other) => Number(other.name === own) - Number(one.name === own));
        const one = chartOf(NORM, true);
        const words = marks[own]?.[at] ?? (own && !(own in norms) ? "frozen" : "");
        one.show(own ? `${NORM}: ${own}` : NORM, lines, epochs, at, words);
        wanted.push(one.element);
      }
      // A chart that stays in its place keeps what the mouse or a screen reader holds there.
      if (root.children.length !== wanted.length || wanted.some((each, index) => root.children[index] !== each))
        root.replaceChildren(...wanted);
    },
  };
}

/** A chart per quantity: `val_loss` is drawn, dashed, in that of `loss`, and the probe's dotted. */
function grouped(logs: Series): [quantity: string, lines: Line[]][] {
  const groups = new Map<string, Line[]>();
  for (const [name, values] of Object.entries(logs)) {
    const quantity = name.replace(/^(val|probe)_/, "");
    const home = quantity in logs ? quantity : name;
    const style = name === home ? "strong" : name.startsWith("val_") ? "dashed" : "dotted";
    groups.set(home, [...(groups.get(home) ?? []), { name, values, style }]);
  }
  const order = (line: Line) => ["strong", "dashed", "dotted"].indexOf(line.style);
  return [...groups].map(([quantity, lines]) => [quantity, lines.sort((one, other) => order(one) - order(other))]);
}
