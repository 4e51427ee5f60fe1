// The explorer on the screen: what is drawn of each trait, and which settings each control writes.
import type { AnyWidget } from "@anywidget/types";
import { element } from "../base/dom";
import { grown, type Values } from "../base/pieces";
import { linear, logarithmic, readable } from "../base/scale";
import { layerControl } from "../controls/layers";
import { differs, methodControl } from "../controls/method";
import { optionsDrawer } from "../controls/options";
import { seedControl } from "../controls/seed";
import { slider } from "../controls/slider";
import { type Connection, rests } from "../host/connection";
import { SETTINGS, type Settings, type Traits } from "../host/explorer_traits";
import { type Host, type View, widget } from "../host/shell";
import { caption } from "../panels/caption";
import { curve } from "../panels/curve";
import { picture } from "../panels/picture";
import { progress } from "../panels/progress";

const STEP_SLIDER: [number, number] = [0.1, 100];
const LONGEST_SLIDER = 500;
/** With these the model sees another image than the one on the screen. */
const MOVES = ["jitter", "scale", "rotation", "blur"] as const;

function explorer({ get, write, flush, send, signal }: Host<Traits, keyof Settings>): View<Traits> {
  const layerAt = (name: string) => get("layers").find((layer) => layer.name === name);
  const filterCount = () => layerAt(get("layer"))?.filters ?? 1;
  let connection: Connection = "live";
  let [activations, follows]: [Values, boolean] = [[], false];

  const layers = layerControl({
    // In one message: the kernel never sees a filter that the layer does not have.
    changed: (layer) => write({ layer, filter: Math.min(get("filter"), (layerAt(layer)?.filters ?? 1) - 1) }),
    released: flush,
    all(on) {
      write({ all_layers: on });
      flush();
    },
  }, signal);
  const filters = slider({
    name: "Filter",
    title: "The filter: an output channel of the layer, counted from 0",
    changed: (filter) => write({ filter }),
    released: flush,
  }, signal);
  const method = methodControl((name) => {
    const preset = get("presets")[name];
    // In one message, as the kernel would set them.
    if (preset) write({ method: name, options: preset.options, step_size: preset.step_size, iterations: preset.iterations });
    flush();
  }, signal);
  const steps = slider({
    name: "Step size",
    title: "How far each iteration moves the image, in grey levels (RMS)",
    changed: (step_size) => write({ step_size }),
    released: flush,
    describe: (value) => `${value} grey levels`,
  }, signal);
  const iterations = slider({
    name: "Iterations",
    title: "How many steps the ascent takes",
    changed: (iterations) => write({ iterations }),
    released: flush,
  }, signal);
  const seed = seedControl((seed) => {
    write({ seed });
    flush();
  }, signal);
  const options = optionsDrawer({
    changed: (axis, value) => write({ options: { ...get("options"), [axis]: value } }),
    released: flush,
    reset() {
      const preset = get("presets")[get("method")];
      if (preset) write({ options: preset.options });
      flush();
    },
  }, signal);

  const body = element("div", { className: "filterviz-body" });
  const view = picture(body, signal);
  const activation = curve("Activation");
  const line = progress({ stop: () => send("cancel"), again: () => send("run") }, signal);
  const rows = [...layers.elements, filters.element, method.element, steps.element, iterations.element, seed.element];
  const side = element("div", { className: "filterviz-side" }, {},
    element("div", { className: "filterviz-controls" }, {}, ...rows), activation.element, line.element);
  body.append(view.element, side, options.element);

  function drawLayers() {
    layers.show(get("layers"), get("unsupported"), get("layer"), get("all_layers"));
  }

  function drawMethod() {
    const [name, values, presets] = [get("method"), get("options"), get("presets")];
    method.show(name, values, presets);
    options.show(values, differs(values, presets[name]));
  }

  function drawRange() {
    const [low, high] = get("input_range");
    view.remark(`Pixels from ${readable(low)} to ${readable(high)} (${get("input_range_source")})`);
  }

  function drawPicture() {
    const shown = get("shown");
    if (!shown?.layer || !get("image")) return; // before the first picture
    const { text, alternative } = caption(shown, layerAt(shown.layer));
    view.show(get("image"), text, alternative);
  }

  function drawMore() {
    const more = get("activations_more");
    // A view that comes after the run has the whole at once, and finds the last piece lying there.
    if (more?.values && (follows || !activations.length)) activations = grown(activations, more);
    follows = true;
    drawRun();
  }

  function drawRun() {
    // While the slider moves the picture on the screen is still one of other settings.
    const shown = get("shown");
    const total = get("iteration") > 0 && shown ? shown.iterations : get("iterations");
    const options = shown?.options ?? {};
    const moves = MOVES.some((axis) => Number(options[axis]) > 0) || Number(options.octaves) > 1;
    activation.show(activations, total, moves);
    // Where nobody answers, nothing goes on; what was finished has been.
    const goesOn = ["idle", "compiling", "running"].includes(get("status"));
    const status = connection === "lost" || (rests(connection) && goesOn) ? "disconnected" : get("status");
    line.show(status, get("iteration"), total, get("layer"));
  }

  return {
    elements: [body],
    draw: {
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
      axes: () => options.offer(get("axes")),
      inapplicable() {
        const reasons = get("inapplicable");
        filters.unavailable(reasons.filter ?? "");
        options.unavailable(reasons);
      },
      limits() {
        const limits = get("limits");
        const [low, high] = limits.step_size;
        steps.range(logarithmic(Math.max(low, STEP_SLIDER[0]), Math.min(high, STEP_SLIDER[1])), limits.step_size, false);
        const [fewest, most] = limits.iterations;
        iterations.range(linear(fewest, Math.min(most, LONGEST_SLIDER)), limits.iterations, true);
        seed.range(limits.seed);
      },
      filter: () => filters.show(get("filter")),
      step_size: () => steps.show(get("step_size")),
      iterations: () => iterations.show(get("iterations")),
      seed: () => seed.show(get("seed")),
      image_size() {
        const [height, width] = get("image_size");
        view.reserve(width, height);
      },
      input_range: drawRange,
      input_range_source: drawRange,
      image: drawPicture,
      shown: drawPicture,
      activations() {
        activations = get("activations");
        drawRun();
      },
      activations_more: drawMore,
      iteration: drawRun,
      status: drawRun,
    },
    connected(state) {
      connection = state;
      for (const part of [layers, filters, method, options, steps, iterations, seed, line]) part.enabled(!rests(state));
      drawRun();
    },
  };
}

export default widget("Filter explorer", SETTINGS, explorer) satisfies AnyWidget<Traits>;
