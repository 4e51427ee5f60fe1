// A position that is chosen by keys, as a click on a picture does it: arrows lead from one to the next, Enter frees it.
import { element } from "../base/dom";
import type { FieldState } from "../base/data";
import type { Slices } from "../base/slices";
import type { Look, Spot } from "./spots";

/** Where there is something to choose. */
export interface Positions {
  /** The first and the last row, as one slice of a volume has them. */
  rows: readonly [first: number, last: number];
  columns: number;
  /** Where it begins. */
  from: Spot;
}

/** Those of the slice that is looked at, from its middle on; undefined where there are none. */
export function fieldPositions({ rows = [], columns = [] }: FieldState, { at, of }: Pick<Slices, "at" | "of">): Positions | undefined {
  const count = rows.length / of;
  if (!count || !columns.length) return undefined;
  return { rows: [at * count, (at + 1) * count - 1], columns: columns.length, from: { row: at * count + (count >> 1), column: columns.length >> 1 } };
}

const STEPS: Record<string, readonly [down: number, across: number]> = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
};
const HELP = "Arrow keys choose a position, Enter frees it";
const within = (place: number, [first, last]: readonly [number, number]) => Math.min(last, Math.max(first, place));

/**
 * Lets `target` be steered; `say` has the words for a position. Returns what a screen reader hears as the keys move:
 * not what the mouse does, which would never come to an end.
 */
export function positionKeys(
  target: HTMLElement, name: string, looks: Look, positions: () => Positions | undefined, say: (spot: Spot) => string, signal: AbortSignal,
): HTMLElement {
  const spoken = element("span", { className: "filterviz-spoken" }, { role: "status" });
  // Screen readers hand the arrows of an application on; those of a picture they keep to themselves.
  for (const [attribute, value] of Object.entries({ role: "application", "aria-label": name, "aria-description": HELP, "data-keys": "arrows" }))
    target.setAttribute(attribute, value);
  target.tabIndex = 0;
  target.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const [step, known] = [STEPS[event.key], positions()];
    const isPress = event.key === "Enter" || event.key === " ";
    if (!known || !(step || isPress)) return;
    event.preventDefault();
    const { held } = looks;
    if (isPress && held) {
      looks.hold(undefined);
      spoken.textContent = "no position";
      return;
    }
    const [down, across] = held && step ? step : [0, 0];
    const { row, column } = held ?? known.from;
    const spot = { row: within(row + down, known.rows), column: within(column + across, [0, known.columns - 1]) };
    looks.hold(spot);
    spoken.textContent = say(spot);
  }, { signal });
  target.addEventListener("blur", () => (spoken.textContent = ""), { signal });
  return spoken;
}
