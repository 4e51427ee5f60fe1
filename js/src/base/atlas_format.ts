// The files of an atlas, as docs/atlas-format.md has them.
import type { Data, NeighbourState } from "./data";

/** The version of the format that this page reads. */
export const FORMAT = 1;

export interface LayerEntry {
  name: string;
  folder: string;
  class_name: string;
  kind: "convolution" | "units" | "other";
  filters: number;
  shape: (number | null)[];
  note: string;
  /** How many filters are finished. */
  made: number;
  /** Whether the images that excite its filters most are known. */
  examples: boolean;
}

/** atlas.json */
export interface AtlasFile {
  format: number;
  made_by: string;
  key: string;
  title: string;
  settings: {
    method: string;
    options: Record<string, unknown>;
    step_size: number;
    iterations: number;
    image_size: [height: number, width: number];
  };
  data: Data;
  images: { count: number; name: string } | null;
  class_names: string[];
  layers: LayerEntry[];
  filters: number;
  made: number;
}

export interface GraphNode {
  /** Its place among the layers. */
  layer: number;
  row: number;
  column: number;
}

/** network.json */
export interface NetworkFile {
  nodes: GraphNode[];
  edges: [from: number, to: number][];
  rows: number;
  columns: number;
}

export interface LayerField {
  rows: [number, number][];
  columns: [number, number][];
  centres: [rows: number[], columns: number[]];
  image: [height: number, width: number];
  whole: boolean;
  words: string;
}

/** layer.json */
export interface LayerFile extends Omit<LayerEntry, "made" | "examples"> {
  /** Filters of a shard. */
  page: number;
  /** Of the sheet: the side of a picture in pixels, and pictures in a row. */
  tile: number;
  columns: number;
  /** First filters of the shards that are finished. */
  shards: number[];
  failed: number[];
  activations: (number | null)[];
  selectivity: (number | null)[];
  /** Numbers of a profile, and base64 of so many signed bytes for each filter. */
  profile_size: number;
  profiles: string;
  field: LayerField | null;
}

/** How the pictures of a shard lie in one image. */
export interface Sprites {
  tile: [height: number, width: number];
  columns: number;
}

export interface FilterEntry {
  filter: number;
  optimum: string | null;
  activations: (number | null)[];
  note: string;
  error: string;
  is_dead: boolean;
  inhibits: { activation: number | null; note: string } | null;
  facets: (number | null)[];
  kernel: { limit: number; words: string } | null;
  previous: NeighbourState[];
  next: NeighbourState[];
  code: string;
}

/** shard.json */
export interface ShardFile {
  layer: string;
  first: number;
  filters: FilterEntry[];
  sprites: Record<"inhibits" | "facets" | "kernels", Sprites | null>;
}

export interface StrongImage {
  photo: string;
  name: string;
  value: number;
  box: [left: number, top: number, width: number, height: number];
}

/** examples.json */
export interface ExamplesFile {
  images: number;
  words: string;
  filters: { quantiles: (number | null)[]; strongest: StrongImage[] }[];
}
