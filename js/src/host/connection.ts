// Whether somebody listens: a kernel that is gone, or does not answer, must not look like a slow one.
import type { Traits } from "./explorer_traits";

/** "silent": nothing came back for a while. "lost": the host says that the kernel is gone, or refuses to send. */
export type Connection = "live" | "silent" | "lost";

/** How long an answer may take, in milliseconds; the first frame takes a hundredth of it. */
export const PATIENCE = 4000;

/** Some of these change whenever the kernel has heard of a changed setting. */
const ANSWERS: (keyof Traits & string)[] = ["status", "shown", "image", "iteration", "activations", "error"];

/** What of a host's model is needed here. */
interface Events {
  on(name: string, act: () => void): void;
  off(name: string, act: () => void): void;
}

/**
 * Calls `changed` whenever the state is another one. `busy` says that the kernel is known to be at work; a change of any
 * of the traits `answers` comes from it.
 */
export function connection(model: Events, busy: () => boolean, changed: (state: Connection) => void, signal: AbortSignal,
  answers: readonly string[] = ANSWERS) {
  let state: Connection = "live";
  let timer: number | undefined;

  function become(next: Connection) {
    clearTimeout(timer);
    if (next === state) return;
    state = next;
    changed(state);
  }

  const answered = () => become("live");
  // JupyterLab and its relatives tell of a restart or shutdown by this event, and lend the view as `this`.
  function followHost(this: { model?: { comm_live?: boolean } } | undefined) {
    become(this?.model?.comm_live === true ? "live" : "lost");
  }

  const events: [string, () => void][] = [
    ...answers.map((name): [string, () => void] => [`change:${name}`, answered]),
    ["comm_live_update", followHost],
  ];
  for (const [name, act] of events) model.on(name, act);
  signal.addEventListener("abort", () => {
    clearTimeout(timer);
    for (const [name, act] of events) model.off(name, act);
  });

  return {
    /** To be called after each save. */
    asked() {
      clearTimeout(timer);
      if (state === "live") timer = window.setTimeout(() => busy() || become("silent"), PATIENCE);
    },
    lost: () => become("lost"),
  };
}
