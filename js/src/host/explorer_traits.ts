// The one interface that names every synced trait of the explorer, and who writes it.
import type { Piece } from "../base/pieces";
import type { SharedTraits } from "./model";

export interface Layer {
  name: string;
  filters: number;
  /** Height, width and filters; filters alone for units. */
  shape: (number | null)[];
  kind: "convolution" | "units" | "other";
  class_name: string;
  recommended: boolean;
  note: string;
}

export interface Unsupported {
  name: string;
  reason: string;
}

/** The axes of a method by name. */
export type Options = Record<string, string | number | [filter: number, weight: number][]>;

interface Named {
  /** Its name among the options. */
  name: string;
  /** Its name on the screen. */
  label: string;
  /** What it does, in a sentence. */
  help: string;
  group: string;
}

/** A number from `low` to `high`; the slider goes no further than `reach`, in steps of `step`. */
export interface Amount extends Named {
  unit: string;
  low: number;
  high: number;
  reach: number;
  step: number;
}

/** One of few values, each with its words. */
export interface Choices extends Named {
  choices: [value: string | number, words: string][];
}

/** What can be set about the method, as the kernel declares it, in the order of the drawer. */
export type Axis = Amount | Choices;

export interface Preset {
  options: Options;
  step_size: number;
  iterations: number;
  help: string;
}

/** The settings: written by the page, or by the user's Python code. */
export interface Settings {
  layer: string;
  filter: number;
  step_size: number;
  iterations: number;
  seed: number;
  method: string;
  options: Options;
  all_layers: boolean;
}

export const SETTINGS = ["layer", "filter", "step_size", "iterations", "seed", "method", "options", "all_layers"] as const;

/** The settings that the picture on the screen was made with. */
export type Shown = Pick<Settings, "layer" | "filter" | "step_size" | "iterations" | "seed" | "options">;

export type Bounds = [low: number, high: number];

/** Everything that is synced; what is not among the settings is written by the kernel only. */
export interface Traits extends Settings, SharedTraits {
  layers: Layer[];
  unsupported: Unsupported[];
  limits: Record<"step_size" | "iterations" | "seed", Bounds>;
  axes: Axis[];
  presets: Record<string, Preset>;
  /** Reasons by setting, for those that have no effect at present. */
  inapplicable: Record<string, string>;
  image_size: [height: number, width: number];
  input_range: Bounds;
  input_range_source: string;
  image: string;
  shown: Shown | null;
  iteration: number;
  /** Empty at the start of a run and whole at its end; null stands for what is not a number. */
  activations: (number | null)[];
  /** What a frame brings of them while the run is on; empty before the first. */
  activations_more: Piece | { start?: never; values?: never } | null;
  status: "idle" | "compiling" | "running" | "done" | "cancelled" | "error";
}
