// The axes of a method in the field's words, in the groups and columns in which the drawer shows them.

/** Few values, each with its word, or an amount: how far its slider reaches (the number box goes on), in which steps. */
export type Axis = { axis: string; name: string; title: string } & (
  | { words: Record<string, string> }
  | { reach: number; step: number; unit: string }
);

export interface Group {
  name: string;
  axes: Axis[];
}

const OBJECTIVE: Group = { name: "Objective", axes: [
  { axis: "objective", name: "Maximise", title: "What the ascent maximises",
    words: { mean: "Mean of the feature map", center: "Centre of the feature map", layer: "Whole layer (DeepDream)" } },
  { axis: "sign", name: "Sign", title: "Seek what excites the filter most, or what inhibits it most",
    words: { "1": "Excites", "-1": "Inhibits" } },
] };

const ASCENT: Group = { name: "Parameterization and update", axes: [
  { axis: "parameterization", name: "Parameterization", title: "What is optimised: the pixels, or something that they are made from",
    words: { pixels: "Pixels", fourier: "Fourier coefficients", phase: "Phase only (MaCo)" } },
  { axis: "update", name: "Update", title: "How a gradient becomes a step",
    words: { normalized: "Normalised gradient", adam: "Adam" } },
  { axis: "octaves", name: "Octaves", title: "Sizes that the image passes through, each 1.4 times the last", words: {} },
] };

const TRANSFORMATIONS: Group = { name: "Transformations", axes: [
  { axis: "jitter", name: "Jitter", title: "Random shift in each iteration, up to so many pixels",
    reach: 32, step: 1, unit: "px" },
  { axis: "scale", name: "Scale", title: "Random enlarging and shrinking, up to this share: 0.1 is 10 %",
    reach: 0.5, step: 0.01, unit: "" },
  { axis: "rotation", name: "Rotation", title: "Random rotation, up to so many degrees", reach: 45, step: 1, unit: "°" },
  { axis: "blur", name: "Blur", title: "Random Gaussian blur, up to this standard deviation in pixels",
    reach: 4, step: 0.1, unit: "px" },
] };

const REGULARIZERS: Group = { name: "Regularizers", axes: [
  { axis: "l2", name: "L2", title: "Weight of the penalty on the mean square of the contrast",
    reach: 10, step: 0.1, unit: "" },
  { axis: "total_variation", name: "Total variation", title: "Weight of the penalty on the difference between neighbours",
    reach: 2, step: 0.02, unit: "" },
] };

export const COLUMNS: Group[][] = [[OBJECTIVE, ASCENT], [TRANSFORMATIONS, REGULARIZERS]];
