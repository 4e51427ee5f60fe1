// The screen of a layer: all its filters in a sheet.
import type { LayerEntry } from "../base/atlas_format";
import type { Order, SheetState } from "../base/data";
import { element } from "../base/dom";
import { grouped } from "../base/scale";
import { sheet } from "../panels/sheet";
import { part } from "./atlas_find";
import { addressOf } from "./atlas_place";
import { alike, change, type ReadLayer, sheetOf } from "./atlas_reader";
import { type Atlas, finished, heading, type Screen, sizes, withSign } from "./atlas_screen";
import { words as say } from "./atlas_source";
import { spriteQueue } from "./atlas_sprites";

const SIMILARITY = "similarity";

export interface LayerScreen extends Screen<{ layer: string }> {
  /** A filter of the layer is looked at elsewhere: there the sheet will stand. */
  choose(layer: string, filter: number): void;
  /** Shows the sheet of a layer in the order of the likeness to a filter. */
  like(layer: string, filter: number): void;
}

export function layerScreen(atlas: Atlas): LayerScreen {
  const { signal } = atlas;
  const title = heading();
  const steps = element("div", { className: "filterviz-atlas-steps" });
  const facts = element("p", { className: "filterviz-atlas-facts" });
  const note = element("p", { className: "filterviz-atlas-facts" });
  const progress = finished();
  const problem = element("p", { className: "filterviz-atlas-problem" }, { role: "status" });
  const likeChosen = element("button", { type: "button", className: "filterviz-small" });
  let [entry, read]: [LayerEntry | undefined, ReadLayer | undefined] = [undefined, undefined];
  let changes: (number | null)[] = [];
  /** By layer: the filter that was looked at, and the one that others are alike to. */
  const [chosen, reference] = [new Map<string, number>(), new Map<string, number>()];
  const broken = new Set<number>();
  let [shownKey, likesNext] = ["", false];

  const whole = sheet({
    choose(filter) {
      if (entry) chosen.set(entry.name, filter);
      drawLike();
    },
    open: (filter) => entry && atlas.go(addressOf(entry.name, filter)),
    kind: () => undefined,
    want: (_, pages) => sprites.want(pages),
  }, signal);
  whole.head.append(likeChosen);
  const sprites = spriteQueue((page) => {
    const layer = read;
    if (!layer?.isMade(page * layer.page) || broken.has(page)) return undefined;
    return atlas.reader.source.image(sheetOf(layer.folder, page * layer.page)).then(async (source) => {
      if (layer !== read && layer.folder !== read?.folder) return;
      if (await whole.sprite(`${layer.name}|optimum`, page, source)) return;
      if (layer.folder !== read?.folder) return;
      broken.add(page);
      problem.textContent = `Some pictures are missing: ${sheetOf(layer.folder, page * layer.page)} is not there, or no image.`;
    });
  });

  const chosenIn = (layer: string) => chosen.get(layer) ?? 0;

  function drawLike() {
    const filter = entry ? chosenIn(entry.name) : 0;
    likeChosen.textContent = `Most alike to ${filter} first`;
    likeChosen.title = `Sort by how alike the layer answers to the optima, beginning with filter ${filter}`;
    likeChosen.hidden = !read?.activations.length;
  }

  likeChosen.addEventListener("click", () => entry && sortAlike(entry.name, chosenIn(entry.name)), { signal });

  function sortAlike(layer: string, filter: number) {
    reference.set(layer, filter);
    draw();
    whole.sort(SIMILARITY);
  }

  function orders(layer: ReadLayer): Order[] {
    const to = reference.get(layer.name) ?? chosenIn(layer.name);
    reference.set(layer.name, to);
    const made: Order[] = [
      { name: "activation", words: "by activation", values: layer.activations, missing: "No filter is finished yet" },
      { name: SIMILARITY, said: `alike to ${to}`, words: `by likeness to filter ${to}`, values: layer.isMade(to) ? alike(layer, to) : [], missing: "That filter is not finished yet" },
    ];
    const { images } = atlas.reader.about;
    if (images) made.splice(1, 0, { name: "selectivity", words: "by selectivity", values: layer.selectivity, missing: "The images have not been looked through yet" });
    if (atlas.compared) made.push({ name: "change", words: "by change to the other atlas", missing: "The other atlas has none of these filters yet",
      values: changes.some((value) => value !== null) ? changes.map((value) => (value === null ? null : 1 - value)) : [] });
    return made;
  }

  function draw() {
    if (!entry || !read) return;
    const { failed } = read;
    const listed = failed.slice(0, 12).join(", ") + (failed.length > 12 ? ` and ${failed.length - 12} more` : "");
    const state: SheetState = {
      layer: read.name, filters: read.filters, kind: "optimum", kinds: [["optimum", "Optima", ""]], tile: read.tile, page: read.page,
      columns: read.columns, activations: [], selectivity: [], orders: orders(read),
      words: failed.length ? `No optimum: ${part(read.kind)} ${listed}.` : "",
    };
    whole.show(state, chosenIn(read.name));
    drawLike();
  }

  function drawHead(layer: LayerEntry) {
    const { layers } = atlas.reader.about;
    const at = layers.findIndex(({ name }) => name === layer.name);
    title.textContent = layer.name;
    facts.textContent = [layer.class_name, layer.shape.includes(null) ? "" : sizes(layer.shape), `${grouped(layer.filters)} ${part(layer.kind)}${layer.filters === 1 ? "" : "s"}`].filter(Boolean).join(" · ");
    note.textContent = layer.note;
    progress.show(layer.made, layer.filters);
    const step = (by: number, text: readonly Node[], help: string) => {
      const next = layers[at + by];
      return next ? [atlas.link(addressOf(next.name), { className: "filterviz-button", title: `${help}: ${next.name}` }, ...text)] : [];
    };
    steps.replaceChildren(...step(-1, withSign("‹ ", "Layer before", ""), "The layer before"), ...step(1, withSign("", "Next layer", " ›"), "The next layer"));
  }

  return {
    element: element("div", { className: "filterviz-atlas-layer" }, {},
      element("div", { className: "filterviz-atlas-head" }, {}, title, steps, facts, note, progress.element), problem, whole.element),
    async show({ layer }) {
      const isNew = entry?.name !== layer || shownKey !== atlas.reader.about.key;
      entry = atlas.reader.entry(layer);
      if (!entry) return;
      drawHead(entry);
      if (isNew) {
        problem.textContent = "";
        broken.clear();
        sprites.forget();
        if (shownKey !== atlas.reader.about.key) whole.forget();
        shownKey = atlas.reader.about.key;
        [read, changes] = [undefined, []];
        whole.element.hidden = true;
      }
      const wanted = entry;
      const next = await atlas.reader.layer(entry);
      if (entry !== wanted) return; // another one has been asked for
      read = next;
      if (next.field?.words) facts.textContent = `${facts.textContent} · ${next.field.whole ? "" : "receptive field "}${next.field.words}`;
      whole.element.hidden = false;
      const other = await atlas.compared?.layer(wanted).catch((error: unknown) => void (problem.textContent = say(error)));
      if (entry !== wanted) return;
      changes = other ? change(next, other) : [];
      draw();
      if (likesNext) whole.sort(SIMILARITY);
      likesNext = false;
      sprites.again();
    },
    focus() {
      const tile = whole.element.querySelector<HTMLElement>("[role=gridcell][tabindex='0']");
      if (tile) tile.focus({ preventScroll: true });
      else title.focus({ preventScroll: true });
    },
    choose: (layer, filter) => void chosen.set(layer, filter),
    like(layer, filter) {
      chosen.set(layer, filter);
      reference.set(layer, filter);
      likesNext = true;
    },
  };
}
