// The history's widget: one slider for time; kernel, gradient and picture of a filter; curves with a cursor.
import type { AnyModel, RenderProps } from "@anywidget/types";
import { choice } from "../controls/choice";
import { connection, type Connection } from "../host/connection";
import { element } from "../base/dom";
import { historyCharts } from "../panels/charts";
import type { HistorySettings, HistoryTraits } from "../host/history_traits";
import { legend } from "../panels/legend";
import { playButton } from "../controls/play";
import { throttled } from "../host/save";
import { slider } from "../controls/slider";
import { placeOf, stops } from "../base/stops";
import { tile } from "../panels/tile";

const ANSWERS = ["status", "shown", "epochs", "error"];
const OFFLINE: Record<Connection, string> = {
  live: "",
  silent: "No answer from the kernel so far: it is busy, or it is not there. Then run the cell again.",
  lost: "Not connected to a kernel: the pictures stay, the controls rest. Run the cell again to go on.",
};

export function history(model: AnyModel<HistoryTraits>, root: HTMLElement, signal: AbortSignal): void {
  const kernel = connection(model, () => model.get("status") === "drawing", connect, signal, ANSWERS);
  const saver = throttled(() => {
    model.save_changes();
    kernel.asked();
  }, kernel.lost, signal);
  const last = () => model.get("epochs").length - 1;
  const entryOf = (name: string) => model.get("layers").find((layer) => layer.name === name);
  const filtersOf = (name: string) => entryOf(name)?.filters ?? [0];

  function change<K extends keyof HistorySettings>(name: K, value: HistoryTraits[K]) {
    if (model.get(name) === value) return draw(); // the control may stand between two stops
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
      change("epoch", placeOf(model.get("epochs"), value));
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
      const numbers = filtersOf(present().layer);
      change("filter", numbers[placeOf(numbers, value)] ?? 0);
    },
    released,
  }, signal);

  const [kernelScale, gradientScale] = [legend(), legend()];
  const tiles = {
    kernel: tile("Kernel", signal, { legend: kernelScale.element }),
    gradient: tile("Gradient on the probe", signal, { legend: gradientScale.element }),
    picture: tile("What it responds to", signal, { crisp: true }),
  };
  const charts = historyCharts(jump, signal);
  const note = element("p", { className: "filterviz-quiet" });
  const warning = element("p", { className: "filterviz-note", hidden: true }, { role: "status" });
  const alert = element("p", { className: "filterviz-error", hidden: true }, { role: "alert" });
  const offline = element("p", { className: "filterviz-note", hidden: true }, { role: "status" });
  root.classList.add("filterviz");
  root.append(element("div", { className: "filterviz-history" }, {},
    element("div", { className: "filterviz-controls" }, {}, epochs.element,
      element("div", { className: "filterviz-names" }, {}, play.element), layers.element, filters.element),
    element("div", { className: "filterviz-tiles" }, {}, ...Object.values(tiles).map((each) => each.element)),
    charts.element, warning, note, alert, offline));
  for (const kind of ["keydown", "keyup", "keypress"])
    root.addEventListener(kind, (event) => event.stopPropagation(), { signal });

  function connect(state: Connection) {
    offline.textContent = OFFLINE[state];
    offline.hidden = state === "live";
    if (state === "lost") play.pause();
    for (const part of [epochs, layers, filters, play]) part.enabled(state !== "lost");
  }

  /** The settings in force; before the first choice the kernel's own. */
  function present(): HistorySettings {
    const [layer, filter, shown] = [model.get("layer"), model.get("filter"), model.get("shown")];
    return { epoch: model.get("epoch"), layer: layer || (shown?.layer ?? ""), filter: layer ? filter : (shown?.filter ?? filter) };
  }

  let seen = 0;
  function drawEpochs() {
    const known = model.get("epochs");
    // Who looks at the newest epoch goes on to see the newest.
    if (known.length > seen && seen > 0 && model.get("epoch") === seen - 1) jump(known.length - 1);
    seen = known.length;
    epochs.range(stops(known), [known[0] ?? 0, known.at(-1) ?? 0], true);
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
    filters.range(stops(numbers), [Math.min(...numbers), Math.max(...numbers)], true);
    filters.show(filter);
    const [marks, own] = [model.get("marks"), entryOf(layer)?.owner ?? ""];
    charts.show({ epochs: known, logs: model.get("logs"), norms: model.get("norms"), marks }, at, own);
    const marked = Object.entries(marks).filter(([, words]) => ["dead", "exploding"].includes(words[at] ?? ""));
    warning.hidden = !marked.length;
    warning.textContent = marked.map(([name, words]) => `⚠ ${name}: ${words[at]}`).join(" · ");
  }

  function drawShown() {
    const shown = model.get("shown");
    if (!shown?.layer) return draw(); // nothing was recorded yet
    const epoch = model.get("epochs")[shown.epoch] ?? "";
    const of = `of filter ${shown.filter} of layer ${shown.layer}, epoch ${epoch}`;
    tiles.kernel.show(shown.kernel, shown.kernel_words, `Kernel ${of}`);
    tiles.gradient.show(shown.gradient, shown.gradient_words, `Gradient ${of}`);
    tiles.picture.show(shown.picture, shown.picture_words,
      `What filter ${shown.filter} of layer ${shown.layer} responds to, epoch ${epoch}`);
    kernelScale.show(shown.kernel_limit, Boolean(shown.kernel));
    gradientScale.show(shown.gradient_limit, Boolean(shown.gradient));
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

function render({ model, el, signal }: RenderProps<HistoryTraits> & { signal?: AbortSignal }): () => void {
  const view = new AbortController();
  signal?.addEventListener("abort", () => view.abort(), { once: true, signal: view.signal });
  history(model, el, view.signal);
  return () => view.abort();
}

export default { render };
