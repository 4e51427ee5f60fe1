// One of several values, by name: a row with a label and a select.
import { element, uniqueId } from "../base/dom";
import { availability } from "./available";

export interface Choice<Value> {
  element: HTMLElement;
  show(value: Value): void;
  /** What there is to choose, each with its words. */
  offer(entries: readonly (readonly [value: Value, words: string])[]): void;
  /** Rests the control, with the reason; "" wakes it. */
  unavailable(reason: string): void;
  enabled(on: boolean): void;
}

export interface ChoiceOptions<Value> {
  name: string;
  title: string;
  changed(value: Value): void;
}

export function choice<Value extends string | number>({ name, title, changed }: ChoiceOptions<Value>, signal: AbortSignal): Choice<Value> {
  const id = uniqueId();
  let values: readonly Value[] = [];
  const select = element("select", { id, className: "filterviz-select filterviz-choice", title });
  // A select knows text only, and the kernel numbers as numbers: the place leads from one to the other.
  select.addEventListener("change", () => {
    const value = values[select.selectedIndex];
    if (value !== undefined) changed(value);
  }, { signal });
  const label = element("label", { htmlFor: id, textContent: name, title });
  return {
    element: element("div", { className: "filterviz-row" }, {}, label, select),
    show: (value) => (select.selectedIndex = values.indexOf(value)),
    offer(entries) {
      values = entries.map(([value]) => value);
      select.replaceChildren(...entries.map(([value, textContent]) => element("option", { value: String(value), textContent })));
    },
    ...availability([select, label]),
  };
}
