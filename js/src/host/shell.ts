// What both widgets share: a view in its place, the traits that it follows, the settings that it writes.
import { uniqueId } from "../base/dom";
import { same } from "../base/same";
import { connection, rests, type Connection } from "./connection";
import { keepKeys } from "./keys";
import { messages } from "./messages";
import type { Model, Prepared, SharedTraits } from "./model";
import { news } from "./news";
import { throttled } from "./save";
import { followTheme } from "./theme";

/** What a view may do. */
export interface Host<T, Setting extends keyof T> {
  get<K extends keyof T>(name: K): T[K];
  /** Writes the settings that differ, together: now, or at most a tenth of a second later. */
  write(settings: Partial<Pick<T, Setting>>): void;
  /** Sends what still waits, as the hand has left the control. */
  flush(): void;
  /** Sends a message, and before it what still waits. */
  send(type: string, more?: Record<string, unknown>, buffers?: ArrayBuffer[]): void;
  /** What a page has that was made beforehand; nothing where there is a kernel, or was one. */
  prepared: Prepared | undefined;
  signal: AbortSignal;
  /** By which the kernel tells this view from others of the same widget. */
  identity: string;
}

/** What a view is. */
export interface View<T> {
  elements: readonly Node[];
  /** Where notes and errors stand; without it below everything. */
  lines?: HTMLElement;
  /** What is drawn of each trait: at first, in this order, and then whenever it changes. */
  draw: { [K in keyof T]?: () => void };
  /** Told whenever the state of the connection changes. */
  connected(state: Connection): void;
  /** Told of what the kernel sends beside the traits. */
  received?(content: Record<string, unknown>, buffers: readonly DataView[]): void;
}

/** `signal` and the returned function mean the same: newer hosts give the one, older ones call the other. */
interface Props<T> {
  model: Model<T>;
  el: HTMLElement;
  signal?: AbortSignal;
}

const OFFLINE: Record<Connection, string> = {
  live: "",
  silent: "No answer from the kernel so far. It may be busy with another cell, and answers after that; if it is gone, run the cell again.",
  absent: "No kernel answers: what is shown stays, the controls rest. In a notebook, run the cell to go on.",
  prepared: "",
  lost: "Not connected to a kernel: what is shown stays, the controls rest. Run the cell again to go on.",
};

/** Returns what anywidget takes for a widget; `name` is what a screen reader calls it. */
export function widget<T extends SharedTraits, Setting extends keyof T & string>(
  name: string, settings: readonly Setting[], view: (host: Host<T, Setting>) => View<T>,
) {
  return {
    render({ model, el, signal }: Props<T>): () => void {
      const control = new AbortController();
      signal?.addEventListener("abort", () => control.abort(), { once: true, signal: control.signal });
      mount(name, settings, view, model, el, control.signal);
      return () => control.abort();
    },
  };
}

