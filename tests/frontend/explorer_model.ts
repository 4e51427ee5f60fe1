// The explorer's model in the tests: a small network, and no picture yet.
import { type Axis, type Layer, type Options, SETTINGS, type Shown, type Traits } from "../../js/src/host/explorer_traits";
import { Fake } from "./fake";

const layer = (name: string, filters: number, kind: Layer["kind"] = "convolution", note = ""): Layer => ({
  name, filters, kind, note, shape: kind === "units" ? [filters] : [12, 12, filters],
  class_name: kind === "units" ? "Dense" : "Conv2D", recommended: kind === "convolution",
});
const CLASSIC: Options = {
  objective: "mean", sign: 1, direction: [], parameterization: "pixels", update: "normalized", jitter: 0, scale: 0,
  rotation: 0, blur: 0, octaves: 1, l2: 0, total_variation: 0, diversity: 0,
};
const ROBUST: Options = { ...CLASSIC, parameterization: "fourier", update: "adam", jitter: 6 };

const chosen = (group: string, name: string, label: string, choices: [string | number, string][]): Axis =>
  ({ name, label, help: `What ${label} is`, group, choices });
const amount = (group: string, name: string, label: string, unit: string, high: number, reach: number, step: number): Axis =>
  ({ name, label, help: `How much ${label} there is`, group, unit, low: 0, high, reach, step });
const ASCENT = "Parameterization and update";
const AXES: Axis[] = [
  chosen("Objective", "objective", "Maximise",
    [["mean", "Mean of the feature map"], ["center", "Centre of the feature map"], ["layer", "Whole layer (DeepDream)"]]),
  chosen("Objective", "sign", "Sign", [[1, "Excites"], [-1, "Inhibits"]]),
  chosen(ASCENT, "parameterization", "Parameterization",
    [["pixels", "Pixels"], ["fourier", "Fourier coefficients"], ["phase", "Phase only (MaCo)"]]),
  chosen(ASCENT, "update", "Update", [["normalized", "Normalised gradient"], ["adam", "Adam"]]),
  chosen(ASCENT, "octaves", "Octaves", [[1, "1"], [2, "2"], [3, "3"]]),
  amount("Transformations", "jitter", "Jitter", "px", 64, 32, 1),
  amount("Transformations", "scale", "Scale", "", 0.5, 0.5, 0.01),
  amount("Transformations", "rotation", "Rotation", "°", 180, 45, 1),
  amount("Transformations", "blur", "Blur", "px", 8, 4, 0.1),
  amount("Regularizers", "l2", "L2", "", 100, 10, 0.1),
  amount("Regularizers", "total_variation", "Total variation", "", 100, 2, 0.02),
];

const FIRST: Traits = {
  layer: "conv1", filter: 0, step_size: 1, iterations: 20, seed: 0,
  method: "classic", options: CLASSIC, all_layers: false,
  layers: [layer("conv1", 16), layer("pool", 16, "other"), layer("conv2", 32), layer("<b>conv3</b>", 4),
    layer("logits", 3, "units", "before the softmax")],
  unsupported: [{ name: "time", reason: "Conv1D runs over sequences." }],
  limits: { step_size: [0.01, 1000], iterations: [1, 10000], seed: [0, 2147483647] },
  axes: AXES,
  presets: { classic: { options: CLASSIC, step_size: 1, iterations: 20, help: "Plain gradient ascent" },
    robust: { options: ROBUST, step_size: 2, iterations: 100, help: "Fourier coefficients under random moves" },
    natural: { options: { ...ROBUST, parameterization: "phase" }, step_size: 10, iterations: 100, help: "Only phases" } },
  inapplicable: {}, input_range: [0, 255], input_range_source: "read from the Rescaling layer 'rescaling'",
  model_note: "", data: { kind: "image", slices: 1, words: "" },
  image_size: [48, 48], image: "", shown: null, iteration: 0, activations: [], activations_more: {},
  panels: [], sheet_of: "map", photo_info: {}, images_info: {}, film: {}, pinned: {}, busy: [], read: [],
  kernel_panel: {}, field_panel: {}, strongest_panel: {}, map_panel: {}, attention_panel: {}, inhibits_panel: {}, photo_panel: {},
  without_panel: {}, neighbours_panel: {}, sheet_panel: {},
  status: "idle", heard: 0, working: false, told: undefined, error: "", note: "", version: "0",
};

/** The state of an explorer, as the kernel opens it, but for `changes`. */
export function explorerState(changes: Partial<Traits> = {}): Traits {
  return { ...structuredClone(FIRST), ...changes };
}

export class FakeModel extends Fake<Traits> {
  constructor(changes: Partial<Traits> = {}) {
    super(explorerState(changes), SETTINGS);
  }
}

/** What the kernel says of a picture with the classic method, but for `changes`. */
export function shown(changes: Partial<Shown> = {}): Shown {
  return { layer: "conv1", filter: 3, step_size: 1, iterations: 20, seed: 0, options: CLASSIC, ...changes };
}
