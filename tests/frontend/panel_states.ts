// What the kernel says of every panel, in the tests: a map of 3 x 3 positions over an image of 48 x 48 pixels.
import { PANELS, type PanelStates, type Traits } from "../../js/src/host/explorer_traits";
import { explorerState, shown } from "./explorer_model";
import { square } from "./square";

const about = { layer: "conv1", filter: 0 };
/** Steps of the limit, row by row: the middle is the largest, its left neighbour the lowest. */
const VALUES = [0, 0, 0, -16384, 32767, 8192, 0, 0, 0];

function base64(values: readonly number[]): string {
  return btoa(String.fromCharCode(...new Uint8Array(Int16Array.from(values).buffer)));
}

const example = (value: number) => ({ name: `flower ${value}`, value, whole: square(24), crop: square(12), box: [0.25, 0.25, 0.5, 0.5] as [number, number, number, number] });

/** Every panel with content, about filter 0 of conv1. */
export function panelStates(): PanelStates {
  return {
    kernel_panel: { ...about, source: square(24), limit: 0.5, words: "3 x 3 weights" },
    field_panel: { layer: "conv1", rows: [[0, 16], [16, 32], [32, 48]], columns: [[0, 16], [16, 32], [32, 48]],
      centres: [[8, 24, 40], [8, 24, 40]], image: [48, 48], whole: false, words: "16 x 16 pixels" },
    strongest_panel: { ...about, strongest: [3, 2, 1].map(example), weakest: [-1, 0].map(example), selectivity: 0.5, words: "Of 5 images" },
    map_panel: { ...about, photo: square(48, "gray"), values: base64(VALUES), shape: [3, 3], limit: 2, layer_limit: 4, strongest: [1, 1], words: "On cat.jpg" },
    attention_panel: { layer: "conv1", heads: [0.75, 0.5, 1].map((share) => ({ source: square(24), share })), query: null, words: "On cat.jpg: where the class token looks" },
    inhibits_panel: { ...about, source: square(48), before: null, after: -2, words: "" },
    photo_panel: { ...about, source: square(48), before: 1, after: 3, words: "" },
    without_panel: { ...about, photo: [{ name: "tulip", before: 0.9, after: 0.4 }, { name: "iris", before: 0.05, after: 0.5 }],
      set: [{ name: "tulip", before: 0.8, after: 0.6, images: 10 }], set_words: "20 images", words: "Without it: iris, not tulip.", probability: true },
    neighbours_panel: { ...about, previous: [], next: [{ layer: "conv2", filter: 7, weight: -0.25 }, { layer: "conv2", filter: 1, weight: 0.125 }] },
    sheet_panel: { layer: "conv1", key: "conv1|map|a", filters: 16, kind: "map",
      kinds: [["map", "Feature maps on the photo", ""], ["strongest", "Strongest images", "Give images"], ["optimum", "Optima", ""]],
      tile: 72, page: 64, columns: 8, activations: Array.from({ length: 16 }, (_, place) => place / 4), selectivity: [], words: "" },
  };
}

/** A finished picture of filter 0 of conv1 with its film. */
export function finished() {
  const of = shown({ filter: 0, iterations: 4 });
  return {
    shown: of, image: square(48), status: "done" as const, iteration: 4, activations: [1, 2, 3, 5, 6],
    film: { shown: of, frames: [[1, square(9)], [2, square(10)], [3, square(11)]] as [number, string][] },
  };
}

/** Every panel with content beside a finished picture of filter 0 of conv1, which has three heads. */
export function filled(): Partial<Traits> {
  return {
    ...panelStates(), ...finished(), image_size: [48, 48], panels: [...PANELS],
    layers: explorerState().layers.map((layer) => ({ ...layer, heads: layer.name === "conv1" ? 3 : 0 })),
    photo_info: { name: "cat.jpg", source: square(48), note: "" }, images_info: { words: "5 images" },
  };
}
