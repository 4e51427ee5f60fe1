// Positions of a feature map, and what they see of the image: the same position is marked in every picture at once.
import { element } from "../base/dom";
import type { FieldState } from "../base/data";
import type { Slices } from "../base/slices";

/** A position of the feature map. */
export interface Spot {
  row: number;
  column: number;
}

/** A box in shares of the image's sides. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

const nearest = (places: readonly number[], at: number): number =>
  places.reduce((best, place, index) => (Math.abs(place - at) < Math.abs((places[best] ?? 0) - at) ? index : best), 0);

/** The position whose field has its middle nearest to a point, in shares of the image. */
export function spotAt(field: FieldState, x: number, y: number): Spot | undefined {
  const { centres, image } = field;
  if (!centres || !image) return undefined;
  return { row: nearest(centres[0], y * image[0]), column: nearest(centres[1], x * image[1]) };
}

/** What a position sees; undefined where it sees nothing, or there is no such position. */
export function boxOf(field: FieldState, spot: Spot): Box | undefined {
  const { image } = field;
  const [down, across] = [field.rows?.[spot.row], field.columns?.[spot.column]];
  if (!image || !down || !across || down[1] <= down[0] || across[1] <= across[0]) return undefined;
  const [height, width] = image;
  return {
    left: across[0] / width, top: down[0] / height,
    width: (across[1] - across[0]) / width, height: (down[1] - down[0]) / height,
  };
}

/** Such as "row 1, column 2 sees rows 16 to 31 and columns 32 to 47 of the image". */
export function wordsOf(field: FieldState, { row, column }: Spot): string {
  const span = ([first, behind]: readonly [number, number]) => (behind - first > 1 ? `s ${first} to ${behind - 1}` : ` ${first}`);
  const [down, across] = [field.rows?.[row], field.columns?.[column]];
  const sees = down && across ? ` sees row${span(down)} and column${span(across)} of the image` : "";
  return `row ${row}, column ${column}${sees}`;
}

/** Which position is looked at: by the mouse over any picture, or held by a click or the keyboard. */
export interface Look {
  hover(spot: Spot | undefined): void;
  hold(spot: Spot | undefined): void;
  readonly spot: Spot | undefined;
  readonly held: Spot | undefined;
  /** Calls `act` now and whenever another position is looked at. */
  follow(act: () => void): void;
}

export function look(): Look {
  const acts: (() => void)[] = [];
  let [hovered, held]: [Spot | undefined, Spot | undefined] = [undefined, undefined];
  const tell = () => acts.forEach((act) => act());
  return {
    hover(spot) {
      if (spot?.row === hovered?.row && spot?.column === hovered?.column) return;
      hovered = spot;
      tell();
    },
    hold(spot) {
      held = spot;
      tell();
    },
    get spot() {
      return hovered ?? held;
    },
    get held() {
      return held;
    },
    follow(act) {
      acts.push(act);
      act();
    },
  };
}

/**
 * Draws the box of the position over a picture that fills `frame`, and reads positions from the mouse there.
 * `rest` says which position is marked where none is looked at. Of a strip of slices the frame shows one.
 */
export function marked(
  frame: HTMLElement, looks: Look, field: () => FieldState, signal: AbortSignal, rest: () => Spot | undefined = () => undefined,
  slices: Pick<Slices, "at" | "of" | "follow"> = WHOLE,
): { draw(): void } {
  const mark = element("div", { className: "filterviz-mark-box", hidden: true }, { "aria-hidden": "true" });
  frame.classList.add("filterviz-marked");
  frame.append(mark);

  function spot(event: PointerEvent | MouseEvent) {
    const box = frame.getBoundingClientRect();
    const down = (slices.at + (event.clientY - box.top) / box.height) / slices.of;
    return spotAt(field(), (event.clientX - box.left) / box.width, down);
  }

  function draw() {
    const at = looks.spot ?? rest();
    const box = at && inSlice(boxOf(field(), at), slices);
    mark.hidden = !box;
    if (!box) return;
    const share = (part: number) => `${100 * part}%`;
    Object.assign(mark.style, { left: share(box.left), top: share(box.top), width: share(box.width), height: share(box.height) });
    mark.classList.toggle("filterviz-span", box.height >= 1 && box.width < 1); // of a signal
    mark.classList.toggle("filterviz-held", looks.spot === looks.held);
  }

  const on = { signal };
  frame.addEventListener("pointermove", (event) => looks.hover(spot(event)), on);
  frame.addEventListener("pointerleave", () => looks.hover(undefined), on);
  frame.addEventListener("click", (event) => {
    const at = spot(event);
    const again = at && looks.held?.row === at.row && looks.held.column === at.column;
    looks.hold(again ? undefined : at);
  }, on);
  looks.follow(draw);
  slices.follow(draw);
  return { draw };
}

const WHOLE = { at: 0, of: 1, follow: () => undefined };

/** A box in a strip of slices as the slice that is looked at has it: at the same place, whichever slice it is on. */
function inSlice(box: Box | undefined, { of }: Pick<Slices, "of">): Box | undefined {
  if (!box) return undefined;
  const down = box.top * of;
  return { ...box, top: down - Math.floor(down + 1e-9), height: box.height * of };
}
