// What the front end's tests load into a page: its parts, and a strict stand-in for the host's model.
import type { Layer, Model, Options, Settings, Shown, Traits } from "../../js/src/host/explorer_traits";
import widget from "../../js/src/views/explorer";

export { connection } from "../../js/src/host/connection";
export { curve } from "../../js/src/panels/curve";
export { numberBox } from "../../js/src/controls/number";
export { crispWidth } from "../../js/src/panels/image";
export { picture } from "../../js/src/panels/picture";
export { progress } from "../../js/src/panels/progress";
export { throttled } from "../../js/src/host/save";
export { grouped, linear, logarithmic, readable } from "../../js/src/base/scale";
export { slider } from "../../js/src/controls/slider";

type Name = keyof Traits & string;
type Listener = (this: unknown, ...values: unknown[]) => void;

const SETTINGS: readonly Name[] =
  ["layer", "filter", "step_size", "iterations", "seed", "method", "options", "all_layers"] satisfies (keyof Settings)[];

const layer = (name: string, filters: number, kind: Layer["kind"] = "convolution", note = ""): Layer => ({
  name, filters, kind, note, shape: kind === "units" ? [filters] : [12, 12, filters],
  class_name: kind === "units" ? "Dense" : "Conv2D", recommended: kind === "convolution",
});
const CLASSIC: Options = {
  objective: "mean", sign: 1, direction: [], parameterization: "pixels", update: "normalized", jitter: 0, scale: 0,
  rotation: 0, blur: 0, octaves: 1, l2: 0, total_variation: 0, diversity: 0,
};
const ROBUST: Options = { ...CLASSIC, parameterization: "fourier", update: "adam", jitter: 6 };

const FIRST: Traits = {
  layer: "conv1", filter: 0, step_size: 1, iterations: 20, seed: 0,
  method: "classic", options: CLASSIC, all_layers: false,
  layers: [layer("conv1", 16), layer("pool", 16, "other"), layer("conv2", 32), layer("<b>conv3</b>", 4),
    layer("logits", 3, "units", "before the softmax")],
  unsupported: [{ name: "time", reason: "Conv1D runs over sequences." }],
  limits: { step_size: [0.01, 1000], iterations: [1, 10000], seed: [0, 2147483647], jitter: [0, 64], scale: [0, 0.5],
    rotation: [0, 180], blur: [0, 8], l2: [0, 100], total_variation: [0, 100], diversity: [0, 100] },
  choices: { objective: ["mean", "center", "layer"], sign: [1, -1], parameterization: ["pixels", "fourier", "phase"],
    update: ["normalized", "adam"], octaves: [1, 2, 3] },
  presets: { classic: { options: CLASSIC, step_size: 1, iterations: 20 },
    robust: { options: ROBUST, step_size: 2, iterations: 100 } },
  inapplicable: {}, input_range: [0, 255], input_range_source: "read from the Rescaling layer 'rescaling'",
  image_size: [48, 48], image: "", shown: null, iteration: 0, activations: [],
  status: "idle", error: "", note: "", version: "0",
};

/** Refuses what a host would silently accept: unknown traits, writing the kernel's, sending before saving. */
export class FakeModel {
  readonly saves: Partial<Traits>[] = [];
  readonly sent: unknown[] = [];
  /** As a static page does. */
  refuses = false;
  private readonly state: Traits;
  private unsaved: Partial<Traits> = {};
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(state: Partial<Traits> = {}) {
    this.state = { ...structuredClone(FIRST), ...state };
  }

  get<K extends Name>(name: K): Traits[K] {
    this.check(name);
    return structuredClone(this.state[name]);
  }

  set<K extends Name>(name: K, value: Traits[K]): void {
    this.check(name);
    if (!SETTINGS.includes(name)) throw new Error(`the page wrote ${name}, which is the kernel's`);
    if (typeof value !== typeof this.state[name] || Number.isNaN(value)) throw new Error(`${name} = ${String(value)}`);
    if (this.state[name] === value) return;
    this.state[name] = value;
    this.unsaved[name] = value;
    this.emit(`change:${name}`);
  }

  save_changes(): void {
    if (this.refuses) throw new Error("no kernel");
    this.saves.push(this.unsaved);
    this.unsaved = {};
  }

  send(content: unknown): void {
    if (this.refuses) throw new Error("no kernel");
    if (Object.keys(this.unsaved).length) throw new Error("a message overtook the settings");
    this.sent.push(content);
  }

  on(name: string, listener: Listener): void {
    const known = name.startsWith("change:") ? name.slice(7) in this.state : name === "comm_live_update";
    if (!known) throw new Error(`there is no event ${name}`);
    this.listeners.set(name, (this.listeners.get(name) ?? new Set()).add(listener));
  }

  off(name: string, listener: Listener): void {
    if (!this.listeners.get(name)?.delete(listener)) throw new Error(`nobody listens to ${name}`);
  }

  /** What the kernel writes. */
  kernel(changes: Partial<Traits>): void {
    for (const name of Object.keys(changes)) this.check(name as Name);
    Object.assign(this.state, changes);
    for (const name of Object.keys(changes)) this.emit(`change:${name}`);
  }

  /** What a host does when its kernel goes or comes back. */
  live(on: boolean): void {
    this.emit("comm_live_update", { model: { comm_live: on } });
  }

  unsavedNames(): string[] {
    return Object.keys(this.unsaved);
  }

  listening(): number {
    return [...this.listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }

  private check(name: Name): void {
    if (!(name in this.state)) throw new Error(`there is no trait ${name}`);
  }

  private emit(event: string, context?: unknown): void {
    for (const listener of [...(this.listeners.get(event) ?? [])]) listener.call(context);
  }
}

/** Shows a view of the model in the element; returns the host's way to remove it. */
export function mount(model: FakeModel, el: HTMLElement, older = false): () => void {
  const controller = new AbortController();
  const props = { model: model as unknown as Model, el, signal: older ? undefined : controller.signal };
  const cleanUp = widget.render(props as unknown as Parameters<typeof widget.render>[0]);
  return older ? cleanUp : () => controller.abort();
}

/** What the kernel says of a picture with the classic method, but for `changes`. */
export function shown(changes: Partial<Shown> = {}): Shown {
  return { layer: "conv1", filter: 3, step_size: 1, iterations: 20, seed: 0, options: CLASSIC, ...changes };
}

/** A square image of so many pixels, as a data URL. */
export function square(side: number, colour = "red"): string {
  const canvas = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = canvas.getContext("2d");
  if (context) Object.assign(context, { fillStyle: colour }).fillRect(0, 0, side, side);
  return canvas.toDataURL();
}
export { FakeHistory, mountHistory } from "./history_harness";
