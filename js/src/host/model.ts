// What is needed of a host's model, and the traits that all widgets have.
import type { Told } from "./news";

/** The filters that a page has of each layer, and its panels; of a training run it has all that there is to choose. */
export interface Prepared {
  filters?: Record<string, readonly number[]>;
  panels?: readonly string[];
}

/** anywidget's model is one; so is a stub of a few lines in a page without a kernel. */
export interface Model<T> {
  get<K extends keyof T>(name: K): T[K];
  set<K extends keyof T>(name: K, value: T[K]): void;
  save_changes(): void;
  send(content: unknown, callbacks?: undefined, buffers?: ArrayBuffer[]): void;
  on(event: string, act: (...details: unknown[]) => void): void;
  off(event: string, act: (...details: unknown[]) => void): void;
  /** On a page that was made beforehand: what it has. No kernel is asked, the page itself answers. */
  prepared?: Prepared;
}

/** All written by the kernel. */
export interface SharedTraits {
  /** How many messages of the page the kernel has handled: it grows by one for each, whatever came of it. */
  heard: number;
  /** Whether something runs in the kernel of which more will be told. */
  working: boolean;
  /** In each message with traits: what it holds; no trait, and undefined before the first. */
  told?: Told;
  error: string;
  note: string;
  version: string;
}
