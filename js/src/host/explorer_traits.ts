// The one interface that names every synced trait of the explorer, and who writes it.
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

export interface Preset {
  options: Options;
  step_size: number;
  iterations: number;
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

/** The settings that the picture on the screen was made with; a preview is computed at half its size. */
export type Shown = Pick<Settings, "layer" | "filter" | "step_size" | "iterations" | "seed" | "options"> & {
  is_preview?: boolean;
};

export type Bounds = [low: number, high: number];

/** Everything that is synced; what is not among the settings is written by the kernel only. */
export interface Traits extends Settings, SharedTraits {
  layers: Layer[];
  unsupported: Unsupported[];
  limits: Record<"step_size" | "iterations" | "seed", Bounds> & Record<string, Bounds>;
  choices: Record<string, (string | number)[]>;
  presets: Record<string, Preset>;
  /** Reasons by setting, for those that have no effect at present. */
  inapplicable: Record<string, string>;
  image_size: [height: number, width: number];
  input_range: Bounds;
  input_range_source: string;
  image: string;
  shown: Shown | null;
  iteration: number;
  activations: (number | null)[];
  status: "idle" | "compiling" | "running" | "done" | "cancelled" | "error";
}
