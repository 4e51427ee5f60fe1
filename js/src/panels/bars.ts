// What the model says with and without the filter: two bars for each class, in a table that screen readers read.
import { element } from "../base/dom";
import { readable } from "../base/scale";
import type { AblationState, ClassState } from "../base/data";

export interface Bars {
  element: HTMLElement;
  show(state: AblationState): void;
}

export function bars(): Bars {
  const root = element("div", { className: "filterviz-bars" });

  function table(title: string, rows: readonly ClassState[], isProbability: boolean): HTMLElement[] {
    if (!rows.length) return [];
    const largest = Math.max(...rows.flatMap(({ before, after }) => [Math.abs(before), Math.abs(after)])) || 1;
    const full = isProbability ? Math.max(largest, 0.05) : largest;
    const bar = (value: number, kind: string) => {
      const made = element("div", { className: `filterviz-bar-of filterviz-${kind}` });
      made.style.width = `${(100 * Math.abs(value)) / full}%`;
      return made;
    };
    const say = (value: number) => (isProbability ? `${(100 * value).toFixed(1)} %` : readable(value));
    const head = (text: string) => element("th", { textContent: text, scope: "col" });
    const unheard = { "aria-hidden": "true" }; // bars say no more than the numbers
    return [element("table", {}, {},
      element("caption", { textContent: title }),
      element("thead", { className: "filterviz-spoken" }, {}, element("tr", {}, {}, head("Class"), element("td", {}, unheard), head("With"), head("Without"))),
      element("tbody", {}, {}, ...rows.map(({ name, before, after, images }) =>
        element("tr", { title: images === undefined ? "" : `${images} images` }, {},
          element("th", { scope: "row", textContent: name }),
          element("td", {}, unheard, bar(before, "with"), bar(after, "without")),
          element("td", { className: "filterviz-bar-number" }, {}, say(before)),
          element("td", { className: "filterviz-bar-number" }, {}, say(after))))))];
  }

  return {
    element: root,
    show({ photo = [], set = [], set_words = "", probability = false }) {
      const key = element("div", { className: "filterviz-bar-key" }, { "aria-hidden": "true" },
        element("span", { className: "filterviz-with", textContent: "with" }), element("span", { className: "filterviz-without", textContent: "without" }));
      root.replaceChildren(key, ...table("On the photo", photo, probability), ...set.length ? table(`Over ${set_words}`, set, probability) : set_words ? [element("p", { textContent: set_words })] : []);
    },
  };
}
