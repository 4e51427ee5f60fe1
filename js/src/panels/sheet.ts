// The sheet of a layer: small pictures of all its filters, of which the page holds those in sight only.
import type { SheetKind, SheetState } from "../base/data";
import { element } from "../base/dom";
import { same } from "../base/same";
import { goal } from "./sheet_goal";
import { about, BY_NUMBER, ordersOf, sheetHead } from "./sheet_head";
import { type Cell, sheetRows } from "./sheet_rows";
import { spriteStore } from "./sheet_sprites";

export interface Sheet {
  element: HTMLElement;
  /** What stands above the tiles. */
  head: HTMLElement;
  show(state: SheetState, filter: number): void;
  /**
   * A sprite has come: the filters from `page * state.page` on. One whose `layer|kind` is not present is dropped.
   * Says, once that is known, whether it can be shown.
   */
  sprite(key: string, page: number, source: string): Promise<boolean>;
  /** Chooses an order by its name. */
  sort(name: string): void;
  /** Drops all sprites, as they are of another photo or of older weights; those in sight are wanted anew. */
  forget(): void;
  /** Whether a kernel is there. Without one nothing can be chosen; sorting and scrolling go on. */
  enabled(on: boolean): void;
}

export interface SheetActions {
  /** The choice has moved, by a click, a key or a number. */
  choose(filter: number): void;
  /** A tile was clicked, or Enter pressed on it: whoever shows more of a filter than its tile does so now. */
  open?(filter: number): void;
  kind(kind: SheetKind): void;
  /** Which sprites are in sight, or nearly, and not there yet, nearest first; told whenever that changes. */
  want(key: string, pages: readonly number[]): void;
}

/** Rows beyond each edge of what is seen. */
const BEYOND = 2;

