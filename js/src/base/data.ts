// The plain data that the kernel sends of a model, its pictures and its panels.

export interface Layer {
  name: string;
  filters: number;
  /** Height, width and filters; filters alone for units. */
  shape: (number | null)[];
  kind: "convolution" | "units" | "other";
  class_name: string;
  recommended: boolean;
  note: string;
  /** Of an attention over places of the image; 0 or nothing for none. */
  heads?: number;
}

/** What the model's input is. */
export interface Data {
  kind?: "image" | "spectrogram" | "signal" | "volume";
  /** How many slices lie one below the other in every image of it. */
  slices?: number;
  words?: string;
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

/** The settings that a picture was made with. */
export interface Shown {
  layer: string;
  filter: number;
  step_size: number;
  iterations: number;
  seed: number;
  options: Options;
}

/** What can stand beside the picture, in this order. */
export const PANELS = ["kernel", "field", "strongest", "map", "attention", "inhibits", "photo", "without", "neighbours", "sheet"] as const;
export type PanelName = (typeof PANELS)[number];

/** What every panel's trait has: what it is about, and words in place of what is missing. */
export interface About {
  layer?: string;
  filter?: number;
  /** What is missing, and what to do. */
  empty?: string;
  error?: string;
  words?: string;
}

/** Tiles in colours of a signed scale that ends at `limit`. */
export interface KernelState extends About {
  source?: string;
  limit?: number;
}

/** Where each row and each column of the map looks at: `[first, behind the last]` pixel of the image, and its middle. */
export interface FieldState extends About {
  rows?: [number, number][];
  columns?: [number, number][];
  centres?: [rows: number[], columns: number[]];
  image?: [height: number, width: number];
  whole?: boolean;
  /** Of a volume: the first slice that a position over each of its slices sees, and the one behind the last. */
  depth?: [number, number][];
}

/** A feature map in steps of `limit / 32767`, base64 of little-endian 16-bit integers, row by row. */
export interface MapState extends About {
  photo?: string;
  values?: string;
  shape?: [rows: number, columns: number];
  limit?: number;
  layer_limit?: number;
  strongest?: [row: number, column: number];
}

export interface HeadState {
  source: string;
  /** Of its attention that lies on the photo, from 0 to 1. */
  share: number | null;
}

/** Where each head looks from a place; from the class token, or all places, for null. */
export interface AttentionState extends About {
  heads?: HeadState[];
  query?: [row: number, column: number] | null;
}

export interface Example {
  name: string;
  value: number;
  whole: string;
  /** What the strongest position sees; where it is no image of its own it is cut out of the whole one. */
  crop?: string;
  /** Of what the strongest position sees, in shares of the image: left, top, width, height. */
  box: [number, number, number, number];
}

export interface ExamplesState extends About {
  strongest?: Example[];
  weakest?: Example[];
  selectivity?: number | null;
}

export interface PictureState extends About {
  source?: string;
  before?: number | null;
  after?: number | null;
}

export interface ClassState {
  name: string;
  before: number;
  after: number;
  images?: number;
}

export interface AblationState extends About {
  photo?: ClassState[];
  set?: ClassState[];
  set_words?: string;
  probability?: boolean;
}

export interface NeighbourState {
  layer: string;
  filter: number;
  weight: number;
}

export interface NeighboursState extends About {
  previous?: NeighbourState[];
  next?: NeighbourState[];
}

/** Frames of the picture that `shown` says. */
export interface Film {
  frames?: [iteration: number, source: string][];
  shown?: Shown;
}

export interface Pinned {
  image?: string;
  shown?: Shown;
  method?: string;
  activation?: number | null;
}

export type SheetKind = "map" | "strongest" | "optimum";

/** An order of a sheet's filters: the one with the largest value first. */
export interface Order {
  name: string;
  /** The word for a value, as in "Filter 3, activation 0.4"; without it the name is that. */
  said?: string;
  /** On the screen, such as "by activation". */
  words: string;
  /** Of each filter; empty where there is none. */
  values: readonly (number | null)[];
  /** Why it cannot be chosen, where it has no values. */
  missing: string;
}

/** Plain data, as the kernel sends it. */
export interface SheetState {
  layer: string;
  filters: number;
  /** What the small pictures are. */
  kind: SheetKind;
  /** What can be chosen; where `why` has words it cannot, and they say why. */
  kinds: readonly [kind: SheetKind, words: string, why: string][];
  /** The side of a small picture in the sprites' pixels. */
  tile: number;
  /** Filters per sprite. */
  page: number;
  /** Small pictures per row of a sprite. */
  columns: number;
  /** Of each filter on the photo; empty where there is no photo. */
  activations: readonly (number | null)[];
  /** From 0 to 1; empty where it is not known. */
  selectivity: readonly (number | null)[];
  /** The orders beside that by number; without them those by activation on the photo and by selectivity. */
  orders?: readonly Order[];
  words: string;
}

export interface PanelStates {
  kernel_panel: KernelState;
  field_panel: FieldState;
  strongest_panel: ExamplesState;
  map_panel: MapState;
  attention_panel: AttentionState;
  inhibits_panel: PictureState;
  photo_panel: PictureState;
  without_panel: AblationState;
  neighbours_panel: NeighboursState;
  sheet_panel: (About & Partial<SheetState>) & { key?: string };
}
