// The one interface that names every synced trait of the explorer, and who writes it.
import type { Axis, Data, Film, Layer, Options, PanelName, PanelStates, Pinned, Preset, SheetKind, Shown, Unsupported } from "../base/data";
import type { Piece } from "../base/pieces";
import type { SharedTraits } from "./model";

export type * from "../base/data";
export { PANELS } from "../base/data";

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
  panels: PanelName[];
  sheet_of: SheetKind;
}

export const SETTINGS = [
  "layer", "filter", "step_size", "iterations", "seed", "method", "options", "all_layers", "panels", "sheet_of",
] as const;

export type Bounds = [low: number, high: number];

/** Everything that is synced; what is not among the settings is written by the kernel only. */
export interface Traits extends Settings, SharedTraits, PanelStates {
  layers: Layer[];
  unsupported: Unsupported[];
  limits: Record<"step_size" | "iterations" | "seed", Bounds>;
  axes: Axis[];
  presets: Record<string, Preset>;
  /** Reasons by setting, for those that have no effect at present. */
  inapplicable: Record<string, string>;
  data: Data;
  image_size: [height: number, width: number];
  input_range: Bounds;
  input_range_source: string;
  model_note: string;
  image: string;
  shown: Shown | null;
  iteration: number;
  /** Empty at the start of a run and whole at its end; null stands for what is not a number. */
  activations: (number | null)[];
  /** What a frame brings of them while the run is on; empty before the first. */
  activations_more: Piece | { start?: never; values?: never } | null;
  photo_info: { name?: string; source?: string; note?: string };
  images_info: { words?: string };
  film: Film;
  pinned: Pinned;
  /** Panels that are being computed. */
  busy: PanelName[];
  /** How far the pass over the images is; empty where there is none. */
  read: [] | [count: number, of: number | null];
  status: "idle" | "compiling" | "running" | "done" | "cancelled" | "error";
}
