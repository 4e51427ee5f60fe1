// The sheet of a layer: small pictures of all its filters, of which the page holds those in sight only.
import type { SheetKind, SheetState } from "../base/data";
import { element, uniqueId } from "../base/dom";
import { same } from "../base/same";
import { readable } from "../base/scale";

export interface Sheet {
  element: HTMLElement;
  show(state: SheetState, filter: number): void;
  /** A sprite has come: the filters from `page * state.page` on. One whose `layer|kind` is not present is dropped. */
  sprite(key: string, page: number, source: string): void;
  /** Drops all sprites, as they are of another photo or of older weights; those in sight are wanted anew. */
  forget(): void;
  /** Whether a kernel is there. Without one nothing can be chosen; sorting and scrolling go on. */
  enabled(on: boolean): void;
}

export interface SheetActions {
  choose(filter: number): void;
  kind(kind: SheetKind): void;
  /** Which sprites are in sight, or nearly, and not there yet, nearest first; told whenever that changes. */
  want(key: string, pages: readonly number[]): void;
}

type Sort = "number" | "activation" | "selectivity";

interface Cell {
  element: HTMLElement;
  canvas: HTMLCanvasElement;
  number: Text;
  filter: number;
  /** What the canvas shows: of which image, at which place, how large. */
  drawn: readonly [image: HTMLImageElement | undefined, place: number, side: number];
}

interface Row {
  element: HTMLElement;
  cells: Cell[];
}

interface Sprite {
  /** The one that came last, and the one that is shown until that can be. */
  latest: HTMLImageElement;
  image?: HTMLImageElement;
}

/** Rows beyond each edge of what is seen. */
const BEYOND = 2;
/** Layers and kinds whose sprites are kept. */
const KEPT = 3;
const MISSING: Record<Sort, string> = {
  number: "",
  activation: "There is no photo, so no activation on it",
  selectivity: "The selectivity of this layer's filters is not known",
};

