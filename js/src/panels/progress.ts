// The progress line: how far the run is, in a bar and in words, with Stop and Run again.
import { element } from "../base/dom";
import { grouped } from "../base/scale";

/** "disconnected": nobody is there who would go on. */
export type Status = "idle" | "compiling" | "running" | "done" | "cancelled" | "error" | "disconnected";

export interface Progress {
  element: HTMLElement;
  /** `result` is what came of it, such as "activation 6.02", for those who do not see it. */
  show(status: Status, iteration: number, total: number, layer: string, result?: string): void;
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

/** Milliseconds that a status lasts before screen readers hear of it: of many short runs only the last one counts. */
export const LASTS = 400;

export function progress(actions: { stop(): void; again(): void }, signal: AbortSignal): Progress {
  const fill = element("div", { className: "filterviz-fill" });
  const bar = element("div", { className: "filterviz-bar" },
    { role: "progressbar", "aria-label": "Iterations done", "aria-valuemin": "0" }, fill);
  const words = element("span", { className: "filterviz-words" });
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

  let [connected, running, announced]: [boolean, boolean, string | undefined] = [true, false, undefined];
  let timer: number | undefined;
  signal.addEventListener("abort", () => clearTimeout(timer));

  /** Screen readers hear of a change of status, not of every frame, and not of how it was when the view came. */
  function announce(status: Status, sentence: string) {
    if (status === "disconnected") return; // said elsewhere, with what to do
    if (announced === undefined) announced = sentence;
    if (sentence === announced) return;
    announced = sentence;
    spoken.textContent = "";
    clearTimeout(timer);
    // What went wrong is said elsewhere, too.
    if (status !== "error") timer = window.setTimeout(() => (spoken.textContent = sentence), LASTS);
  }

  const enable = () => {
    stop.setAttribute("aria-disabled", String(!(connected && running)));
    again.setAttribute("aria-disabled", String(!connected));
  };

  return {
    element: root,
    show(status, iteration, total, layer, result = "") {
      running = status === "compiling" || status === "running";
      enable();
      const compiling = status === "compiling";
      const word = WORDS[status];
      fill.style.width = `${(100 * Math.min(iteration, total)) / Math.max(1, total)}%`;
      bar.setAttribute("aria-valuemax", String(total));
      bar.setAttribute("aria-valuenow", String(iteration));
      root.dataset.status = status;
      words.textContent = compiling ? `Compiling ${layer}…` : `${word} · ${grouped(iteration)} of ${grouped(total)}`;
      announce(status, compiling ? `Compiling ${layer}` : status === "done" && result ? `${word}, ${result}` : word);
    },
    enabled(on) {
      connected = on;
      enable();
    },
  };
}
