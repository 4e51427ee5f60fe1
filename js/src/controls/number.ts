// An editable number: what is typed counts on Enter or when the box is left, and only if it is in the range.
import { element, uniqueId } from "../base/dom";
import { grouped, readable } from "../base/scale";

export interface NumberBox {
  input: HTMLInputElement;
  /** Says what is expected, beside the control, where something else was typed. */
  hint: HTMLElement;
  /** Shows a value, unless the user is typing. */
  show(value: number): void;
  range(bounds: [low: number, high: number], whole: boolean): void;
}

export function numberBox(name: string, title: string, entered: (value: number) => void, signal: AbortSignal): NumberBox {
  // Empty, not hidden: screen readers listen to a region only if it was there before its words.
  const hint = element("span", { className: "filterviz-hint", id: uniqueId() }, { "aria-live": "polite" });
  const input = element("input", { type: "number", className: "filterviz-number", title },
    { "aria-label": name });
  let [low, high] = [0, 1];
  let whole = true;
  let value = 0;
  let typing = false;

  function explain(expected: string) {
    hint.textContent = expected;
    // Not while it is empty: it would hide other descriptions from screen readers.
    if (expected) input.setAttribute("aria-describedby", hint.id);
    else input.removeAttribute("aria-describedby");
  }

  function reset() {
    typing = false;
    input.value = readable(value);
    input.removeAttribute("aria-invalid");
    explain("");
  }

  function commit() {
    if (!typing) return;
    const typed = input.valueAsNumber;
    if (typed >= low && typed <= high && (!whole || Number.isInteger(typed))) {
      value = typed;
      reset();
      entered(typed);
      return;
    }
    explain(`Expected a ${whole ? "whole number" : "number"} from ${grouped(low)} to ${grouped(high)}`);
    input.setAttribute("aria-invalid", "true");
  }

  const on = { signal };
  input.addEventListener("input", () => (typing = true), on);
  input.addEventListener("change", commit, on); // Enter, the arrows, or leaving the box
  input.addEventListener("blur", () => {
    // The hint stays to be read; the value goes back to the one in force.
    if (!typing) return;
    typing = false;
    input.value = readable(value);
    input.removeAttribute("aria-invalid");
  }, on);
  input.addEventListener("focus", () => explain(""), on);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !typing) return;
    event.stopPropagation(); // the next one leaves the box
    reset();
  }, on);

  return {
    input,
    hint,
    show(next) {
      if (next !== value) explain(""); // it spoke of another number
      value = next;
      if (!typing) input.value = readable(value);
    },
    range(bounds, isWhole) {
      [low, high] = bounds;
      whole = isWhole;
      Object.assign(input, { min: String(low), max: String(high), step: whole ? "1" : "any" });
    },
  };
}
