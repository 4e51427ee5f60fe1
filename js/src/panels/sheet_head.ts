// The head of a sheet: what its small pictures are, in which order they stand, and a box that finds one by its number.
import type { Order, SheetKind, SheetState } from "../base/data";
import { element, uniqueId } from "../base/dom";
import { same } from "../base/same";
import { readable } from "../base/scale";

export interface SheetHead {
  element: HTMLElement;
  /** `isNew` is whether the layer is another: words about what was typed are not about it. */
  show(state: SheetState, isNew: boolean): void;
  /** The filters in the order that was chosen: where its numbers are missing, it is that by number until they come. */
  order(): number[];
  /** Chooses an order by its name, as a hand would. */
  sort(name: string): void;
  /** Whether a kernel is there. Sorting needs none. */
  enabled(on: boolean): void;
}

export interface SheetHeadActions {
  kind(kind: SheetKind): void;
  /** Another order was chosen, by its name. */
  sort(name: string): void;
  find(filter: number): void;
}

/** The order that every sheet has. */
export const BY_NUMBER = "number";

/** The other orders of a sheet. */
export function ordersOf({ orders, activations, selectivity }: SheetState): readonly Order[] {
  return orders ?? [
    { name: "activation", words: "by activation on the photo", values: activations, missing: "There is no photo, so no activation on it" },
    { name: "selectivity", words: "by selectivity", values: selectivity, missing: "The selectivity of this layer's filters is not known" },
  ];
}

/** The numbers from 0 on, the one with the largest value first and those without one last. */
function ordered(count: number, values: readonly (number | null)[]): number[] {
  const order = Array.from({ length: count }, (_, filter) => filter);
  if (!values.length) return order;
  const size = (filter: number) => values[filter] ?? -Infinity;
  // Two that are not known are equal; sorting keeps the order of equals, here that of the numbers.
  return order.sort((one, other) => (size(one) === size(other) ? 0 : size(other) - size(one)));
}

export function sheetHead(actions: SheetHeadActions, signal: AbortSignal): SheetHead {
  const on = { signal };
  let state: SheetState | undefined;
  let wanted = BY_NUMBER;

  const kinds = element("select", { className: "filterviz-select", title: "What the small pictures are" });
  kinds.addEventListener("change", () => {
    const kind = state?.kinds[kinds.selectedIndex]?.[0];
    if (kind) actions.kind(kind);
  }, on);

  const sorts = element("select", { className: "filterviz-select", title: "The order of the filters" });
  sorts.addEventListener("change", () => {
    wanted = sorts.value;
    actions.sort(wanted);
  }, on);
  /** The orders that can be chosen, as they are in the selection. */
  let offered: [name: string, words: string][] = [];

  function offer(orders: readonly Order[]) {
    const next = [[BY_NUMBER, "by number"], ...orders.map(({ name, words }) => [name, words])] as [string, string][];
    if (!same(offered, next)) sorts.replaceChildren(...next.map(([value, textContent]) => element("option", { value, textContent })));
    offered = next;
    orders.forEach(({ values, missing }, place) => {
      const option = sorts.options[place + 1];
      if (option) Object.assign(option, { disabled: !values.length, title: values.length ? "" : missing });
    });
  }

  const hint = element("span", { className: "filterviz-sheet-hint", id: uniqueId() }, { "aria-live": "polite" });
  const search = element("input", { type: "number", className: "filterviz-number filterviz-sheet-search", min: "0",
    step: "1", title: "Type a number and press Enter to go to that filter" });

  function explain(expected: string) {
    hint.textContent = expected;
    if (expected) search.setAttribute("aria-describedby", hint.id);
    else search.removeAttribute("aria-describedby");
    search.setAttribute("aria-invalid", String(Boolean(expected)));
  }

  search.addEventListener("input", () => explain(""), on);
  search.addEventListener("blur", () => explain(""), on);
  search.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return; // commands of the page
    if (!search.value && !search.validity.badInput) return;
    if (event.key === "Escape") {
      event.stopPropagation(); // the next one leaves the box
      search.value = "";
      explain("");
    }
    if (event.key !== "Enter") return;
    const typed = search.valueAsNumber;
    const last = (state?.filters ?? 0) - 1;
    if (!Number.isInteger(typed) || typed < 0 || typed > last) return explain(last < 0 ? "No filters" : `0 to ${last}`);
    search.select();
    actions.find(typed);
  }, on);

  const field = (name: string, control: HTMLElement) =>
    element("label", { className: "filterviz-sheet-field" }, {}, element("span", { textContent: name }), control);

  const shown = field("Show", kinds);

  return {
    element: element("div", { className: "filterviz-sheet-head" }, {}, shown, field("Sort", sorts),
      element("div", { className: "filterviz-sheet-find" }, {}, field("Filter number", search), hint)),
    show(next, isNew) {
      if (!same(state?.kinds, next.kinds)) kinds.replaceChildren(...next.kinds.map(([value, textContent, title]) =>
        element("option", { value, textContent, title, disabled: Boolean(title) })));
      state = next;
      kinds.value = next.kind;
      shown.hidden = next.kinds.length < 2;
      offer(ordersOf(next));
      search.max = String(next.filters - 1);
      if (isNew) explain("");
    },
    order() {
      const values = (state && ordersOf(state).find(({ name }) => name === wanted)?.values) ?? [];
      sorts.value = values.length ? wanted : BY_NUMBER;
      return ordered(state?.filters ?? 0, values);
    },
    sort(name) {
      wanted = name;
      actions.sort(name);
    },
    enabled(connected) {
      kinds.disabled = search.disabled = !connected;
    },
  };
}

/** What is known of a filter, in words. */
export function about(state: SheetState, filter: number): string[] {
  const numbers = ordersOf(state).flatMap(({ name, said = name, values }) =>
    values.length ? `${said} ${values[filter] == null ? "unknown" : readable(values[filter])}` : []);
  return [`Filter ${filter}`, ...numbers];
}
