// The time line: the activation's curve, along which the picture is seen as it was at every iteration.
import { element } from "../base/dom";
import type { Values } from "../base/pieces";
import { same } from "../base/same";
import { ends, grouped, readable } from "../base/scale";

/** The picture at an iteration, as a data URL. */
export type FilmFrame = readonly [iteration: number, source: string];

export interface TimeLine {
  element: HTMLElement;
  /**
   * Draws the values so far; null stands for one that is not a number. `total` is the last iteration to come.
   * Without values the curve before stays, pale, until there are some. `isMoved` says that they were measured on the
   * image as the model saw it, moved, blurred or smaller: a dashed line, whose end alone is of the picture shown.
   * Other values than before are those of a run that is on, at whose end the thumb stands.
   */
  show(values: Values, total: number, isMoved?: boolean): void;
  /**
   * The frames that can be looked at, by rising iteration; the last is the finished picture's, [] stands for none.
   * Other frames than before take the thumb to the end. Those that go further than the curve are of another run.
   */
  film(frames: readonly FilmFrame[]): void;
}

const SVG = "http://www.w3.org/2000/svg";
/** The plot's height is that of the style sheet, in pixels; its width is stretched. */
const [WIDTH, HEIGHT, MARGIN] = [300, 72, 10];
/** The part of the plot, from its edge, where the words at the ends of the axis of values stand. */
const CORNER: [width: number, height: number] = [0.2, 0.35];

/** Frames a second; who wants less motion and plays still wants to see them all. */
const [PACE, CALM] = [12, 3];
const [TRIANGLE, BARS] = ["M3 1.5V10.5L10.5 6Z", "M2.5 1.5H5V10.5H2.5ZM7 1.5H9.5V10.5H7Z"];

const DASHED = "Dashed: of the image as the model saw it in each iteration, moved or smaller. "
  + "The end: of the picture as it is.";
const COMING = "The frames come when the picture is finished";
const LOOK = "Drag to see the picture as it was at an iteration";
const RUN = "Show the picture at one iteration after the other";

