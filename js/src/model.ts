// The one interface that names every synced trait, and who writes it.
import type { AnyModel } from "@anywidget/types";

export interface Layer {
  name: string;
  filters: number;
  shape: [number | null, number | null, number];
}

/** The settings: written by the page, or by the user's Python code. */
export interface Settings {
  layer: string;
  filter: number;
  step_size: number;
  iterations: number;
  seed: number;
}

export type Status = "idle" | "compiling" | "running" | "done" | "cancelled" | "error";
export type Bounds = [low: number, high: number];

/** Everything that is synced; what is not among the settings is written by the kernel only. */
export interface Traits extends Settings {
  layers: Layer[];
  limits: Record<"step_size" | "iterations" | "seed", Bounds>;
  image_size: [height: number, width: number];
  image: string;
  shown: Settings | null;
  iteration: number;
  activations: (number | null)[];
  status: Status;
  error: string;
  note: string;
  version: string;
}

export type Model = AnyModel<Traits>;
