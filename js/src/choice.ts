// One of several values, by name: a select with a label, or alone.
import { element, uniqueId } from "./dom";

export interface Choice {
  element: HTMLElement;
  select: HTMLSelectElement;
  show(value: string): void;
  offer(values: readonly string[]): void;
}

export interface ChoiceOptions {
  name: string;
  title: string;
  /** How a value is called on the screen. */
  words?: Record<string, string>;
  changed(value: string): void;
}

export function choice({ name, title, words, changed }: ChoiceOptions, signal: AbortSignal): Choice {
  const id = uniqueId();
  const select = element("select", { id, className: "filterviz-select filterviz-choice", title });
  select.addEventListener("change", () => changed(select.value), { signal });
  return {
    element: element("div", { className: "filterviz-row" }, {},
      element("label", { htmlFor: id, textContent: name, title }), select),
    select,
    show: (value) => (select.value = value),
    offer(values) {
      select.replaceChildren(...values.map((value) => element("option", { value, textContent: words?.[value] ?? value })));
    },
  };
}
