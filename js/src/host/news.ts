// Asks for what was lost on its way: some hosts drop, or keep back, what a kernel's background thread sends.

/**
 * What a message with traits says of itself: it holds everything that changed between the two numbers. On a slow link
 * it takes some milliseconds, and where a receipt is wanted the kernel waits for that before it sends much more.
 */
export type Told = readonly [since: number, number: number, asks: number, takes?: number, receipt?: boolean];

/** Milliseconds without a word after which the page asks: at first, where words were lost, and at most. */
const PAUSES = { first: 300, losing: 100, longest: 2000 };
/** By how much a pause grows that brought nothing, so that a long compilation is not asked after all the time. */
const GROWTH = 1.25;

/** `ask` asks for what came after a number. Never more than one question waits for its answer. */
export function news(ask: (since: number) => void, signal: AbortSignal) {
  let [have, asks, pause] = [0, 0, PAUSES.first];
  let [greeted, working, losing] = [false, false, false];
  /** Letters of numbers up to which something is still missing: they come again with the answer. */
  const opened = new Set<number>();
  /** A question that waits; "behind another" once a later message is waiting, too. */
  let waits: "" | "first" | "behind another" = "";
  let timer: number | undefined;

  function stop() {
    clearTimeout(timer);
    timer = undefined;
  }

  /** Where words are lost, those that come say nothing about the others, and the question comes as it was planned. */
  function plan() {
    if (!losing || !working) stop();
    if (!greeted || !working || waits || signal.aborted) return;
    timer ??= window.setTimeout(() => {
      timer = undefined;
      waits = "first";
      ask(have);
    }, pause);
  }

  signal.addEventListener("abort", stop);
  return {
    /** A message with traits has come; returns whether it answers, and so may be older than what the page sent since. */
    told([since, number, count, takes = 0]: Told): boolean {
      const answers = count > asks;
      const isAnswer = waits !== "" && answers;
      const missed = since > have || (isAnswer && number > have);
      if (since <= have) have = Math.max(have, number);
      for (const letter of opened) if (letter <= have) opened.delete(letter);
      asks = Math.max(asks, count);
      if (since === 0) greeted = true; // the whole state
      else if (missed && greeted && !losing) {
        losing = true;
        stop();
      }
      if (isAnswer) {
        waits = "";
        losing = missed;
        pause = missed ? PAUSES.losing : Math.min(PAUSES.longest, Math.max(PAUSES.first, pause * GROWTH));
      } else {
        // An answer would come no sooner than what is on its way.
        pause = losing ? PAUSES.losing : Math.min(PAUSES.longest, Math.max(PAUSES.first, 2 * takes));
      }
      plan();
      return answers || since === 0;
    },
    /** Whether more is to come. */
    works(on: boolean) {
      working = on;
      plan();
    },
    /** A letter of that number has come; returns whether it is a new one. */
    isNew(letter: unknown) {
      if (typeof letter !== "number") return true;
      const known = letter <= have || opened.has(letter);
      opened.add(letter);
      return !known;
    },
    /** Another message of the page is on its way. */
    sent() {
      if (waits) waits = "behind another";
    },
    /** A message was answered. If that was one behind the question, the question's own answer was lost. */
    answered() {
      if (waits === "behind another") waits = "";
      plan();
    },
    stop() {
      working = false;
      waits = ""; // who comes back has not heard it
      stop();
    },
  };
}
