// The history's widget: one slider for time; kernel, gradient and picture of a filter; curves with a cursor.
import type { AnyModel, RenderProps } from "@anywidget/types";
import { chart, type Chart } from "./chart";
import { choice } from "./choice";
import { connection, type Connection } from "./connection";
import { element } from "./dom";
import type { HistorySettings, HistoryTraits, Series } from "./history_model";
import { legend } from "./legend";
import { playButton } from "./play";
import { throttled } from "./save";
import { linear } from "./scale";
import { slider } from "./slider";
import { tile } from "./tile";

const ANSWERS = ["shown", "epochs", "note", "error"];
const OFFLINE: Record<Connection, string> = {
  live: "",
  silent: "No answer from the kernel so far: it is busy, or it is not there. Then run the cell again.",
  lost: "Not connected to a kernel: the pictures stay, the controls rest. Run the cell again to go on.",
};

export function history(model: AnyModel<HistoryTraits>, root: HTMLElement, signal: AbortSignal): void {
  const kernel = connection(model, () => false, connect, signal, ANSWERS);
  const saver = throttled(() => {
    model.save_changes();
    kernel.asked();
  }, kernel.lost, signal);
  const last = () => model.get("epochs").length - 1;
  const filtersOf = (name: string) => model.get("layers").find((layer) => layer.name === name)?.filters ?? [0];

  function change<K extends keyof HistorySettings>(name: K, value: HistoryTraits[K]) {
    model.set(name, value);
    saver.request();
  }

  function jump(index: number) {
    change("epoch", index);
    saver.flush();
  }

  const released = () => saver.flush();
  const epochs = slider({
    name: "Epoch",
    title: "How long the model had been trained",
    changed: (value) => {
      play.pause();
      change("epoch", placeOf(value));
    },
    released,
    describe: (value) => (value === 0 ? "before training" : `after epoch ${value}`),
  }, signal);
  const play = playButton(() => {
    if (model.get("epoch") < last()) jump(model.get("epoch") + 1);
    return model.get("epoch") < last();
  }, () => model.get("epoch") >= last() && jump(0), signal);
  const layers = choice({ name: "Layer", title: "Which recorded layer", changed(name) {
    model.set("layer", name);
    // In the same message: the kernel never sees a filter that the layer does not have.
    const filters = filtersOf(name);
    if (!filters.includes(model.get("filter"))) model.set("filter", filters[0] ?? 0);
    saver.request();
  } }, signal);
  const filters = slider({
    name: "Filter",
    title: "Which of the recorded filters, by its number in the layer",
    changed(value) {
      // The layer, too: it may be the kernel's own choice so far.
      model.set("layer", present().layer);
      change("filter", nearest(filtersOf(present().layer), value));
    },
    released,
  }, signal);

  const [kernelScale, gradientScale] = [legend(), legend()];
  const tiles = {
    kernel: tile("Kernel", kernelScale.element),
    gradient: tile("Gradient on the probe", gradientScale.element),
    picture: tile("What it responds to"),
  };
  const charts = element("div", { className: "filterviz-charts" });
  const drawn = new Map<string, Chart>();
  const note = element("p", { className: "filterviz-quiet" });
  const warning = element("p", { className: "filterviz-note", hidden: true }, { role: "status" });
  const alert = element("p", { className: "filterviz-error", hidden: true }, { role: "alert" });
  const offline = element("p", { className: "filterviz-note", hidden: true }, { role: "status" });
  root.classList.add("filterviz");
  root.append(element("div", { className: "filterviz-history" }, {},
    element("div", { className: "filterviz-controls" }, {}, epochs.element,
      element("div", { className: "filterviz-names" }, {}, play.element), layers.element, filters.element),
    element("div", { className: "filterviz-tiles" }, {}, ...Object.values(tiles).map((each) => each.element)),
    charts, warning, note, alert, offline));
  for (const kind of ["keydown", "keyup", "keypress"])
    root.addEventListener(kind, (event) => event.stopPropagation(), { signal });

  function connect(state: Connection) {
    offline.textContent = OFFLINE[state];
    offline.hidden = state === "live";
    for (const part of [epochs, layers, filters, play]) part.enabled(state !== "lost");
  }

  /** The settings in force; before the first choice the kernel's own. */
  function present(): HistorySettings {
    const [layer, filter, shown] = [model.get("layer"), model.get("filter"), model.get("shown")];
    return { epoch: model.get("epoch"), layer: layer || (shown?.layer ?? ""), filter: layer ? filter : (shown?.filter ?? filter) };
  }

  function placeOf(epoch: number): number {
    const known = model.get("epochs");
    return known.indexOf(nearest(known, epoch));
  }

  let seen = 0;
  function drawEpochs() {
    const known = model.get("epochs");
    // Who looks at the newest epoch goes on to see the newest.
    if (known.length > seen && seen > 0 && model.get("epoch") === seen - 1) jump(known.length - 1);
    seen = known.length;
    const [first, end] = [known[0] ?? 0, known.at(-1) ?? 0];
    epochs.range(linear(first, end), [first, end], true);
    play.unavailable(known.length > 1 ? "" : "There is one epoch to show so far.");
    draw();
  }

  function drawLayers() {
    layers.offer(model.get("layers").map((layer) => layer.name));
    draw();
  }

  function draw() {
    const { epoch, layer, filter } = present();
    const known = model.get("epochs");
    const at = Math.min(epoch, Math.max(0, known.length - 1));
    epochs.show(known[at] ?? 0);
    layers.show(layer);
    const numbers = filtersOf(layer);
    filters.range(linear(numbers[0] ?? 0, numbers.at(-1) ?? 0), [numbers[0] ?? 0, numbers.at(-1) ?? 0], true);
    filters.show(filter);
    const [norms, marks, logs] = [model.get("norms"), model.get("marks"), grouped(model.get("logs"))];
    const own = owner(layer, norms);
    const wanted = Object.entries(logs).map(([name, series]) => {
      const made = chartOf(name, false);
      made.show(series, known, at, name);
      return made.element;
    });
    if (Object.keys(norms).length) {
      const made = chartOf("Gradient norm", true);
      made.show(norms, known, at, own, marks[own]?.[at] ?? "");
      wanted.push(made.element);
    }
    if (wanted.some((each, index) => charts.children[index] !== each) || charts.children.length !== wanted.length)
      charts.replaceChildren(...wanted);
    const marked = Object.entries(marks).filter(([, words]) => ["dead", "exploding"].includes(words[at] ?? ""));
    warning.hidden = !marked.length;
    warning.textContent = marked.map(([name, words]) => `⚠ ${name}: ${words[at]}`).join("   ");
  }

  function chartOf(name: string, logarithmic: boolean): Chart {
    let made = drawn.get(name);
    if (!made) {
      made = chart(name, logarithmic, jump, signal);
      drawn.set(name, made);
    }
    return made;
  }

  function drawShown() {
    const shown = model.get("shown");
    if (!shown?.layer) return draw(); // nothing was recorded yet
    const of = `of filter ${shown.filter} of layer ${shown.layer}, epoch ${model.get("epochs")[shown.epoch] ?? ""}`;
    tiles.kernel.show(shown.kernel, shown.kernel_words, `Kernel ${of}`);
    tiles.gradient.show(shown.gradient, shown.gradient_words, `Gradient ${of}`);
    tiles.picture.show(shown.picture, shown.picture_words, `What filter ${shown.filter} of layer ${shown.layer} responds to, `
      + `epoch ${model.get("epochs")[shown.epoch] ?? ""}`);
    kernelScale.show(shown.kernel_limit);
    gradientScale.show(shown.gradient_limit);
    kernelScale.element.hidden = !shown.kernel;
    gradientScale.element.hidden = !shown.gradient;
    draw();
  }

  const acts: { [K in keyof HistoryTraits]?: () => void } = {
    layers: drawLayers,
    epochs: drawEpochs,
    epoch: draw,
    layer: draw,
    filter: draw,
    logs: draw,
    norms: draw,
    marks: draw,
    shown: drawShown,
    note: () => (note.textContent = model.get("note")),
    error() {
      alert.textContent = model.get("error");
      alert.hidden = !model.get("error");
    },
  };
  for (const [name, act] of Object.entries(acts)) {
    act();
    const event = `change:${name}` as `change:${keyof HistoryTraits & string}`;
    model.on(event, act);
    signal.addEventListener("abort", () => model.off(event, act));
  }
}

/** The number of a list that lies nearest to a value; 0 of an empty one. */
function nearest(numbers: readonly number[], value: number): number {
  return numbers.reduce((best, each) => (Math.abs(each - value) < Math.abs(best - value) ? each : best), numbers[0] ?? 0);
}

/** A chart per quantity: `val_loss` is drawn, pale, in that of `loss`. */
function grouped(logs: Series): Record<string, Series> {
  const groups: Record<string, Series> = {};
  for (const [name, values] of Object.entries(logs)) {
    const quantity = name.replace(/^(val|probe)_/, "");
    const home = quantity in logs ? quantity : name;
    groups[home] = { ...groups[home], [name]: values };
  }
  return groups;
}

/** The layer among the norms that a recorded layer's path ends in. */
function owner(layer: string, norms: Series): string {
  return Object.keys(norms).find((name) => name === layer || name.endsWith(`/${layer}`) || layer.endsWith(`/${name}`)) ?? "";
}

function render({ model, el, signal }: RenderProps<HistoryTraits> & { signal?: AbortSignal }): () => void {
  const view = new AbortController();
  signal?.addEventListener("abort", () => view.abort(), { once: true, signal: view.signal });
  history(model, el, view.signal);
  return () => view.abort();
}

export default { render };
