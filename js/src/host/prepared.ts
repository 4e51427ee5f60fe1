// A model without a kernel: settings that were prepared are answered from the page itself.
import type { Model, Prepared } from "./model";

/** Plain data with each picture in one place: `{ $image: place }` stands for its data URL. */
export interface Content {
  state: Record<string, unknown>;
  prepared: Prepared;
  /** The settings that can be moved, the outer first. */
  keys: string[];
  /** What changes with them, by their values, one within the other; under "" what all within share. */
  entries: Entry;
  images: string[];
}

interface Entry {
  [name: string]: unknown;
}

export interface PreparedModel extends Model<Record<string, unknown>> {
  prepared: Prepared;
  /** Writes traits, as a kernel would. */
  put(traits: Record<string, unknown>): void;
  /** Tells the views something that is no trait. */
  tell(content: Record<string, unknown>): void;
}

/** `heard` is told what a view sends beside its settings. */
export function preparedModel(content: Content, heard: (message: Record<string, unknown>, model: PreparedModel) => void): PreparedModel {
  const { keys, entries, images } = content;
  const state = { ...content.state };
  const listeners = new Map<string, Set<(...details: unknown[]) => void>>();
  const told = (event: string, ...details: unknown[]) => [...(listeners.get(event) ?? [])].forEach((act) => act(...details));

  function whole(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(whole);
    if (typeof value !== "object" || !value) return value;
    const { $image: place } = value as { $image?: unknown };
    if (typeof place === "number") return images[place];
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, whole(each)]));
  }

  /** What was prepared for the present settings; nothing where that is not all there is. */
  function entry(): Entry | undefined {
    let [at, shared]: [unknown, Entry] = [entries, {}];
    for (const key of keys) {
      const within: Entry = at as Entry;
      shared = { ...shared, ...(within[""] as Entry | undefined) };
      at = within[String(state[key])];
      if (at === undefined) return undefined;
    }
    return whole({ ...shared, ...(at as Entry) }) as Entry;
  }

  function put(traits: Record<string, unknown>) {
    Object.assign(state, traits);
    for (const name of Object.keys(traits)) told(`change:${name}`);
  }

  const model: PreparedModel = {
    prepared: content.prepared,
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
      told(`change:${name}`);
    },
    save_changes: () => put(entry() ?? {}),
    send: (message) => heard(message as Record<string, unknown>, model),
    on: (event, act) => void (listeners.get(event) ?? listeners.set(event, new Set()).get(event))?.add(act),
    off: (event, act) => void listeners.get(event)?.delete(act),
    put,
    // As a kernel's it comes later, not in the midst of what asked for it.
    tell: (content) => queueMicrotask(() => told("msg:custom", content, [])),
  };
  Object.assign(state, whole(state), entry());
  return model;
}
