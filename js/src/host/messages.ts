// The lines below a view: what is to be known of the picture, what went wrong, and whether anybody listens.
import { element } from "../base/dom";

export interface Messages {
  element: HTMLElement;
  /** Each takes its words, "" for none. */
  note(words: string): void;
  error(words: string): void;
  offline(words: string): void;
}

export function messages(): Messages {
  // Empty, not hidden: screen readers listen to a region only if it was there before its words.
  const line = (kind: string, role: "status" | "alert") =>
    element("p", { className: `filterviz-${kind}` }, { role });
  const [note, error, offline] = [line("note", "status"), line("error", "alert"), line("note", "status")];
  const show = (place: HTMLElement) => (words: string) => {
    if (place.textContent !== words) place.textContent = words;
  };
  return {
    element: element("div", { className: "filterviz-messages" }, {}, note, error, offline),
    note: show(note),
    error: show(error),
    offline: show(offline),
  };
}
