// One of several values, by name: a row with a label and a select.
import { availability } from "./available";
import { element, uniqueId } from "../base/dom";

export interface Choice {
  element: HTMLElement;
  show(value: string): void;
  offer(values: readonly string[]): void;
  /** Rests the control, with the reason; "" wakes it. */
  unavailable(reason: string): void;
  enabled(on: boolean): void;
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
  const label = element("label", { htmlFor: id, textContent: name, title });
  return {
    element: element("div", { className: "filterviz-row" }, {}, label, select),
    show: (value) => (select.value = value),
    offer(values) {
      select.replaceChildren(...values.map((value) => element("option", { value, textContent: words?.[value] ?? value })));
    },
    ...availability([select, label]),
  };
}
