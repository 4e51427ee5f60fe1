// A feature map laid over the photo: how strongly, and on which scale, is the page's own to say.
import { element, uniqueId } from "../base/dom";
import { readable } from "../base/scale";
import type { FieldState, MapState } from "../base/data";
import type { Slices } from "../base/slices";
import { limit } from "./image";
import { positionKeys } from "./position_keys";
import { type Look, marked, type Spot } from "./spots";

export interface FeatureMap {
  element: HTMLElement;
  show(state: MapState, field: FieldState): void;
  /** What is seen, as a PNG's data URL. */
  source(): string | undefined;
}

/** Red where the filter answers, blue where it is negative, as kernels have them. */
const [POSITIVE, NEGATIVE] = [[214, 40, 57], [33, 102, 172]] as const;
const STEPS = 32767;

/** How far between which positions each of `count` pixels lies; beyond the outermost middles these count alone. */
function between(centres: readonly number[], count: number, size: number): [low: Int32Array, share: Float32Array] {
  const [low, share] = [new Int32Array(count), new Float32Array(count)];
  let place = 0;
  for (let pixel = 0; pixel < count; pixel += 1) {
    const at = ((pixel + 0.5) * size) / count;
    while (place < centres.length - 2 && (centres[place + 1] ?? 0) <= at) place += 1;
    const [from, to] = [centres[place] ?? 0, centres[place + 1] ?? 0];
    low[pixel] = place;
    share[pixel] = centres.length < 2 ? 0 : Math.min(1, Math.max(0, (at - from) / (to - from)));
  }
  return [low, share];
}

export function featureMap(looks: Look, slices: Slices, signal: AbortSignal): FeatureMap {
  const canvas = element("canvas", { className: "filterviz-map" });
  const frame = element("div", { className: "filterviz-panel-image" }, {}, canvas);
  const [strength, scales] = [uniqueId(), uniqueId()];
  const opacity = element("input", { type: "range", id: strength, className: "filterviz-track filterviz-opacity", min: "0", max: "100", step: "5", value: "80" },
    { "aria-label": "Opacity of the feature map" });
  const scale = element("select", { id: scales, className: "filterviz-select", title: "What is drawn in full colour" }, { "aria-label": "Scale of the feature map" },
    element("option", { value: "filter", textContent: "own scale" }),
    element("option", { value: "layer", textContent: "layer's scale" }));
  const value = element("div", { className: "filterviz-map-value" });
  const photo = new Image();
  let [state, field]: [MapState, FieldState] = [{}, {}];
  let values = new Int16Array();

  const numberAt = ({ row, column }: Spot) => {
    const [rows, columns] = state.shape ?? [0, 0];
    return row < rows && column < columns ? ((values[row * columns + column] ?? 0) / STEPS) * (state.limit ?? 1) : undefined;
  };

  function wordsOf(spot: Spot): string {
    const number = numberAt(spot);
    return number === undefined ? "" : `row ${spot.row}, column ${spot.column}: ${readable(number)}`;
  }

  function say() {
    value.textContent = (looks.spot && wordsOf(looks.spot)) || "Point at a position, or choose one by arrow keys";
  }

  function paint() {
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const [whole, width] = field.image ?? [0, 0];
    const [all, columns] = state.shape ?? [0, 0];
    const [middles, across] = field.centres ?? [[], []];
    if (!context || !whole || !width || middles.length !== all || across.length !== columns) return;
    // Of a strip of slices the one that is looked at: none runs over into the next.
    const [height, rows] = [whole / slices.of, all / slices.of];
    const first = slices.at * rows;
    const down = middles.slice(first, first + rows).map((middle) => middle - slices.at * height);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    limit(frame, width, height);
    context.fillStyle = "#808080";
    context.fillRect(0, 0, width, height);
    if (photo.complete && photo.naturalWidth) context.drawImage(photo, 0, -slices.at * height, width, whole);
    const picture = context.getImageData(0, 0, width, height);
    const full = STEPS * (scale.value === "layer" ? (state.layer_limit ?? 1) / (state.limit ?? 1) : 1);
    const most = Number(opacity.value) / 100;
    opacity.style.setProperty("--share", String(most));
    const [top, vertical] = between(down, height, height);
    const [left, horizontal] = between(across, width, width);
    for (let y = 0, index = 0; y < height; y += 1) {
      const [row, v] = [(first + (top[y] ?? 0)) * columns, vertical[y] ?? 0];
      const next = rows > 1 ? columns : 0;
      for (let x = 0; x < width; x += 1, index += 4) {
        const [column, h] = [left[x] ?? 0, horizontal[x] ?? 0];
        const beside = columns > 1 ? 1 : 0;
        const at = row + column;
        const upper = (values[at] ?? 0) * (1 - h) + (values[at + beside] ?? 0) * h;
        const lower = (values[at + next] ?? 0) * (1 - h) + (values[at + next + beside] ?? 0) * h;
        const heat = (upper * (1 - v) + lower * v) / full;
        const share = most * Math.min(1, Math.abs(heat));
        const colour = heat > 0 ? POSITIVE : NEGATIVE;
        for (let channel = 0; channel < 3; channel += 1) {
          picture.data[index + channel] = (picture.data[index + channel] ?? 0) * (1 - share) + (colour[channel] ?? 0) * share;
        }
      }
    }
    context.putImageData(picture, 0, 0);
  }

  const marks = marked(frame, looks, () => field, signal, undefined, slices);
  slices.follow(paint);
  const on = { signal };
  opacity.addEventListener("input", paint, on);
  scale.addEventListener("change", paint, on);
  photo.addEventListener("load", paint, on);
  const spoken = positionKeys(canvas, "Feature map over the photo", looks, () => {
    const [all, columns] = state.shape ?? [0, 0];
    const [row = 0, column = 0] = state.strongest ?? [];
    const rows = all / slices.of;
    return all ? { rows: [slices.at * rows, (slices.at + 1) * rows - 1], columns, from: { row, column } } : undefined;
  }, wordsOf, signal);
  looks.follow(say);

  return {
    element: element("div", {}, {}, frame, value, spoken,
      element("div", { className: "filterviz-pair" }, {}, opacity, scale)),
    show(next, geometry) {
      [state, field] = [next, geometry];
      const bytes = Uint8Array.from(atob(state.values ?? ""), (letter) => letter.charCodeAt(0));
      values = new Int16Array(bytes.buffer);
      if (photo.src !== (state.photo ?? "")) photo.src = state.photo ?? "";
      paint();
      marks.draw();
      say();
    },
    source: () => (state.values ? canvas.toDataURL("image/png") : undefined),
  };
}
