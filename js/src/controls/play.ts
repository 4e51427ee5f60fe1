// Play and pause: epochs or slices one after the other.
import { availability } from "./available";
import { element } from "../base/dom";

export const PACE = 600;

const EPOCHS = { title: "Show the epochs one after the other", pace: PACE };

/** `step` goes one on and says whether there is more; `rewind` begins anew at the end. */
export function playButton(step: () => boolean, rewind: () => void, signal: AbortSignal, { title, pace } = EPOCHS) {
  const button = element("button", { type: "button", className: "filterviz-button", title });
  let timer: number | undefined;

  function draw() {
    button.textContent = timer === undefined ? "Play" : "Pause";
  }

  function pause() {
    clearInterval(timer);
    timer = undefined;
    draw();
  }

  button.addEventListener("click", () => {
    if (timer !== undefined) return pause();
    rewind();
    timer = window.setInterval(() => step() || pause(), pace);
    draw();
  }, { signal });
  signal.addEventListener("abort", pause);
  draw();
  return { element: button, pause, ...availability([button]) };
}
