// The explorer on the screen: what is drawn of each trait, and which settings each control writes.
import type { AnyWidget } from "@anywidget/types";
import { element } from "../base/dom";
import { grown, type Values } from "../base/pieces";
import { same } from "../base/same";
import { grouped, linear, logarithmic, readable } from "../base/scale";
import { placeOf, stops } from "../base/stops";
import { fileMenu } from "../controls/file_menu";
import { layerControl } from "../controls/layers";
import { differs, methodControl } from "../controls/method";
import { optionsDrawer } from "../controls/options";
import { photoInput } from "../controls/photo_input";
import { seedControl } from "../controls/seed";
import { sliceControl } from "../controls/slices";
import { slider } from "../controls/slider";
import { type Connection, rests } from "../host/connection";
import { download } from "../host/download";
import { PANELS, SETTINGS, type Settings, type Traits } from "../host/explorer_traits";
import { type Host, type View, widget } from "../host/shell";
import { caption } from "../panels/caption";
import { picture } from "../panels/picture";
import { pinnedPicture } from "../panels/pinned";
import { progress } from "../panels/progress";
import { look, marked } from "../panels/spots";
import { type FilmFrame, timeLine } from "../panels/time_line";
import { beside } from "./beside";

const STEP_SLIDER: [number, number] = [0.1, 100];
const LONGEST_SLIDER = 500;
/** With these the model sees another image than the one on the screen. */
const MOVES = ["jitter", "scale", "rotation", "blur"] as const;