export function sheet(actions: SheetActions, signal: AbortSignal): Sheet {
  const on = { signal };
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
    arrange();
    // An order by size is wanted for its beginning.
    if (wanted === "number") reveal(true);
    else view.scrollTop = 0;
    draw();
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
    if (event.key === "Escape" && (search.value || search.validity.badInput)) {
      event.stopPropagation(); // the next one leaves the box
      search.value = "";
      explain("");
    }
    if (event.key !== "Enter" || !(search.value || search.validity.badInput)) return;
    const typed = search.valueAsNumber;
    const last = (state?.filters ?? 0) - 1;
    if (!Number.isInteger(typed) || typed < 0 || typed > last) return explain(last < 0 ? "No filters" : `0 to ${last}`);
    search.select();
    choose(typed, true);
  }, on);

  const field = (name: string, ...parts: HTMLElement[]) =>
    element("label", { className: "filterviz-sheet-field" }, {}, element("span", { textContent: name }), ...parts);
  const caption = element("div", { className: "filterviz-sheet-words" });
  // As large as any other tile, and never seen: the style sheet says how large that is.
  const probe = element("div", { className: "filterviz-sheet-cell filterviz-sheet-probe" }, { "aria-hidden": "true" },
    element("canvas"), "0");
  const grid = element("div", { className: "filterviz-sheet-grid" }, { role: "grid" });
  const view = element("div", { className: "filterviz-sheet-view" }, {}, grid, probe);
  const root = element("div", { className: "filterviz-sheet" }, {},
    element("div", { className: "filterviz-sheet-head" }, {}, field("Show", kinds), field("Sort", sorts),
      element("div", { className: "filterviz-sheet-find" }, {}, field("Filter number", search), hint)),
    view, caption);

  let state: SheetState | undefined;
  let connected = true;
  let chosen = 0;
  /** The order that was chosen: where its numbers are missing, it is that by number until they come. */
  let wanted: Sort = "number";
  /** The filters in the order of the sheet, and the place of each in it. */
  let [order, places]: [number[], number[]] = [[], []];
  /** Of the layout: tiles in a row, the height of a row, the side of a picture in the screen's pixels. */
  let [columns, pitch, side, tallest] = [0, 1, 1, 0];
  const rows = new Map<number, Row>();
  const sprites = new Map<string, Map<number, Sprite>>();
  const cut = element("canvas");
  /** The filter whose tile has the keyboard's focus. */
  let focused: number | undefined;
  let told = "";
  /** How far the view is scrolled, whether it is out of the page at present, and whether the choice moved meanwhile. */
  let [top, away, moved] = [0, false, false];
  let [held, waits] = [false, false];

  const key = () => `${state?.layer}|${state?.kind}`;
  const rowOf = (filter: number) => Math.floor((places[filter] ?? 0) / columns);
  const cellOf = (filter: number) =>
    rows.get(rowOf(filter))?.cells.find((cell) => cell.filter === filter && !cell.element.hidden)?.element;
  const rowCount = () => Math.ceil(order.length / Math.max(1, columns));

  function known(sort: Sort): readonly (number | null)[] {
    return (sort === "activation" ? state?.activations : sort === "selectivity" ? state?.selectivity : undefined) ?? [];
  }

  function arrange() {
    waits = false;
    const values = known(wanted);
    order = Array.from({ length: state?.filters ?? 0 }, (_, filter) => filter);
    const size = (filter: number) => values[filter] ?? -Infinity;
    // Two that are not known are equal; sorting keeps the order of equals, here that of the numbers.
    if (values.length) order.sort((one, other) => (size(one) === size(other) ? 0 : size(other) - size(one)));
    places = [];
    order.forEach((filter, place) => (places[filter] = place));
    sorts.value = values.length ? wanted : "number";
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
    const wasInView = columns > 0 && isInView();
    top = view.scrollTop;
    const first = order[Math.floor(top / pitch) * columns];
    const rest = top % pitch;
    side = Math.max(1, Math.round((probe.firstElementChild as HTMLElement).clientWidth * devicePixelRatio));
    const fitting = Math.max(1, Math.floor(grid.clientWidth / probe.offsetWidth));
    if (fitting !== columns || probe.offsetHeight !== pitch) {
      const [before, focus] = [columns, focused];
      [columns, pitch] = [fitting, Math.max(1, probe.offsetHeight)];
      tallest = 0;
      grid.style.setProperty("--columns", String(columns));
      for (const row of rows.values()) row.element.remove();
      rows.clear();
      focused = focus; // it went with its element
      stretch();
      // What was at the top stays there; a choice that was seen stays in sight.
      if (before && first !== undefined) view.scrollTop = rowOf(first) * pitch + Math.min(rest, pitch - 1);
      if (!before || wasInView) reveal(!before);
    } else stretch();
    draw();
  }

  function isInView() {
    const [first, last] = seen();
    const row = rowOf(chosen);
    return row >= first && row <= last;
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
    const free: Row[] = [];
    for (const [index, row] of rows) {
      if (needed.has(index)) continue;
      rows.delete(index);
      row.element.remove();
      free.push(row);
    }
    // The rows that stay are in their order, and are not touched: a focused element that is moved loses the focus.
    let at = grid.firstElementChild;
    for (const index of [...needed].sort((one, other) => one - other)) {
      const row = rows.get(index) ?? free.pop() ?? blankRow();
      fill(row, index);
      rows.set(index, row);
      if (row.element === at) at = at.nextElementSibling;
      else grid.insertBefore(row.element, at);
    }
    const cell = focus === undefined ? undefined : cellOf(focus);
    if (cell !== (grid.getRootNode() as Document | ShadowRoot).activeElement) cell?.focus({ preventScroll: true });
    tell(first, last);
  }

  function blankRow(): Row {
    const cells = Array.from({ length: columns }, (_, column): Cell => {
      const canvas = element("canvas", { width: side, height: side }, { "data-jp-suppress-context-menu": "" });
      const number = document.createTextNode("");
      const made = element("div", { className: "filterviz-sheet-cell" },
        { role: "gridcell", "aria-colindex": String(column + 1), tabindex: "-1" }, canvas, number);
      return { element: made, canvas, number, filter: -1, drawn: [undefined, 0, 0] };
    });
    const tiles = cells.map((cell) => cell.element);
    return { element: element("div", { className: "filterviz-sheet-row" }, { role: "row" }, ...tiles), cells };
  }

  function fill(row: Row, index: number) {
    put(row.element, "aria-rowindex", String(index + 1));
    const top = `${index * pitch}px`;
    if (row.element.style.top !== top) row.element.style.top = top;
    row.cells.forEach((cell, column) => {
      const filter = order[index * columns + column];
      if (cell.element.hidden !== (filter === undefined)) cell.element.hidden = filter === undefined;
      if (filter === undefined) return;
      if (cell.filter !== filter) cell.number.data = String(filter);
      cell.filter = filter;
      const words = [`Filter ${filter}`, ...(["activation", "selectivity"] as const).flatMap((name) => {
        const values = known(name);
        return values.length ? `${name} ${values[filter] == null ? "unknown" : readable(values[filter])}` : [];
      })];
      put(cell.element, "title", words.join(" · "));
      put(cell.element, "aria-label", words.join(", "));
      put(cell.element, "aria-selected", String(filter === chosen));
      put(cell.element, "tabindex", filter === chosen ? "0" : "-1");
      paint(cell);
    });
  }

  function paint(cell: Cell) {
    if (!state) return;
    const { tile, page } = state;
    const image = sprites.get(key())?.get(Math.floor(cell.filter / page))?.image;
    const place = cell.filter % page;
    const { canvas, drawn } = cell;
    if (drawn[0] === image && drawn[2] === side && (drawn[1] === place || !image)) return;
    cell.drawn = [image, place, side];
    if (canvas.width !== side) canvas.width = canvas.height = side;
    const context = canvas.getContext("2d");
    context?.clearRect(0, 0, side, side);
    if (!image || !context) return;
    const [x, y] = [(place % state.columns) * tile, Math.floor(place / state.columns) * tile];
    if (side % tile === 0) { // its pixels stay squares
      context.imageSmoothingEnabled = false;
      context.drawImage(image, x, y, tile, tile, 0, 0, side, side);
      return;
    }
    // Cut out first: what is made larger takes in a little of what is around it.
    if (cut.width !== tile) cut.width = cut.height = tile;
    const alone = cut.getContext("2d");
    alone?.clearRect(0, 0, tile, tile);
    alone?.drawImage(image, x, y, tile, tile, 0, 0, tile, tile);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(cut, 0, 0, side, side);
  }

  function tell(first: number, last: number) {
    if (!state || !connected) return;
    const { page, kind } = state;
    const there = sprites.get(key());
    const isThere = !state.kinds.some(([each, , why]) => each === kind && why);
    const pages = new Set<number>();
    const collect = (from: number, to: number) => {
      for (const filter of order.slice(Math.max(0, from * columns), Math.max(0, (to + 1) * columns))) {
        const each = Math.floor(filter / page);
        if (isThere && !there?.has(each)) pages.add(each);
      }
    };
    collect(first, last);
    collect(last + 1, last + BEYOND);
    collect(first - BEYOND, first - 1);
    const now = JSON.stringify([key(), ...pages]);
    if (now === told) return;
    told = now;
    actions.want(key(), [...pages]);
  }

  /** By the user's own hand. */
  function choose(filter: number, scrolls: boolean) {
    chosen = filter;
    if (focused !== undefined) focused = filter;
    if (scrolls) reveal();
    draw();
    actions.choose(filter);
  }

  const filterAt = (target: EventTarget | null): number | undefined => {
    const tile = target instanceof Element && target.closest("[role=gridcell]");
    if (!tile) return undefined;
    for (const row of rows.values()) for (const cell of row.cells) if (cell.element === tile) return cell.filter;
    return undefined;
  };

  grid.addEventListener("focusin", (event) => (focused = filterAt(event.target)), on);
  grid.addEventListener("focusout", () => (focused = undefined), on);
  // The focus comes with the click, not before: it is where the choice is.
  grid.addEventListener("mousedown", (event) => event.button === 0 && event.preventDefault(), on);
  grid.addEventListener("click", (event) => {
    const filter = filterAt(event.target);
    if (filter === undefined || !connected) return;
    focused = filter;
    choose(filter, false);
  }, on);
  grid.addEventListener("keydown", (event) => {
    const filter = filterAt(event.target);
    if (filter === undefined || !connected || event.altKey || event.metaKey || event.shiftKey) return;
    const place = goal(event.key, event.ctrlKey, places[filter] ?? 0);
    if (place === undefined) return;
    event.preventDefault();
    const next = order[place];
    if (next !== undefined) choose(next, true);
  }, on);

  /** Where a key leads from a place in the order. */
  function goal(pressed: string, control: boolean, from: number): number | undefined {
    const last = order.length - 1;
    const column = from % columns;
    const page = columns * Math.max(1, Math.floor(view.clientHeight / pitch));
    if (control) return pressed === "Home" ? 0 : pressed === "End" ? last : undefined;
    // A row below that is too short has its last tile for us.
    const down = (by: number) => (Math.floor(from / columns) === rowCount() - 1 ? from : Math.min(last, from + by));
    switch (pressed) {
      case "ArrowLeft": return Math.max(0, from - 1);
      case "ArrowRight": return Math.min(last, from + 1);
      case "ArrowUp": return from < columns ? from : from - columns;
      case "ArrowDown": return down(columns);
      case "Home": return from - column;
      case "End": return Math.min(last, from - column + columns - 1);
      case "PageUp": return from - page < 0 ? column : from - page;
      case "PageDown": return down(Math.min(page, column + (rowCount() - 1) * columns - from));
      case "Enter":
      case " ": return from;
      default: return undefined;
    }
  }

  // An order that changes of itself waits until the hand has gone: a click means what was there when it began.
  grid.addEventListener("pointerdown", () => {
    held = true;
    const release = () => setTimeout(() => { // after the click
      held = false;
      if (!waits || signal.aborted) return;
      arrange();
      draw();
    });
    const over = new AbortController();
    for (const kind of ["pointerup", "pointercancel"]) window.addEventListener(kind, () => {
      over.abort();
      release();
    }, { capture: true, signal: AbortSignal.any([over.signal, signal]) });
  }, on);

  view.addEventListener("scroll", () => {
    top = view.scrollTop;
    draw();
  }, { signal, passive: true });
  window.addEventListener("resize", measure, on); // also when the page is zoomed
  const observer = new ResizeObserver(measure);
  for (const each of [view, probe]) observer.observe(each);
  signal.addEventListener("abort", () => observer.disconnect());

  function head(before: SheetState | undefined) {
    if (!state) return;
    if (!same(before?.kinds, state.kinds)) kinds.replaceChildren(...state.kinds.map(([value, textContent, title]) =>
      element("option", { value, textContent, title, disabled: Boolean(title) })));
    kinds.value = state.kind;
    for (const option of sorts.options) {
      const sort = option.value as Sort;
      option.disabled = sort !== "number" && !known(sort).length;
      option.title = option.disabled ? MISSING[sort] : "";
    }
    search.max = String(state.filters - 1);
    grid.setAttribute("aria-label", `Filters of layer ${state.layer}`);
    if (caption.textContent !== state.words) caption.textContent = state.words;
  }

  /** The sprites of the present layer and kind, which become the last to be dropped. */
  function keep(): Map<number, Sprite> {
    const own = sprites.get(key()) ?? new Map<number, Sprite>();
    sprites.delete(key());
    sprites.set(key(), own);
    for (const each of [...sprites.keys()].slice(0, -KEPT)) sprites.delete(each);
    return own;
  }

  return {
    element: root,
    show(next, filter) {
      const before = state;
      const isNew = before?.layer !== next.layer || before.filters !== next.filters;
      const isMoved = filter !== chosen;
      state = next;
      chosen = filter;
      if (focused !== undefined && (isNew || isMoved)) focused = filter;
      keep();
      head(before);
      if (isNew) {
        explain("");
        arrange();
      } else if (!same([before.activations, before.selectivity], [next.activations, next.selectivity])) {
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
      if (!state || of !== key()) return;
      const image = Object.assign(new Image(), { src: source });
      const own = keep();
      const entry: Sprite = { ...own.get(page), latest: image };
      own.set(page, entry);
      const arrived = (decoded?: HTMLImageElement) => {
        if (signal.aborted || own.get(page)?.latest !== image) return;
        entry.image = decoded;
        draw();
      };
      // One that cannot be decoded leaves its tiles empty; asking again would bring the same.
      image.decode().then(() => arrived(image), () => arrived());
      draw();
    },
    forget() {
      sprites.clear();
      told = "";
      queueMicrotask(() => signal.aborted || draw()); // what is shown next may be of another layer
    },
    enabled(next) {
      if (next && !connected) told = ""; // another kernel has not heard it
      connected = next;
      kinds.disabled = search.disabled = !connected;
      if (connected) grid.removeAttribute("aria-disabled");
      else grid.setAttribute("aria-disabled", "true");
      draw();
    },
  };
}

/** Sets an attribute where it is another: what does not change costs nothing. */
function put(target: Element, name: string, value: string) {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}
