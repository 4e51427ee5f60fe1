// A box that finds things by what is typed, and a list of what it has found.
import { element, uniqueId } from "../base/dom";

export interface Hit {
  /** What it is called, and what it is. */
  name: string;
  about: string;
  go(): void;
}

export interface Search {
  element: HTMLElement;
  focus(): void;
}

/** `find` has the best hit first; `lacks` says in words that nothing was found, and what can be typed. */
export function search(placeholder: string, find: (typed: string) => readonly Hit[], lacks: (typed: string) => string, signal: AbortSignal): Search {
  const on = { signal };
  const list = element("div", { className: "filterviz-hits", id: uniqueId(), hidden: true }, { role: "listbox", "aria-label": "Found" });
  const none = element("div", { className: "filterviz-hits filterviz-hits-none", hidden: true });
  const spoken = element("span", { className: "filterviz-spoken" }, { role: "status" });
  const input = element("input", { type: "search", className: "filterviz-number filterviz-search-box", placeholder, autocomplete: "off", spellcheck: false },
    { role: "combobox", "aria-label": placeholder, "aria-expanded": "false", "aria-controls": list.id, "aria-autocomplete": "list" });
  const root = element("div", { className: "filterviz-search" }, { role: "search" }, input, list, none, spoken);
  let hits: readonly Hit[] = [];
  let at = 0;

  function close() {
    list.hidden = none.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  function mark(next: number) {
    at = next;
    [...list.children].forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
    const option = list.children[at];
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
  }

  function look() {
    const typed = input.value.trim();
    if (!typed) {
      spoken.textContent = "";
      return close();
    }
    hits = find(typed);
    list.replaceChildren(...hits.map(({ name, about }) => element("div", { className: "filterviz-hit", id: uniqueId() },
      { role: "option", "aria-selected": "false" }, element("span", { textContent: name }), element("span", { textContent: about }))));
    list.hidden = !hits.length;
    none.hidden = Boolean(hits.length);
    none.textContent = spoken.textContent = hits.length ? "" : lacks(typed);
    input.setAttribute("aria-expanded", String(Boolean(hits.length)));
    if (hits.length) mark(0);
    else input.removeAttribute("aria-activedescendant");
  }

  function take(hit: Hit | undefined) {
    if (!hit) return;
    input.value = "";
    close();
    hit.go();
  }

  input.addEventListener("input", look, on);
  input.addEventListener("focus", look, on);
  input.addEventListener("blur", close, on);
  input.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return; // commands of the page
    if (event.key === "Escape" && (input.value || !list.hidden)) {
      event.stopPropagation(); // the next one leaves the box
      event.preventDefault();
      input.value = "";
      look();
    }
    if (event.key === "Enter") take(hits.length && input.value.trim() ? hits[at] : undefined);
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || list.hidden) return;
    event.preventDefault();
    mark((at + by + hits.length) % hits.length);
  }, on);
  // The box keeps the focus until the click has come.
  list.addEventListener("mousedown", (event) => event.preventDefault(), on);
  list.addEventListener("click", (event) => {
    const option = event.target instanceof Element ? event.target.closest("[role=option]") : null;
    take(hits[[...list.children].indexOf(option as Element)]);
  }, on);

  return {
    element: root,
    focus() {
      input.focus();
      input.select();
    },
  };
}