export function sheet(actions: SheetActions, signal: AbortSignal): Sheet {
  const on = { signal };
  const head = sheetHead({
    kind: (kind) => actions.kind(kind),
    sort(sort) {
      arrange();
      // An order by size is wanted for its beginning.
      if (sort === BY_NUMBER) reveal(true);
      else view.scrollTop = 0;
      draw();
    },
    find: (filter) => choose(filter, true),
  }, signal);
  const caption = element("div", { className: "filterviz-sheet-words" });
  // As large as any other tile, and never seen: the style sheet says how large that is.
  const probe = element("div", { className: "filterviz-sheet-cell filterviz-sheet-probe" }, { "aria-hidden": "true" },
    element("canvas"), "0");
  const grid = element("div", { className: "filterviz-sheet-grid" }, { role: "grid" });
  const view = element("div", { className: "filterviz-sheet-view" }, {}, grid, probe);
  const root = element("div", { className: "filterviz-sheet" }, {}, head.element, view, caption);
  const sprites = spriteStore(() => draw(), signal);
  const rows = sheetRows(grid);

  let state: SheetState | undefined;
  let connected = true;
  let chosen = 0;
  /** The filters in the order of the sheet, and the place of each in it. */
  let [order, places]: [number[], number[]] = [[], []];
  /** Of the layout: tiles in a row, the height of a row, the side of a picture in the screen's pixels. */
  let [columns, pitch, side, tallest] = [0, 1, 1, 0];
  /** The filter whose tile has the keyboard's focus. */
  let focused: number | undefined;
  let told = "";
  /** How far the view is scrolled, whether it is out of the page at present, and whether the choice moved meanwhile. */
  let [top, away, moved] = [0, false, false];
  let [held, waits] = [false, false];

  const key = () => `${state?.layer}|${state?.kind}`;
  const rowOf = (filter: number) => Math.floor((places[filter] ?? 0) / columns);
  const rowCount = () => Math.ceil(order.length / Math.max(1, columns));

  function arrange() {
    waits = false;
    order = head.order();
    places = [];
    order.forEach((filter, place) => (places[filter] = place));
  }

  /** The rows from the first to the last that are seen at least in part. */
  function seen(): [first: number, last: number] {
    const last = Math.floor((view.scrollTop + view.clientHeight - 1) / pitch);
    return [Math.floor(view.scrollTop / pitch), Math.min(rowCount() - 1, last)];
  }

  /** Scrolls no further than needed for the whole of the chosen tile, or, where it is out of view, to the middle. */
  function reveal(middle = false) {
    if (!columns) return;
    const [from, height] = [rowOf(chosen) * pitch, view.clientHeight];
    if (from >= view.scrollTop && from + pitch <= view.scrollTop + height) return;
    if (middle) view.scrollTop = from - Math.max(0, height - pitch) / 2;
    else view.scrollTop = from < view.scrollTop ? from : Math.min(from, from + pitch - height);
  }

  function measure() {
    if (!state || signal.aborted) return;
    if (!grid.clientWidth) return void (away = true);
    if (away) {
      view.scrollTop = top; // a view that is taken out of the page forgets it
      if (moved) reveal(true);
      away = moved = false;
    }
    const [highest, lowest] = seen();
    const wasInView = columns > 0 && rowOf(chosen) >= highest && rowOf(chosen) <= lowest;
    top = view.scrollTop;
    const first = order[Math.floor(top / pitch) * columns];
    const rest = top % pitch;
    side = Math.max(1, Math.round((probe.firstElementChild as HTMLElement).clientWidth * devicePixelRatio));
    const fitting = Math.max(1, Math.floor(grid.clientWidth / probe.offsetWidth));
    if (fitting !== columns || probe.offsetHeight !== pitch) {
      const [before, focus] = [columns, focused];
      [columns, pitch, tallest] = [fitting, Math.max(1, probe.offsetHeight), 0];
      grid.style.setProperty("--columns", String(columns));
      rows.clear();
      focused = focus; // it went with its element
      stretch();
      // What was at the top stays there; a choice that was seen stays in sight.
      if (before && first !== undefined) view.scrollTop = rowOf(first) * pitch + Math.min(rest, pitch - 1);
      if (!before || wasInView) reveal(!before);
    } else stretch();
    draw();
  }

  /** The area is as high as the largest layer so far needs, within bounds, so that the next one moves little. */
  function stretch() {
    const whole = rowCount() * pitch;
    grid.style.height = `${whole}px`;
    tallest = Math.max(tallest, whole);
    view.style.setProperty("--whole", `${tallest}px`);
    grid.setAttribute("aria-rowcount", String(rowCount()));
    grid.setAttribute("aria-colcount", String(Math.min(columns, order.length)));
  }

  function draw() {
    if (!columns || !state || !view.clientHeight) return;
    const focus = focused;
    const [first, last] = seen();
    const needed = new Set<number>();
    const end = Math.min(rowCount() - 1, last + BEYOND);
    for (let row = Math.max(0, first - BEYOND); row <= end; row += 1) needed.add(row);
    // The keyboard enters at the chosen one, and the focus is lost with its element.
    if (order.length) for (const filter of [chosen, focus ?? chosen]) needed.add(rowOf(filter));
    rows.draw(needed, columns, pitch, (cell, place) => fill(cell, order[place]));
    const tile = rows.cells().find(({ filter }) => filter !== undefined && filter === focus)?.element;
    if (tile !== (grid.getRootNode() as Document | ShadowRoot).activeElement) tile?.focus({ preventScroll: true });
    tell(first, last);
  }

  function fill(cell: Cell, filter: number | undefined) {
    if (!state) return;
    cell.show(filter, filter === undefined ? [] : about(state, filter), filter === chosen);
    if (filter === undefined) return;
    const sprite = sprites.image(key(), Math.floor(filter / state.page));
    cell.picture.show(sprite, filter % state.page, state, side);
  }

  function tell(first: number, last: number) {
    if (!state || !connected) return;
    const { page, kind, kinds } = state;
    const pages = ([[first, last], [last + 1, last + BEYOND], [first - BEYOND, first - 1]] as const)
      .flatMap(([from, to]) => order.slice(Math.max(0, from * columns), Math.max(0, (to + 1) * columns)))
      .map((filter) => Math.floor(filter / page));
    const cannotBe = kinds.some(([each, , why]) => each === kind && why);
    const missing = cannotBe ? [] : sprites.missing(key(), pages);
    const now = JSON.stringify([key(), ...missing]);
    if (now === told) return;
    told = now;
    actions.want(key(), missing);
  }

  /** By the user's own hand. */
  function choose(filter: number, scrolls: boolean) {
    chosen = filter;
    if (focused !== undefined) focused = filter;
    if (scrolls) reveal();
    draw();
    actions.choose(filter);
  }

  function filterAt(target: EventTarget | null): number | undefined {
    const tile = target instanceof Element ? target.closest("[role=gridcell]") : null;
    return rows.cells().find((cell) => cell.element === tile)?.filter;
  }

  grid.addEventListener("focusin", (event) => (focused = filterAt(event.target)), on);
  grid.addEventListener("focusout", () => (focused = undefined), on);
  // The focus comes with the click, not before: it is where the choice is.
  grid.addEventListener("mousedown", (event) => event.button === 0 && event.preventDefault(), on);
  grid.addEventListener("click", (event) => {
    const filter = filterAt(event.target);
    if (filter === undefined || !connected) return;
    focused = filter;
    choose(filter, false);
    actions.open?.(filter);
  }, on);
  grid.addEventListener("keydown", (event) => {
    const filter = filterAt(event.target);
    if (filter === undefined || !connected || event.altKey || event.metaKey || event.shiftKey) return;
    const layout = { count: order.length, columns, seen: Math.max(1, Math.floor(view.clientHeight / pitch)) };
    const place = goal(event.key, event.ctrlKey, places[filter] ?? 0, layout);
    if (place === undefined) return;
    event.preventDefault();
    const next = order[place];
    if (next === undefined) return;
    choose(next, true);
    if (event.key === "Enter" || event.key === " ") actions.open?.(next);
  }, on);

  // An order that changes of itself waits until the hand has gone: a click means what was there when it began.
  grid.addEventListener("pointerdown", () => {
    held = true;
    const over = new AbortController();
    const release = () => {
      over.abort();
      setTimeout(() => { // after the click
        held = false;
        if (!waits || signal.aborted) return;
        arrange();
        draw();
      });
    };
    const until = { capture: true, signal: AbortSignal.any([over.signal, signal]) };
    for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, release, until);
  }, on);

  view.addEventListener("scroll", () => {
    if (!view.clientHeight) return; // out of the page by now, where it stands at 0
    top = view.scrollTop;
    draw();
  }, { signal, passive: true });
  window.addEventListener("resize", measure, on); // also when the page is zoomed
  const observer = new ResizeObserver(measure);
  for (const each of [view, probe]) observer.observe(each);
  signal.addEventListener("abort", () => observer.disconnect());

  return {
    element: root,
    head: head.element,
    show(next, filter) {
      const before = state;
      const isNew = before?.layer !== next.layer || before.filters !== next.filters;
      const isMoved = filter !== chosen;
      [state, chosen] = [next, filter];
      if (focused !== undefined && (isNew || isMoved)) focused = filter;
      sprites.keep(key());
      head.show(next, isNew);
      grid.setAttribute("aria-label", `Filters of layer ${next.layer}`);
      if (caption.textContent !== next.words) caption.textContent = next.words;
      if (isNew) arrange();
      else if (!same(ordersOf(before).map(({ values }) => values), ordersOf(next).map(({ values }) => values))) {
        if (held) waits = true;
        else arrange();
      }
      if (!columns) return measure();
      if (!view.clientHeight) moved ||= isNew || isMoved;
      if (isNew) {
        stretch();
        view.scrollTop = top = 0;
      }
      if (isNew || isMoved) reveal(isNew);
      draw();
    },
    sprite(of, page, source) {
      if (!state || of !== key()) return Promise.resolve(false);
      const arrived = sprites.add(of, page, source);
      draw();
      return arrived;
    },
    sort: head.sort,
    forget() {
      sprites.clear();
      told = "";
      queueMicrotask(() => signal.aborted || draw()); // what is shown next may be of another layer
    },
    enabled(next) {
      if (next && !connected) told = ""; // another kernel has not heard it
      connected = next;
      head.enabled(connected);
      if (connected) grid.removeAttribute("aria-disabled");
      else grid.setAttribute("aria-disabled", "true");
      draw();
    },
  };
}