function explorer(host: Host<Traits, keyof Settings>): View<Traits> {
  const { get, write, flush, send, signal, identity } = host;
  const layerAt = (name: string) => get("layers").find((layer) => layer.name === name);
  const filterCount = () => layerAt(get("layer"))?.filters ?? 1;
  const prepared = (layer: string) => host.prepared?.filters?.[layer];
  /** The filter of a layer that lies nearest to a number. */
  const nearest = (layer: string, filter: number) => {
    const numbers = prepared(layer);
    return numbers ? (numbers[placeOf(numbers, filter)] ?? 0) : Math.min(filter, (layerAt(layer)?.filters ?? 1) - 1);
  };
  let connection: Connection = "live";
  let [activations, follows]: [Values, boolean] = [[], false];

  const layers = layerControl({
    // In one message: the kernel never sees a filter that the layer does not have.
    changed: (layer) => write({ layer, filter: nearest(layer, get("filter")) }),
    released: flush,
    all(on) {
      write({ all_layers: on });
      flush();
    },
  }, signal);
  const filters = slider({
    name: "Filter",
    title: "The filter: an output channel of the layer, counted from 0",
    changed(filter) {
      write({ filter: nearest(get("layer"), filter) });
      filters.show(get("filter")); // a typed number may lie between two that were prepared
    },
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
    describe: (value) => `${value} grey ${value === 1 ? "level" : "levels"}`,
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

  const looks = look();
  /** What a position in the middle sees of a signal is always marked: there is little else to see where one is. */
  const resting = () => get("data")?.kind === "signal" ? { row: 0, column: (get("field_panel")?.columns ?? []).length >> 1 } : undefined;
  const go = (layer: string, filter: number) => {
    write({ layer, filter });
    flush();
  };
  const slices = sliceControl(signal);
  const panels = beside(host, looks, slices, go);
  const body = element("div", { className: "filterviz-body" });
  const view = picture(body, signal, slices);
  const mark = marked(view.frame, looks, () => (get("field_panel")?.layer === get("shown")?.layer ? get("field_panel") : {}), signal, resting, slices);
  const time = timeLine("Activation", (frame) => view.look(frame ? frame[1] : null), signal);
  const line = progress({ stop: () => send("cancel"), again: () => send("run") }, signal);
  const pinned = pinnedPicture({ swap: () => send("swap"), unpin: () => send("unpin"), gone: () => files.focus() }, signal);
  const photo = photoInput(body, (name, data) => send("photo", { name }, [data]), signal);
  const files = fileMenu({ pin: () => send("pin"), save: (kind) => send("save", { kind, view: identity }) }, signal);
  // Screen readers hear of the whole set, not of every image of it that is read.
  const reading = element("span");
  const set = element("span", {}, { role: "status" });
  const images = element("div", { className: "filterviz-read" }, {}, reading, set);
  const range = element("p", { className: "filterviz-range" });
  const settings = element("details", { className: "filterviz-settings" }, {}, element("summary", { textContent: "Settings" }),
    element("div", { className: "filterviz-controls" }, {}, steps.element, iterations.element, seed.element), range);
  const side = element("div", { className: "filterviz-side" }, {},
    element("div", { className: "filterviz-controls" }, {}, ...layers.elements, filters.element, method.element),
    settings, options.element,
    element("div", { className: "filterviz-choices" }, {}, panels.toggles, photo.element, files.element, images),
    pinned.element);
  const main = element("div", { className: "filterviz-main" }, {}, view.element, slices.element, time.element, line.element);
  // Above the panels, below which nobody would see them, and below the controls, which they must not move.
  const lines = element("div", { className: "filterviz-lines" });
  body.append(main, side, lines, panels.element);

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
    const { kind = "image", words = "" } = get("data") ?? {};
    const note = get("model_note");
    range.textContent =
      `${kind === "image" ? "Pixels" : "Values"} from ${readable(low)} to ${readable(high)} (${get("input_range_source")})` +
      (words && `. ${words}`) + (note && `. Model: ${note}`);
  }

  function drawPicture() {
    const shown = get("shown");
    if (!shown?.layer || !get("image")) return view.show("", "", ""); // before the first picture, or there is none
    const { text, alternative } = caption(shown, layerAt(shown.layer));
    view.show(get("image"), text, alternative);
    mark.draw();
    drawFilm();
    drawPinned();
    panels.drawCompared();
  }

  function drawFilm() {
    const { frames = [], shown: of } = get("film") ?? {};
    const shown = get("shown");
    const isIt = get("status") === "done" && of && shown && same(of, shown);
    const last: FilmFrame[] = isIt ? [[get("iteration"), get("image")]] : [];
    time.film(isIt && frames.length ? [...frames.filter(([iteration]) => iteration < get("iteration")), ...last] : []);
  }

  function drawImages() {
    const [count, of] = get("read") ?? [];
    const known = get("images_info")?.words;
    const progress = `${grouped(count ?? 0)}${of ? ` of ${grouped(of)}` : ""} images read`;
    reading.textContent = count !== undefined ? progress : "";
    const words = count === undefined && known ? `Set: ${known}` : "";
    if (set.textContent !== words) set.textContent = words;
  }

  function drawPinned() {
    pinned.show(get("pinned") ?? {}, get("shown"), get("layers"), get("axes"));
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
    time.show(activations, total, moves);
    // Where nobody answers, nothing goes on; what was finished has been.
    const goesOn = ["idle", "compiling", "running"].includes(get("status"));
    const status = connection === "lost" || (rests(connection) && goesOn) ? "disconnected" : get("status");
    const last = activations.at(-1);
    line.show(status, get("iteration"), total, get("layer"), typeof last === "number" ? `activation ${readable(last)}` : "");
    drawFilm();
  }

  return {
    elements: [body],
    lines,
    draw: {
      layers: drawLayers,
      unsupported: drawLayers,
      all_layers: drawLayers,
      layer() {
        drawLayers();
        const [numbers, last] = [prepared(get("layer")), filterCount() - 1];
        if (numbers) filters.range(stops(numbers), [numbers[0] ?? 0, numbers.at(-1) ?? 0], true);
        else filters.range(linear(0, last), [0, last], true);
        panels.drawChosen();
        panels.drawBusy();
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
      filter() {
        filters.show(get("filter"));
        panels.drawBusy();
      },
      step_size: () => steps.show(get("step_size")),
      iterations: () => iterations.show(get("iterations")),
      seed: () => seed.show(get("seed")),
      data() {
        slices.offer(get("data")?.slices ?? 1);
        drawRange();
      },
      image_size() {
        const [height, width] = get("image_size");
        view.reserve(width, height);
      },
      input_range: drawRange,
      input_range_source: drawRange,
      model_note: drawRange,
      image: drawPicture,
      shown: drawPicture,
      activations() {
        activations = get("activations");
        drawRun();
      },
      activations_more: drawMore,
      iteration: drawRun,
      status() {
        drawRun();
        panels.drawCompared();
      },
      film: drawFilm,
      pinned: drawPinned,
      photo_info() {
        const { name = "", note = "" } = get("photo_info") ?? {};
        photo.say([name, note].filter(Boolean).join(" · "));
        panels.draw("field");
      },
      read: drawImages,
      images_info: drawImages,
      panels: panels.drawChosen,
      busy: panels.drawBusy,
      ...Object.fromEntries(PANELS.map((name) => [`${name}_panel`, () => {
        panels.draw(name);
        if (name === "field") {
          panels.draw("map");
          mark.draw();
        }
      }])),
    },
    connected(state) {
      connection = state;
      for (const part of [layers, filters, panels, pinned, files]) part.enabled(!rests(state));
      for (const part of [method, options, steps, iterations, seed, line, photo]) part.enabled(!rests(state) && state !== "prepared");
      drawRun();
    },
    received({ type, key, page, source, name, view }, [data]) {
      if (type === "sprite") panels.sprite(String(key), Number(page), String(source));
      if (type === "file" && view === identity && data) download(String(name), { data: data as DataView<ArrayBuffer>, kind: "application/octet-stream" });
    },
  };
}

export default widget("Filter explorer", SETTINGS, explorer) satisfies AnyWidget<Traits>;
