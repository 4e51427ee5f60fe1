// Play and pause: the epochs one after the other, to the last.
import { availability } from "./available";
import { element } from "../base/dom";

export const PACE = 600;

/** `step` goes one on and says whether there is more; `rewind` begins anew at the end. */
export function playButton(step: () => boolean, rewind: () => void, signal: AbortSignal) {
  const button = element("button", { type: "button", className: "filterviz-button", title: "Show the epochs one after the other" });
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
    timer = window.setInterval(() => step() || pause(), PACE);
    draw();
  }, { signal });
  signal.addEventListener("abort", pause);
  draw();
  return { element: button, pause, ...availability([button]) };
}