/** `look` is told which frame is to be seen; null for what is at the end, the picture that is live or finished. */
export function timeLine(name: string, look: (at: FilmFrame | null) => void, signal: AbortSignal): TimeLine {
  const shape = (kind: string) => {
    const made = document.createElementNS(SVG, "path");
    made.setAttribute("class", `filterviz-${kind}`);
    return made;
  };
  const drawing = (width: number, height: number, ...parts: Node[]) => {
    const made = document.createElementNS(SVG, "svg");
    made.setAttribute("viewBox", `0 0 ${width} ${height}`);
    made.setAttribute("aria-hidden", "true");
    made.append(...parts);
    return made;
  };
  const [line, area, dot, ring] = [shape("line"), shape("time-area"), shape("dot"), shape("time-ring")];
  const icon = document.createElementNS(SVG, "path");
  const title = document.createElementNS(SVG, "title");
  const [below, above] = [drawing(WIDTH, HEIGHT, title, area, line), drawing(WIDTH, HEIGHT, ring, dot)];
  for (const each of [below, above]) each.setAttribute("preserveAspectRatio", "none");
  below.removeAttribute("aria-hidden");
  below.setAttribute("role", "img");
  below.setAttribute("aria-label", `${name}: no values yet`);

  const play = element("button", { type: "button", className: "filterviz-time-play" }, {}, drawing(12, 12, icon));
  // The plot's accessible name and what the slider says have all these words.
  const words = (part: string) => element("span", { className: `filterviz-time-${part}` }, { "aria-hidden": "true" });
  const [which, figure, high, low, start, end] =
    [words("which"), words("figure"), words("high"), words("low"), words("start"), words("end")];
  const range = element("input", { type: "range", className: "filterviz-time-range", min: "0", max: "1", step: "1" },
    { "aria-label": "Iteration", "aria-valuetext": "no values yet" });
  const plot = element("div", { className: "filterviz-time-plot" }, {}, below,
    element("div", { className: "filterviz-time-veil" }), element("div", { className: "filterviz-time-cursor" }),
    high, low, above, range);
  const grid = element("div", { className: "filterviz-time-grid" }, {}, play,
    element("span", { className: "filterviz-time-name", textContent: name }, { "aria-hidden": "true" }),
    element("span", { className: "filterviz-time-now" }, {}, which, figure), plot, start, end);
  const root = element("div", { className: "filterviz-time" }, {}, grid);

  let [values, total]: [Values, number] = [[], 0];
  let frames: readonly FilmFrame[] = [];
  let at: FilmFrame | null = null;
  let [bottom, top] = [0, 0];
  let [isStale, isMoved] = [false, false];
  let hold: AbortController | undefined;
  let timer: number | undefined;

  const span = () => Math.max(1, total);
  const x = (index: number) => (index / span()) * WIDTH;
  const y = (value: number) =>
    top > bottom ? HEIGHT - MARGIN - ((value - bottom) / (top - bottom)) * (HEIGHT - 2 * MARGIN) : HEIGHT / 2;
  const point = (value: number, index: number) => `${x(index).toFixed(2)} ${y(value).toFixed(2)}`;
  const finite = (value: number | null | undefined): value is number => typeof value === "number";
  const isReady = () => !isStale && frames.length > 1 && (frames.at(-1)?.[0] ?? 0) < values.length;
  const place = () => at?.[0] ?? Math.max(0, values.length - 1);

  function drawCurve() {
    const numbers = values.filter(finite);
    [bottom, top] = [Math.min(...numbers), Math.max(...numbers)];
    let [path, filled] = ["", ""];
    values.forEach((value, index) => {
      if (!finite(value)) return;
      const [goesOn, isLast] = [finite(values[index - 1]), !finite(values[index + 1])];
      const here = point(value, index);
      // A value without neighbours is a dot.
      path += goesOn ? `L${here}` : `M${here}${isLast ? "h0" : ""}`;
      filled += `${goesOn ? "" : `M${x(index).toFixed(2)} ${HEIGHT}`}L${here}${isLast ? `V${HEIGHT}Z` : ""}`;
    });
    line.setAttribute("d", path);
    area.setAttribute("d", filled);
    line.classList.toggle("filterviz-moved", isMoved);
    title.textContent = isMoved ? DASHED : "";
    [low.textContent, high.textContent] = ends(bottom, top);
    // Each stands where a curve that rises leaves room for it, or else opposite.
    high.classList.toggle("filterviz-time-right", isTaken(1, false) && !isTaken(1, true));
    low.classList.toggle("filterviz-time-right", !isTaken(0, true) || isTaken(0, false));
    start.textContent = "0";
    end.textContent = `${grouped(total)} ${total === 1 ? "iteration" : "iterations"}`;
    const last = numbers.at(-1);
    below.setAttribute("aria-label", last === undefined ? `${name}: no number among the values`
      : `${name}${isMoved ? " of the moved image" : ""} over ${values.length - 1} iterations, `
        + `from ${readable(numbers[0] as number)} to ${readable(last)}`);
  }

  /** Whether the curve passes through a corner of the plot: at its lowest (0) or highest (1) values, left or right. */
  function isTaken(height: 0 | 1, isRight: boolean) {
    return values.some((value, index) => finite(value)
      && Math.abs((value - bottom) / (top - bottom) - height) < CORNER[1]
      && Math.abs(index / span() - Number(isRight)) < CORNER[0]);
  }

  function drawThumb() {
    const iteration = place();
    const value = values[iteration];
    const figures = finite(value) ? readable(value) : "no number";
    plot.style.setProperty("--share", String(Math.min(1, iteration / span())));
    for (const each of [ring, dot]) each.setAttribute("d", finite(value) ? `M${point(value, iteration)}h0` : "");
    which.textContent = values.length ? `iteration ${grouped(iteration)} · ` : "";
    figure.textContent = values.length ? figures : "";
    range.max = String(span());
    // A thumb under a hand is where the hand is, not where the frame is that it shows.
    if (!hold) range.value = String(iteration);
    range.setAttribute("aria-valuetext", values.length
      ? `iteration ${grouped(iteration)} of ${grouped(total)}, ${name.toLowerCase()} ${figures}` : "no values yet");
  }

  function drawState() {
    const [ready, plays] = [isReady(), timer !== undefined];
    plot.classList.toggle("filterviz-stale", isStale);
    plot.classList.toggle("filterviz-time-ready", ready);
    range.disabled = !ready;
    range.title = [ready ? LOOK : COMING, isMoved ? DASHED : ""].filter(Boolean).join("\n");
    // aria-disabled instead of disabled: a button that is pressed must not lose the keyboard's focus.
    play.setAttribute("aria-disabled", String(!ready));
    play.setAttribute("aria-label", plays ? "Pause" : "Play");
    play.title = !ready ? COMING : plays ? "Stay at this iteration" : RUN;
    icon.setAttribute("d", plays ? BARS : TRIANGLE);
    for (const part of [range, play]) {
      if (ready) part.removeAttribute("aria-description");
      else part.setAttribute("aria-description", COMING);
    }
  }

  /** Goes to a frame; the last one is what is at the end. */
  function go(index: number) {
    const next = index < frames.length - 1 ? frames[Math.max(0, index)] ?? null : null;
    const isNew = next !== at;
    at = next;
    drawThumb();
    if (isNew) look(at);
  }

  const toEnd = () => go(frames.length - 1);
  const current = () => (at ? frames.indexOf(at) : frames.length - 1);

  function pause() {
    clearInterval(timer);
    timer = undefined;
    drawState();
  }

  function step() {
    go(current() + 1);
    if (!at) pause();
  }

  function release() {
    if (!hold) return;
    hold.abort();
    hold = undefined;
    drawThumb();
  }

  const on = { signal };
  play.addEventListener("click", () => {
    if (timer !== undefined) return pause();
    if (!isReady()) return;
    if (!at) go(0);
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    timer = window.setInterval(step, 1000 / (isCalm ? CALM : PACE));
    drawState();
  }, on);
  range.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || hold) return;
    pause();
    hold = new AbortController();
    // The hand may leave the plot anywhere in the window.
    for (const kind of ["pointerup", "pointercancel"])
      window.addEventListener(kind, release, { capture: true, signal: AbortSignal.any([hold.signal, signal]) });
  }, on);
  for (const kind of ["change", "blur"]) range.addEventListener(kind, release, on);
  range.addEventListener("input", () => {
    if (timer !== undefined) pause();
    const wanted = range.valueAsNumber;
    const index = frames.filter(([iteration]) => iteration <= wanted).length - 1;
    // A key leads to the next frame, however many iterations it is away.
    go(!hold && wanted > place() ? Math.max(index, current() + 1) : index);
  }, on);
  signal.addEventListener("abort", () => clearInterval(timer));
  drawState();

  return {
    element: root,
    show(next, last, moved = false) {
      const isNew = !same(next, isStale ? [] : values);
      isStale = next.length === 0;
      if (!isStale) {
        [values, total, isMoved] = [next, last, moved];
        drawCurve();
      }
      if (isNew) {
        toEnd();
        pause();
      } else {
        drawThumb();
        drawState();
      }
    },
    film(next) {
      if (same(next, frames)) return;
      frames = next;
      toEnd();
      pause();
    },
  };
}
