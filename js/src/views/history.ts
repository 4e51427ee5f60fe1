// The history on the screen: one slider for time; kernel, gradient and picture of a filter; curves with a cursor.
import type { AnyWidget } from "@anywidget/types";
import { element } from "../base/dom";
import { placeOf, stops } from "../base/stops";
import { choice } from "../controls/choice";
import { playButton } from "../controls/play";
import { slider } from "../controls/slider";
import { rests } from "../host/connection";
import { SETTINGS, type Settings, type Traits } from "../host/history_traits";
import { type Host, type View, widget } from "../host/shell";
import { historyCharts } from "../panels/charts";
import { legend } from "../panels/legend";
import { tile } from "../panels/tile";

function history({ get, write, flush, signal }: Host<Traits, keyof Settings>): View<Traits> {
  const last = () => get("epochs").length - 1;
  const entryOf = (name: string) => get("layers").find((layer) => layer.name === name);
  /** By rising number: a slider's stops, whatever order they were asked for in. */
  const filtersOf = (name: string) => [...(entryOf(name)?.filters ?? [0])].sort((one, other) => one - other);

  function jump(epoch: number) {
    write({ epoch });
    flush();
  }

  const epochs = slider({
    name: "Epoch",
    title: "How long the model had been trained",
    changed(value) {
      play.pause();
      write({ epoch: placeOf(get("epochs"), value) });
      draw(); // a typed number may lie between two stops
    },
    released: flush,
    describe: (value) => (value === 0 ? "before training" : `after epoch ${value}`),
  }, signal);
  const play = playButton(() => {
    if (get("epoch") < last()) jump(get("epoch") + 1);
    return get("epoch") < last();
  }, () => get("epoch") >= last() && jump(0), signal);
  const layers = choice<string>({ name: "Layer", title: "Which recorded layer", changed(layer) {
    // In one message: the kernel never sees a filter that the layer does not have.
    const filters = filtersOf(layer);
    write({ layer, filter: filters.includes(get("filter")) ? get("filter") : (filters[0] ?? 0) });
  } }, signal);
  const filters = slider({
    name: "Filter",
    title: "Which of the recorded filters, by its number in the layer",
    changed(value) {
      // The layer, too: it may be the kernel's own choice so far.
      const { layer } = present();
      const numbers = filtersOf(layer);
      write({ layer, filter: numbers[placeOf(numbers, value)] ?? 0 });
      draw(); // a typed number may lie between two stops
    },
    released: flush,
  }, signal);

  const [kernelScale, gradientScale] = [legend(), legend()];
  const tiles = {
    kernel: tile("Kernel", signal, { legend: kernelScale.element }),
    gradient: tile("Gradient on the probe", signal, { legend: gradientScale.element }),
    picture: tile("What it responds to", signal, { crisp: true }),
  };
  const charts = historyCharts(jump, signal);
  const warning = element("p", { className: "filterviz-warning" }, { role: "status" });
  const body = element("div", { className: "filterviz-history" }, {},
    element("div", { className: "filterviz-controls" }, {}, epochs.element,
      element("div", { className: "filterviz-below" }, {}, play.element), layers.element, filters.element),
    element("div", { className: "filterviz-tiles" }, {}, ...Object.values(tiles).map((each) => each.element)),
    charts.element, warning);

  /** The settings in force; before the first choice the kernel's own. */
  function present(): Settings {
    const [layer, filter, shown] = [get("layer"), get("filter"), get("shown")];
    return { epoch: get("epoch"), layer: layer || (shown?.layer ?? ""), filter: layer ? filter : (shown?.filter ?? filter) };
  }

  function drawEpochs() {
    const known = get("epochs");
    epochs.range(stops(known), [known[0] ?? 0, known.at(-1) ?? 0], true);
    play.unavailable(known.length > 1 ? "" : "There is one epoch to show so far.");
    drawShown(); // some hosts tell of one trait after the other, and what is shown may be of an epoch that comes now
  }

  function drawLayers() {
    layers.offer(get("layers").map(({ name }) => [name, name]));
    draw();
  }

  function draw() {
    const { epoch, layer, filter } = present();
    const known = get("epochs");
    const at = Math.min(epoch, Math.max(0, known.length - 1));
    for (const part of [epochs, layers, filters]) part.unavailable(known.length ? "" : "Nothing is recorded yet.");
    epochs.show(known[at] ?? 0);
    layers.show(layer);
    const numbers = filtersOf(layer);
    filters.range(stops(numbers), [Math.min(...numbers), Math.max(...numbers)], true);
    filters.show(filter);
    const [marks, own] = [get("marks"), entryOf(layer)?.owner ?? ""];
    charts.show({ epochs: known, logs: get("logs"), norms: get("norms"), marks }, at, own);
    const marked = Object.entries(marks).filter(([, words]) => ["dead", "exploding"].includes(words[at] ?? ""));
    const words = marked.map(([name, each]) => `⚠ ${name}: ${each[at]}`).join(" · ");
    if (warning.textContent !== words) warning.textContent = words;
  }

  function drawShown() {
    const shown = get("shown");
    if (!shown?.layer) return draw(); // nothing was recorded yet
    const epoch = get("epochs")[shown.epoch] ?? "";
    const of = `of filter ${shown.filter} of layer ${shown.layer}, epoch ${epoch}`;
    tiles.kernel.show(shown.kernel, shown.kernel_words, `Kernel ${of}`);
    tiles.gradient.show(shown.gradient, shown.gradient_words, `Gradient ${of}`);
    tiles.picture.show(shown.picture, shown.picture_words,
      `What filter ${shown.filter} of layer ${shown.layer} responds to, epoch ${epoch}`);
    kernelScale.show(shown.kernel_limit, Boolean(shown.kernel));
    gradientScale.show(shown.gradient_limit, Boolean(shown.gradient));
    draw();
  }

  return {
    elements: [body],
    draw: {
      layers: drawLayers,
      epochs: drawEpochs,
      epoch: draw,
      layer: draw,
      filter: draw,
      logs: draw,
      norms: draw,
      marks: draw,
      shown: drawShown,
      status: () => undefined, // a sign of life, no more
    },
    connected(state) {
      if (rests(state)) play.pause();
      for (const part of [epochs, layers, filters, play]) part.enabled(!rests(state));
    },
  };
}

export default widget("Training history", SETTINGS, history) satisfies AnyWidget<Traits>;
