// The explorer on the screen: reads the traits, draws the parts, writes the settings.
import type { RenderProps } from "@anywidget/types";
import { caption } from "../panels/caption";
import { connection, type Connection } from "../host/connection";
import { curve } from "../panels/curve";
import { element } from "../base/dom";
import { layerControl } from "../controls/layers";
import { differs, methodControl } from "../controls/method";
import type { Model, Settings, Traits } from "../host/explorer_traits";
import { numberBox } from "../controls/number";
import { optionsDrawer } from "../controls/options";
import { picture } from "../panels/picture";
import { progress } from "../panels/progress";
import { throttled } from "../host/save";
import { linear, logarithmic, readable } from "../base/scale";
import { slider } from "../controls/slider";

const STEP_SLIDER: [number, number] = [0.1, 100];
const LONGEST_SLIDER = 500;
const OFFLINE: Record<Connection, string> = {
  live: "",
  silent: "No answer from the kernel so far: it is busy, or it is not there. Then run the cell again.",
  lost: "Not connected to a kernel: the picture stays, the controls rest. Run the cell again to go on.",
};

export function explorer(model: Model, root: HTMLElement, signal: AbortSignal): void {
  const busy = () => ["compiling", "running"].includes(model.get("status"));
  const kernel = connection(model, busy, connect, signal);
  const saver = throttled(() => {
    model.save_changes();
    kernel.asked();
  }, kernel.lost, signal);
  const layerAt = (name: string) => model.get("layers").find((layer) => layer.name === name);

  function change<K extends keyof Settings>(name: K, value: Traits[K]) {
    model.set(name, value);
    saver.request();
  }

  function changeLayer(name: string) {
    model.set("layer", name);
    // In the same message: the kernel never sees a filter that the layer does not have.
    model.set("filter", Math.min(model.get("filter"), (layerAt(name)?.filters ?? 1) - 1));
    saver.request();
  }

  const released = () => saver.flush();
  const layers = layerControl({
    changed: changeLayer,
    released,
    all(on) {
      change("all_layers", on);
      saver.flush();
    },
  }, signal);
  const method = methodControl((name) => {
    const preset = model.get("presets")[name];
    if (!preset) return;
    // In the same message, as the kernel would set them.
    model.set("method", name);
    model.set("options", preset.options);
    model.set("step_size", preset.step_size);
    change("iterations", preset.iterations);
    saver.flush();
  }, signal);
  const options = optionsDrawer({
    changed: (axis, value) => change("options", { ...model.get("options"), [axis]: value }),
    released,
    reset() {
      const preset = model.get("presets")[model.get("method")];
      if (preset) change("options", preset.options);
      saver.flush();
    },
  }, signal);
  const filters = slider({
    name: "Filter",
    title: "The filter: an output channel of the layer, counted from 0",
    changed: (value) => change("filter", value),
    released,
  }, signal);
  const steps = slider({
    name: "Step size",
    title: "How far each iteration moves the image, in grey levels (RMS)",
    changed: (value) => change("step_size", value),
    released,
    describe: (value) => `${value} grey levels`,
  }, signal);
  const iterations = slider({
    name: "Iterations",
    title: "How many steps the ascent takes",
    changed: (value) => change("iterations", value),
    released,
  }, signal);

  const seed = numberBox("Seed", "The start image: the same seed gives the same picture", (value) => {
    change("seed", value);
    saver.flush();
  }, signal);
  const newSeed = element("button",
    { type: "button", textContent: "New seed", title: "Start from other noise", className: "filterviz-button" });
  newSeed.addEventListener("click", () => {
    // Short numbers: a seed is to be read aloud and typed again.
    const [low, high] = [model.get("limits").seed[0], Math.min(9999, model.get("limits").seed[1])];
    let next = low + Math.floor(Math.random() * (high - low));
    if (next >= model.get("seed")) next += 1; // never the present one
    change("seed", next);
    saver.flush();
  }, { signal });

  const body = element("div", { className: "filterviz-body" });
  const view = picture(body, signal);
  const range = element("div", { className: "filterviz-range" });
  view.element.append(range);
  const activation = curve("Activation");
  const line = progress({ stop: () => send("cancel"), again: () => send("run") }, signal);
  const alert = element("p", { className: "filterviz-error", hidden: true }, { role: "alert" });
  const note = element("p", { className: "filterviz-note", hidden: true });
  const offline = element("p", { className: "filterviz-note", hidden: true }, { role: "status" });

  const controls = element("div", { className: "filterviz-controls" }, {},
    ...layers.elements, filters.element, method.element, steps.element, iterations.element,
    element("div", { className: "filterviz-row" }, {}, element("span", { textContent: "Seed" }),
      newSeed, seed.input, seed.hint));
  root.classList.add("filterviz");
  // Messages come last: where they come and go, nothing that a hand is on moves.
  body.append(view.element, element("div", { className: "filterviz-side" }, {}, controls, activation.element, line.element),
    options.element, element("div", { className: "filterviz-messages" }, {}, note, alert, offline));
  root.append(body);

  // The notebook's shortcuts (arrows, Enter, Delete) must not act on cells while a control is used.
  for (const kind of ["keydown", "keyup", "keypress"])
    root.addEventListener(kind, (event) => event.stopPropagation(), { signal });

  function send(type: "cancel" | "run") {
    saver.flush();
    try {
      model.send({ type });
    } catch {
      kernel.lost();
    }
  }

  function connect(state: Connection) {
    const lost = state === "lost";
    offline.textContent = OFFLINE[state];
    offline.hidden = state === "live";
    root.classList.toggle("filterviz-offline", lost);
    for (const part of [layers, filters, method, options, steps, iterations, line]) part.enabled(!lost);
    newSeed.disabled = seed.input.disabled = lost;
    drawRun();
  }

  const filterCount = () => layerAt(model.get("layer"))?.filters ?? 1;

  const draw: { [K in keyof Traits]?: () => void } = {
    layers: drawLayers,
    unsupported: drawLayers,
    all_layers: drawLayers,
    layer() {
      drawLayers();
      filters.range(linear(0, filterCount() - 1), [0, filterCount() - 1], true);
    },
    method: drawMethod,
    options: drawMethod,
    presets: drawMethod,
    choices() {
      options.range(model.get("choices"), model.get("limits"));
      drawMethod();
    },
    inapplicable() {
      const reasons = model.get("inapplicable");
      filters.unavailable(reasons.filter ?? "");
      options.unavailable(reasons);
    },
    limits() {
      const limits = model.get("limits");
      const [low, high] = limits.step_size;
      steps.range(logarithmic(Math.max(low, STEP_SLIDER[0]), Math.min(high, STEP_SLIDER[1])), limits.step_size, false);
      const [fewest, most] = limits.iterations;
      iterations.range(linear(fewest, Math.min(most, LONGEST_SLIDER)), limits.iterations, true);
      seed.range(limits.seed, true);
    },
    filter: () => filters.show(model.get("filter")),
    step_size: () => steps.show(model.get("step_size")),
    iterations: () => iterations.show(model.get("iterations")),
    seed: () => seed.show(model.get("seed")),
    image_size() {
      const [height, width] = model.get("image_size");
      view.reserve(width, height);
    },
    input_range: drawRange,
    input_range_source: drawRange,
    image: drawPicture,
    shown: drawPicture,
    activations: drawRun,
    iteration: drawRun,
    status: drawRun,
    error() {
      alert.textContent = model.get("error");
      alert.hidden = !model.get("error");
    },
    note() {
      note.textContent = model.get("note");
      note.hidden = !model.get("note");
    },
  };

  function drawLayers() {
    layers.show(model.get("layers"), model.get("unsupported"), model.get("layer"), model.get("all_layers"));
  }

  function drawMethod() {
    const [name, values, presets] = [model.get("method"), model.get("options"), model.get("presets")];
    method.show(name, values, presets);
    options.show(values, differs(values, presets[name]));
  }

  function drawRange() {
    const [low, high] = model.get("input_range");
    range.textContent = `Pixels from ${readable(low)} to ${readable(high)} (${model.get("input_range_source")})`;
  }

  function drawPicture() {
    const shown = model.get("shown");
    if (!shown || !model.get("image")) return; // before the first picture
    const { text, alternative } = caption(shown, layerAt(shown.layer));
    view.show(model.get("image"), text, alternative);
  }

  function drawRun() {
    // While the slider moves the picture on the screen is still one of other settings.
    const shown = model.get("shown");
    const total = model.get("iteration") > 0 && shown ? shown.iterations : model.get("iterations");
    activation.show(model.get("activations"), total);
    line.show(model.get("status"), model.get("iteration"), total, model.get("layer"));
  }

  for (const [name, act] of Object.entries(draw)) {
    act();
    const event = `change:${name}` as `change:${keyof Traits & string}`;
    model.on(event, act);
    signal.addEventListener("abort", () => model.off(event, act));
  }
}

function render({ model, el, signal }: RenderProps<Traits> & { signal?: AbortSignal }): () => void {
  const view = new AbortController();
  // Newer hosts give a signal, older ones call what is returned.
  signal?.addEventListener("abort", () => view.abort(), { once: true, signal: view.signal });
  explorer(model, el, view.signal);
  return () => view.abort();
}

export default { render };
