// Whether somebody listens: a kernel that is gone, or does not answer, must not look like a slow one.

/**
 * "live": somebody is there, or may still say so. "silent": the last question has no answer yet. "absent": nobody has
 * answered since this view came. "lost": the host says that the kernel is gone, or refuses to send. "prepared": there is
 * none, and the page itself answers for what was made beforehand.
 */
export type Connection = "live" | "silent" | "absent" | "lost" | "prepared";

/** How long an answer may take, in milliseconds; a kernel that is idle takes a hundredth of it. */
export const PATIENCE = 4000;

/** Whether there is nobody to hear of a control that is moved. */
export function rests(state: Connection): boolean {
  return state === "absent" || state === "lost";
}

/** Keeps the state, and calls `changed` whenever it is another one. */
export function connection(changed: (state: Connection) => void, signal: AbortSignal) {
  let state: Connection = "live";
  let greeting: number | undefined;
  let question: number | undefined;

  function become(next: Connection) {
    if (next === state || signal.aborted) return;
    state = next;
    changed(state);
  }

  function settle() {
    clearTimeout(greeting);
    clearTimeout(question);
    question = undefined;
  }

  signal.addEventListener("abort", settle);
  return {
    /** This view has said hello. */
    greeted() {
      greeting = window.setTimeout(() => become("absent"), PATIENCE);
    },
    /** A message has gone to the kernel. The first that is not answered counts, not the last of a long drag. */
    asked() {
      question ??= window.setTimeout(() => {
        question = undefined;
        if (state === "live") become("silent");
      }, PATIENCE);
    },
    /** The kernel has handled a message. */
    answered() {
      settle();
      become("live");
    },
    /** The kernel wrote something of its own accord: it is there, but that is no answer. */
    alive() {
      clearTimeout(greeting);
      if (rests(state)) become("live");
    },
    lost() {
      settle();
      become("lost");
    },
    prepared() {
      become("prepared");
    },
  };
}
