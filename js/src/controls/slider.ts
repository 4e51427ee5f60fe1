// One row of the controls: a label, a slider and an editable number for the same value.
import { availability } from "./available";
import { element, uniqueId } from "../base/dom";
import { numberBox } from "./number";
import { readable, type Scale } from "../base/scale";

export interface SliderOptions {
  /** The accessible name, which is also the visible label. */
  name: string;
  title: string;
  /** Stands beside the label. */
  unit?: string;
  /** Called on every movement of the thumb and for every number entered. */
  changed(value: number): void;
  /** Called when the hand leaves the control. */
  released(): void;
  /** What a screen reader says instead of the bare number. */
  describe?(value: number): string;
}

export interface Slider {
  element: HTMLElement;
  /** Whether a hand is on the thumb. */
  readonly isHeld: boolean;
  /** Shows a value: at once, or when the hand leaves the thumb. */
  show(value: number): void;
  /** Changes, likewise, what the thumb reaches; the number box goes as far as `bounds`. */
  range(scale: Scale, bounds: [low: number, high: number], whole: boolean): void;
  /** Rests the control, with the reason; "" wakes it. */
  unavailable(reason: string): void;
  enabled(on: boolean): void;
}

export function slider(options: SliderOptions, signal: AbortSignal): Slider {
  const { name, title } = options;
  const id = uniqueId();
  const track = element("input", { type: "range", id, className: "filterviz-track", title });
  const box = numberBox(name, title, (typed) => {
    set(typed);
    options.released();
  }, signal);
  const label = element("label", { htmlFor: id, textContent: name, title });
  if (options.unit) {
    const unit = { className: "filterviz-unit", textContent: options.unit };
    label.append(" ", element("span", unit, { "aria-hidden": "true" })); // part of what the slider says
  }
  const row = element("div", { className: "filterviz-row" }, {}, label, track, box.input, box.hint);

  let scale: Scale | undefined;
  /** The one in force: what the hand has set or what has come since, whichever was later. */
  let value = 0;
  let hold: AbortController | undefined;
  /** A range that came while a hand was on the thumb, which must not move under it. */
  let next: (() => void) | undefined;

  function paint() {
    if (!scale) return;
    const position = Math.min(scale.max, Math.max(scale.min, scale.toPosition(value)));
    // A thumb under a hand is where the hand is, not where its rounded value would be.
    if (!hold) track.value = String(position);
    const share = scale.max > scale.min ? (position - scale.min) / (scale.max - scale.min) : 0;
    track.style.setProperty("--share", String(share));
    track.setAttribute("aria-valuetext", options.describe?.(value) ?? readable(value));
    box.show(value);
  }

  function set(wanted: number) {
    const isNew = wanted !== value;
    value = wanted;
    paint();
    if (isNew) options.changed(value);
  }

  const on = { signal };
  const release = () => {
    if (!hold) return;
    hold.abort();
    hold = undefined;
    next?.();
    next = undefined;
    paint();
    options.released();
  };
  track.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || hold) return;
    hold = new AbortController();
    // The hand may leave the thumb anywhere in the window.
    for (const kind of ["pointerup", "pointercancel"])
      window.addEventListener(kind, release, { capture: true, signal: AbortSignal.any([hold.signal, signal]) });
  }, on);
  for (const kind of ["change", "blur"]) track.addEventListener(kind, release, on);
  track.addEventListener("input", () => scale && set(scale.toValue(track.valueAsNumber)), on);

  return {
    element: row,
    get isHeld() {
      return hold !== undefined;
    },
    show(shown) {
      value = shown;
      if (!hold) paint();
    },
    range(wanted, bounds, whole) {
      box.range(bounds, whole);
      const apply = () => {
        scale = wanted;
        Object.assign(track, { min: String(scale.min), max: String(scale.max), step: String(scale.step) });
      };
      if (hold) next = apply;
      else {
        apply();
        paint();
      }
    },
    ...availability([track, box.input, label]),
  };
}
