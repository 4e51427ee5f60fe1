// The one interface that names every synced trait of the history's widget, and who writes it.
import type { SharedTraits } from "./model";

export interface RecordedLayer {
  name: string;
  /** Those that were drawn, by their number in the layer. */
  filters: number[];
  /** Its name among the norms and marks. */
  owner: string;
}

/** The settings: written by the page, or by the user's Python code. */
export interface Settings {
  /** Which record, counted from 0. The kernel moves it, too: who looks at the newest goes on to see the newest. */
  epoch: number;
  layer: string;
  filter: number;
}

export const SETTINGS = ["epoch", "layer", "filter"] as const;

/** Data URLs, "" where there is nothing, with the words for each. */
export interface ShownFilter extends Settings {
  kernel: string;
  gradient: string;
  picture: string;
  kernel_limit: number;
  gradient_limit: number;
  kernel_words: string;
  gradient_words: string;
  picture_words: string;
}

export type Series = Record<string, (number | null)[]>;

/** Everything that is synced; what is not among the settings is written by the kernel only. */
export interface Traits extends Settings, SharedTraits {
  epochs: number[];
  layers: RecordedLayer[];
  logs: Series;
  norms: Series;
  marks: Record<string, ("" | "dead" | "exploding" | "frozen")[]>;
  /** Empty before the first record. */
  shown: ShownFilter | Record<string, never>;
  status: "drawing" | "ready";
}
