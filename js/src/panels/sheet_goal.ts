// Where a key leads in a sheet: from a place in the order of its tiles to another.

export interface Layout {
  /** All tiles. */
  count: number;
  /** Tiles in a row. */
  columns: number;
  /** Rows that are seen at once, at least 1. */
  seen: number;
}

/** Undefined for a key that is none of the sheet's. `control` is whether it is pressed with Ctrl. */
export function goal(key: string, control: boolean, from: number, { count, columns, seen }: Layout): number | undefined {
  const last = count - 1;
  if (control) return key === "Home" ? 0 : key === "End" ? last : undefined;
  const column = from % columns;
  const lowest = Math.floor(last / columns) * columns + column;
  const up = (rows: number) => Math.max(column, from - rows * columns);
  // A last row that is too short has its last tile for us.
  const down = (rows: number) => Math.min(last, lowest, from + rows * columns);
  switch (key) {
    case "ArrowLeft": return Math.max(0, from - 1);
    case "ArrowRight": return Math.min(last, from + 1);
    case "ArrowUp": return up(1);
    case "ArrowDown": return down(1);
    case "Home": return from - column;
    case "End": return Math.min(last, from - column + columns - 1);
    case "PageUp": return up(seen);
    case "PageDown": return down(seen);
    case "Enter":
    case " ": return from;
    default: return undefined;
  }
}
