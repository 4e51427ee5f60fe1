// The progress line: how far the run is, in a bar and in words, with Stop and Run again.
import { element } from "../base/dom";
import { grouped } from "../base/scale";

/** "disconnected": nobody is there who would go on. */
export type Status = "idle" | "compiling" | "running" | "done" | "cancelled" | "error" | "disconnected";

export interface Progress {
  element: HTMLElement;
  show(status: Status, iteration: number, total: number, layer: string): void;
  enabled(on: boolean): void;
}

const WORDS: Record<Status, string> = {
  idle: "Ready",
  compiling: "Compiling",
  running: "Running",
  done: "Done",
  cancelled: "Stopped",
  error: "Failed",
  disconnected: "Disconnected",
};

export function progress(actions: { stop(): void; again(): void }, signal: AbortSignal): Progress {
  const fill = element("div", { className: "filterviz-fill" });
  const bar = element("div", { className: "filterviz-bar" },
    { role: "progressbar", "aria-label": "Iterations done", "aria-valuemin": "0" }, fill);
  const words = element("span", { className: "filterviz-words" });
  // Screen readers hear of a change of status, not of every frame.
  const spoken = element("span", { className: "filterviz-spoken" }, { role: "status", "aria-live": "polite" });
  const button = (text: string, title: string, act: () => void) => {
    const made = element("button", { type: "button", textContent: text, title, className: "filterviz-button" });
    // aria-disabled instead of disabled: a button that is pressed must not lose the keyboard's focus.
    made.addEventListener("click", () => made.getAttribute("aria-disabled") !== "true" && act(), { signal });
    return made;
  };
  const stop = button("Stop", "Stop the run; the picture so far stays", actions.stop);
  const again = button("Run again", "Draw the picture anew, for example after more training", actions.again);
  const root = element("div", { className: "filterviz-progress" }, {}, bar, words, stop, again, spoken);

  let [connected, running, announced] = [true, false, ""];
  const enable = () => {
    stop.setAttribute("aria-disabled", String(!(connected && running)));
    again.setAttribute("aria-disabled", String(!connected));
  };

  return {
    element: root,
    show(status, iteration, total, layer) {
      running = status === "compiling" || status === "running";
      enable();
      const compiling = status === "compiling";
      const word = WORDS[status];
      fill.style.width = `${(100 * Math.min(iteration, total)) / Math.max(1, total)}%`;
      bar.setAttribute("aria-valuemax", String(total));
      bar.setAttribute("aria-valuenow", String(iteration));
      root.dataset.status = status;
      words.textContent = compiling ? `Compiling ${layer}…` : `${word} · ${grouped(iteration)} of ${grouped(total)}`;
      const sentence = compiling ? `Compiling ${layer}` : word;
      if (sentence !== announced) spoken.textContent = announced = sentence;
    },
    enabled(on) {
      connected = on;
      enable();
    },
  };
}