function mount<T extends SharedTraits, Setting extends keyof T & string>(
  name: string, settings: readonly string[], view: (host: Host<T, Setting>) => View<T>,
  model: Model<T>, root: HTMLElement, signal: AbortSignal,
) {
  const lines = messages();
  const kernel = connection((state) => {
    lines.offline(OFFLINE[state]);
    root.classList.toggle("filterviz-offline", rests(state));
    root.classList.toggle("filterviz-prepared", state === "prepared");
    if (rests(state)) missed.stop();
    shown.connected(state);
  }, signal);
  const identity = uniqueId();
  /** What is no question of the user's, whose answer would be waited for. */
  function say(content: Record<string, unknown>) {
    try {
      model.send(content);
    } catch {
      kernel.lost();
    }
  }
  const missed = news((since) => say({ type: "news", since }), signal);
  const asked = () => {
    missed.sent();
    kernel.asked();
  };
  /** What the hand has set and the host does not know yet. An echo of what was sent before must not undo it. */
  const unsaved = new Map<Setting, T[Setting]>();
  /** What was sent, until the kernel has answered. What it told before it heard of it must not undo it either. */
  const unanswered = new Map<Setting, T[Setting]>();
  const sent = (trait: Setting) => unanswered.has(trait) ? unanswered.get(trait) as T[Setting] : model.get(trait);
  const saver = throttled(() => {
    const differing = [...unsaved].filter(([trait, value]) => !same(sent(trait), value));
    unsaved.clear();
    // A host sends nothing where nothing has changed, and nobody would answer.
    if (!differing.length) return;
    for (const [trait, value] of differing) {
      const before = sent(trait);
      unanswered.set(trait, value);
      model.set(trait, before); // so that the other is a change, whatever the model was told meanwhile
      model.set(trait, value);
    }
    model.save_changes();
    asked();
  }, kernel.lost, signal);
  const undone = () => [...unanswered].filter(([trait, value]) => !same(model.get(trait), value));
  /** The last message with traits, and whether it may be older than what was sent. */
  let [told, answers] = [model.get("told"), false];

  /** After a message in which the kernel has answered: its word stands, or what was sent is sent again. */
  function settle() {
    const differing = undone();
    unanswered.clear();
    for (const [trait, value] of differing) {
      if (!answers) shown.draw[trait]?.();
      else if (!unsaved.has(trait)) unsaved.set(trait, value);
    }
    if (answers && differing.length) saver.request();
  }

  /** After a change that no message brought: another hand in this page made it, in another view or by a link. */
  function giveWay() {
    for (const [trait] of undone()) {
      unanswered.delete(trait);
      shown.draw[trait]?.();
    }
  }

  function send(type: string, more: Record<string, unknown> = {}, buffers?: ArrayBuffer[]) {
    saver.flush();
    try {
      model.send({ type, ...more }, undefined, buffers);
      asked();
    } catch {
      kernel.lost();
    }
  }

  const get = <K extends keyof T>(trait: K): T[K] =>
    unsaved.has(trait as never) ? unsaved.get(trait as never) as never : sent(trait as never) as never;
  const shown = view({
    get,
    write(changes) {
      const differing = (Object.entries(changes) as [Setting, T[Setting]][]).filter(([trait, value]) => !same(get(trait), value));
      if (!differing.length) return;
      for (const [trait, value] of differing) unsaved.set(trait, value);
      for (const [trait] of differing) shown.draw[trait]?.();
      saver.request();
    },
    flush: saver.flush,
    send,
    prepared: model.prepared,
    signal,
    identity,
  });

  const follow = (event: string, act: () => void) => {
    model.on(event, act);
    signal.addEventListener("abort", () => model.off(event, act));
  };
  const draws: [string, () => void][] = [
    ...Object.entries<(() => void) | undefined>(shown.draw).map(([trait, act]): [string, () => void] => [trait, () => act?.()]),
    ["note", () => lines.note(model.get("note"))],
    ["error", () => lines.error(model.get("error"))],
  ];
  const changed = () => {
    const before = told;
    queueMicrotask(() => told === before && giveWay());
  };
  for (const [trait, act] of draws) {
    act();
    follow(`change:${trait}`, act);
    follow(`change:${trait}`, settings.includes(trait) ? changed : kernel.alive);
  }
  follow("change:heard", () => {
    kernel.answered();
    missed.answered();
    queueMicrotask(settle); // once all traits of the message have come
  });
  const works = () => missed.works(model.get("working"));
  follow("change:working", works);
  follow("change:told", () => {
    works();
    told = model.get("told");
    if (!told) return;
    answers = missed.told(told);
    if (told[4]) say({ type: "receipt", view: identity, number: told[1], at: performance.now() });
  });
  if (shown.received) {
    const received = (content: unknown, buffers: unknown) => {
      if (typeof content !== "object" || !content || !missed.isNew((content as { letter?: unknown }).letter)) return;
      shown.received?.(content as Record<string, unknown>, Array.isArray(buffers) ? buffers as DataView[] : []);
    };
    model.on("msg:custom", received);
    signal.addEventListener("abort", () => model.off("msg:custom", received));
  }
  // JupyterLab and its relatives tell of a restart or shutdown by this event, and lend the view as `this`.
  follow("comm_live_update", function (this: { model?: { comm_live?: boolean } } | void) {
    if (this?.model?.comm_live) kernel.alive();
    else kernel.lost();
  });

  root.classList.add("filterviz");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", name);
  root.append(...shown.elements);
  (shown.lines ?? root).append(lines.element);
  keepKeys(root, signal);
  followTheme(root, signal);
  if (model.prepared) return kernel.prepared();
  // Whoever listens answers with the whole state: this view may have been saved long ago, or come too late for a part.
  try {
    model.send({ type: "hello" });
    kernel.greeted();
  } catch {
    kernel.lost();
    return;
  }
  // Whom no page shows any more the kernel may forget.
  signal.addEventListener("abort", () => {
    try {
      model.send({ type: "bye", view: identity });
    } catch {
      // Then nobody is there to hear it.
    }
  });
}
