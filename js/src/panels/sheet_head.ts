// The head of a sheet: what its small pictures are, in which order they stand, and a box that finds one by its number.
import type { SheetKind, SheetState } from "../base/data";
import { element, uniqueId } from "../base/dom";
import { same } from "../base/same";

export interface SheetHead {
  element: HTMLElement;
  /** `isNew` is whether the layer is another: words about what was typed are not about it. */
  show(state: SheetState, isNew: boolean): void;
  /** The filters in the order that was chosen: where its numbers are missing, it is that by number until they come. */
  order(): number[];
  /** Whether a kernel is there. Sorting needs none. */
  enabled(on: boolean): void;
}

export interface SheetHeadActions {
  kind(kind: SheetKind): void;
  /** Another order was chosen. */
  sort(sort: Sort): void;
  find(filter: number): void;
}

export type Sort = "number" | "activation" | "selectivity";

const MISSING: Record<Sort, string> = {
  number: "",
  activation: "There is no photo, so no activation on it",
  selectivity: "The selectivity of this layer's filters is not known",
};

/** What an order goes by, of each filter; empty where that is not known, or is the number itself. */
export function known(state: SheetState | undefined, sort: Sort): readonly (number | null)[] {
  return (sort === "activation" ? state?.activations : sort === "selectivity" ? state?.selectivity : undefined) ?? [];
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
  let wanted: Sort = "number";

  const kinds = element("select", { className: "filterviz-select", title: "What the small pictures are" });
  kinds.addEventListener("change", () => {
    const kind = state?.kinds[kinds.selectedIndex]?.[0];
    if (kind) actions.kind(kind);
  }, on);

  const entry = (value: Sort, textContent: string) => element("option", { value, textContent });
  const sorts = element("select", { className: "filterviz-select", title: "The order of the filters" }, {},
    entry("number", "by number"), entry("activation", "by activation on the photo"),
    entry("selectivity", "by selectivity"));
  sorts.addEventListener("change", () => {
    wanted = sorts.value as Sort;
    actions.sort(wanted);
  }, on);

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

  return {
    element: element("div", { className: "filterviz-sheet-head" }, {}, field("Show", kinds), field("Sort", sorts),
      element("div", { className: "filterviz-sheet-find" }, {}, field("Filter number", search), hint)),
    show(next, isNew) {
      if (!same(state?.kinds, next.kinds)) kinds.replaceChildren(...next.kinds.map(([value, textContent, title]) =>
        element("option", { value, textContent, title, disabled: Boolean(title) })));
      state = next;
      kinds.value = next.kind;
      for (const option of sorts.options) {
        const sort = option.value as Sort;
        option.disabled = sort !== "number" && !known(next, sort).length;
        option.title = option.disabled ? MISSING[sort] : "";
      }
      search.max = String(next.filters - 1);
      if (isNew) explain("");
    },
    order() {
      const values = known(state, wanted);
      sorts.value = values.length ? wanted : "number";
      return ordered(state?.filters ?? 0, values);
    },
    enabled(connected) {
      kinds.disabled = search.disabled = !connected;
    },
  };
}
