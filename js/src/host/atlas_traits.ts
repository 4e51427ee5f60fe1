// The one interface that names every synced trait of the atlas' widget; all are written by the kernel.
import type { SharedTraits } from "./model";

export interface Traits extends SharedTraits {
  /** How many filters are finished, and how many there are in all. */
  made: number;
  filters: number;
  /** How many parts are finished: shards, and passes over the images. */
  parts: number;
  /** How fast it is made, and how long it takes from here; in words. */
  pace: string;
  state: "making" | "done" | "stopped" | "failed";
}

/** The page writes none of them. */
export const SETTINGS = [] as const;
