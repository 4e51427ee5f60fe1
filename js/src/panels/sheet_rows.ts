// The rows of a sheet: those that are needed are in the page, and their elements are used again.
import { element } from "../base/dom";
import { type SmallPicture, smallPicture } from "./sheet_sprites";

export interface Cell {
  element: HTMLElement;
  picture: SmallPicture;
  /** What it shows; none beyond the end of the last row. */
  readonly filter: number | undefined;
  /** `words` are what is known of the filter. */
  show(filter: number | undefined, words: readonly string[], isChosen: boolean): void;
}

export interface Rows {
  /** All tiles that are in the page. */
  cells(): Cell[];
  /** Puts the rows of these numbers into the page, and no others; `fill` says what is in a tile, by its place. */
  draw(needed: ReadonlySet<number>, columns: number, pitch: number, fill: (cell: Cell, place: number) => void): void;
  clear(): void;
}

interface Row {
  element: HTMLElement;
  cells: Cell[];
}

export function sheetRows(grid: HTMLElement): Rows {
  const cut = element("canvas");
  const rows = new Map<number, Row>();
  return {
    cells: () => [...rows.values()].flatMap((row) => row.cells),
    draw(needed, columns, pitch, fill) {
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
        const row = rows.get(index) ?? free.pop() ?? blankRow(columns, cut);
        put(row.element, "aria-rowindex", String(index + 1));
        const top = `${index * pitch}px`;
        if (row.element.style.top !== top) row.element.style.top = top;
        row.cells.forEach((cell, column) => fill(cell, index * columns + column));
        rows.set(index, row);
        if (row.element === at) at = at.nextElementSibling;
        else grid.insertBefore(row.element, at);
      }
    },
    clear() {
      for (const row of rows.values()) row.element.remove();
      rows.clear();
    },
  };
}

function blankRow(columns: number, cut: HTMLCanvasElement): Row {
  const cells = Array.from({ length: columns }, (_, column) => blankCell(column, cut));
  const tiles = cells.map((cell) => cell.element);
  return { element: element("div", { className: "filterviz-sheet-row" }, { role: "row" }, ...tiles), cells };
}

function blankCell(column: number, cut: HTMLCanvasElement): Cell {
  const [picture, number] = [smallPicture(cut), document.createTextNode("")];
  const tile = element("div", { className: "filterviz-sheet-cell" },
    { role: "gridcell", "aria-colindex": String(column + 1), tabindex: "-1" }, picture.canvas, number);
  let shown: number | undefined;
  return {
    element: tile,
    picture,
    get filter() {
      return shown;
    },
    show(filter, words, isChosen) {
      if (tile.hidden !== (filter === undefined)) tile.hidden = filter === undefined;
      if (shown !== filter) number.data = String(filter ?? "");
      shown = filter;
      if (filter === undefined) return;
      put(picture.canvas, "title", words.join(" · ")); // not on the tile, whose name it is
      put(tile, "aria-label", words.join(", "));
      put(tile, "aria-selected", String(isChosen));
      put(tile, "tabindex", isChosen ? "0" : "-1");
    },
  };
}

/** Sets an attribute where it is another: what does not change costs nothing. */
function put(target: Element, name: string, value: string) {
  if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}
