// Which slice of a volume, or which frame, is looked at: a slider, and a button that plays them over and over.
import { element } from "../base/dom";
import { linear } from "../base/scale";
import type { Slices } from "../base/slices";
import { playButton } from "./play";
import { slider } from "./slider";

/** Milliseconds for which a slice is seen while they are played. */
export const SLICE_PACE = 200;

export interface SliceControl extends Slices {
  element: HTMLElement;
  /** Says how many slices there are; one hides the control. */
  offer(count: number): void;
}

export function sliceControl(signal: AbortSignal): SliceControl {
  const acts: (() => void)[] = [];
  let [at, of] = [0, 1];

  function go(wanted: number) {
    at = wanted;
    thumb.show(at);
    acts.forEach((act) => act());
  }

  const thumb = slider({
    name: "Slice",
    title: "Which slice, or frame, of the volume is shown, counted from 0",
    changed(wanted) {
      play.pause();
      go(wanted);
    },
    released() {},
    describe: (value) => `slice ${value} of ${of}`,
  }, signal);
  const play = playButton(() => {
    go((at + 1) % of);
    return true;
  }, () => undefined, signal, { title: "Show the slices one after the other, over and over", pace: SLICE_PACE });
  const root = element("div", { className: "filterviz-slices", hidden: true }, { role: "group", "aria-label": "Slices" });

  return {
    element: root,
    get at() {
      return at;
    },
    get of() {
      return of;
    },
    follow(act) {
      acts.push(act);
      act();
    },
    offer(count) {
      if (count === of) return;
      play.pause();
      of = count;
      root.hidden = count < 2;
      root.replaceChildren(...(count < 2 ? [] : [element("div", { className: "filterviz-controls" }, {}, thumb.element), play.element]));
      thumb.range(linear(0, count - 1), [0, count - 1], true);
      go(count >> 1);
    },
  };
}
