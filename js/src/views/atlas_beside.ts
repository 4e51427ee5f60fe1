// The panels of a filter: what inhibits it, facets, kernel, receptive field, strongest images, neighbours, code.
import type { FilterEntry, Sprites } from "../base/atlas_format";
import type { About, FieldState } from "../base/data";
import { element } from "../base/dom";
import { likeness } from "../base/profiles";
import { grouped, readable } from "../base/scale";
import type { Slices } from "../base/slices";
import { alikeFilters } from "../panels/alike";
import { code } from "../panels/code";
import { type Cut, cut } from "../panels/cut";
import { examples } from "../panels/examples";
import { limit, pixelImage } from "../panels/image";
import { legend } from "../panels/legend";
import { neighbourLists } from "../panels/neighbours";
import { panel } from "../panels/panel";
import { fieldPositions, positionKeys } from "../panels/position_keys";
import { type Look, marked, wordsOf } from "../panels/spots";
import { addressOf } from "./atlas_place";
import { alike, type ReadFilter, type ReadLayer, sheetOf } from "./atlas_reader";
import { type Atlas, images } from "./atlas_screen";
import { words as say } from "./atlas_source";

/** Filters among the most alike that are shown. */
const ALIKE = 12;
/** Milliseconds that a filter is looked at before their pictures are loaded: each may lie in a file of its own. */
const RESTS = 150;
const SPRITE = { inhibits: "inhibits.jpg", facets: "facets.jpg", kernels: "kernels.webp" } as const;

export interface BesideFilter {
  element: HTMLElement;
  /** Those that are alike, which have their place beside the optimum. */
  alike: HTMLElement;
  /** Whether something was not there yet when it was shown. */
  readonly waits: boolean;
  /** `source` is the optimum, "" for none; `isStale` says whether another filter has been asked for since. */
  show(layer: ReadLayer, found: ReadFilter, source: string, isStale: () => boolean): void;
}

/** `field` is the receptive field that is shown at present; `like` opens the sheet of those that are alike. */
export function besideFilter(
  atlas: Atlas, looks: Look, slices: Slices, field: () => FieldState, like: (layer: string, filter: number) => void,
): BesideFilter {
  const { signal, reader } = atlas;
  const load = images();
  const made = (title: string, help: string, head: readonly HTMLElement[] = []) => panel({ title, help, head }, () => undefined, signal);
  const sheetButton = element("button", { type: "button", className: "filterviz-small", textContent: "all", title: "All filters of the layer, the most alike first" });
  const lines = code(signal);
  const best = examples(signal);
  const panels = {
    alike: made("Alike", "Filters of the layer to whose optima the layer answers most alike", [sheetButton]),
    inhibits: made("Inhibits", "The picture of the opposite sign: what lowers the activation most"),
    facets: made("Facets", "Several pictures that excite the filter, as unlike each other as they can be"),
    kernel: made("Kernel", "The weights that make the filter: blue below zero, red above"),
    field: made("Field", "Which pixels of the image one position of the feature map can see"),
    // The atlas has no weakest ones.
    strongest: made("Strongest", "The images of the set that excite the filter most", best.head.slice(1)),
    neighbours: made("Neighbours", "Filters before and behind it with the strongest effective weights"),
    code: made("Code", "The lines of Python that make the optimum again", lines.head),
  };
  const whole = cut(true, signal);
  const weights = cut(false, signal);
  const scale = legend();
  const facets = element("div", { className: "filterviz-atlas-facets" });
  const pictures: Cut[] = [];
  const optimum = pixelImage();
  const frame = element("div", { className: "filterviz-panel-image" }, {}, optimum);
  const neighbours = neighbourLists((layer, filter) => atlas.go(addressOf(layer, filter)), signal,
    (layer) => (reader.entry(layer) ? "" : `Layer ${layer} is not in this atlas`));
  const shown = { layer: "", filter: 0 };
  let waits = false;
  const near = alikeFilters((filter, ...children) => atlas.link(addressOf(shown.layer, filter), {}, ...children));
  const middle = () => fieldPositions(field(), slices)?.from;
  marked(whole.frame, looks, field, signal, undefined, { at: 0, of: 1, follow: () => undefined });
  const mark = marked(frame, looks, field, signal, middle, slices);
  optimum.addEventListener("load", () => limit(frame, optimum.naturalWidth, optimum.naturalHeight / slices.of), { signal });
  panels.alike.body.append(near.element);
  panels.inhibits.body.append(whole.element);
  panels.facets.body.append(facets);
  panels.kernel.body.append(weights.element, scale.element);
  panels.field.body.append(frame, positionKeys(frame, "Receptive field of a position", looks, () => fieldPositions(field(), slices), (spot) => wordsOf(field(), spot), signal));
  panels.strongest.body.append(best.element);
  panels.neighbours.body.append(neighbours.element);
  panels.code.body.append(lines.element);
  panels.code.element.classList.add("filterviz-atlas-two");
  sheetButton.addEventListener("click", () => like(shown.layer, shown.filter), { signal });
  const root = element("div", { className: "filterviz-panels" }, {}, ...Object.values(panels).slice(1).map((each) => each.element));

  return {
    element: root,
    alike: panels.alike.element,
    get waits() {
      return waits;
    },
    show(layer, { entry, shard, place, folder }, source, isStale) {
      Object.assign(shown, { layer: layer.name, filter: entry.filter });
      waits = false;
      const about = { layer: layer.name, filter: entry.filter };
      const subject = `filter ${entry.filter} of layer ${layer.name}`;
      /** Says what a panel is about, and whether there is such a panel. */
      const set = (name: keyof typeof panels, is: boolean, state: About = {}) => {
        panels[name].element.hidden = !is;
        return is && panels[name].show({ ...about, ...state }, false);
      };
      const sprite = (name: keyof typeof SPRITE, panel: keyof typeof panels, draw: (image: HTMLImageElement | undefined, sprites: Sprites) => void) => {
        const sprites = shard.sprites[name];
        if (!sprites) return;
        draw(undefined, sprites);
        load(reader.source.image(`${folder}/${SPRITE[name]}`)).then((image) => isStale() || draw(image, sprites),
          () => isStale() || panels[panel].show({ error: `${folder}/${SPRITE[name]} is missing, or no image.` }, false));
      };
      const at = ({ tile, columns }: Sprites, which: number) => [(which % columns) * tile[1], Math.floor(which / columns) * tile[0]] as const;

      drawAlike(layer, entry, isStale);
      const { inhibits, kernel } = entry;
      const lowest = inhibits && typeof inhibits.activation === "number" ? `Activation ${readable(inhibits.activation)}.` : "";
      if (set("inhibits", Boolean(inhibits && shard.sprites.inhibits), { words: [lowest, inhibits?.note ?? ""].filter(Boolean).join(" ") }))
        sprite("inhibits", "inhibits", (image, sprites) => whole.show(image, sprites.tile, ...at(sprites, place), `What inhibits ${subject}`));
      const several = entry.facets ?? [];
      if (set("facets", Boolean(several.length && shard.sprites.facets), { words: `Activations ${several.map((value) => (value === null ? "unknown" : readable(value))).join(", ")}.` })) {
        while (pictures.length < several.length) pictures.push(cut(true, signal));
        const used = pictures.slice(0, several.length);
        facets.style.setProperty("--columns", String(several.length === 3 || several.length > 4 ? 3 : 2));
        facets.replaceChildren(...used.map((each) => each.element));
        sprite("facets", "facets", (image, sprites) => used.forEach((each, which) =>
          each.show(image, sprites.tile, which * sprites.tile[1], place * sprites.tile[0], `Facet ${which + 1} of ${subject}`)));
      }
      if (set("kernel", Boolean(kernel && shard.sprites.kernels), { words: kernel?.words ?? "" }) && kernel) {
        scale.show(kernel.limit, true);
        sprite("kernels", "kernel", (image, sprites) => weights.show(image, sprites.tile, ...at(sprites, place), `Kernel of ${subject}`));
      }
      if (set("field", Boolean(field().rows?.length && source), { words: layer.field?.words ?? "" })) {
        optimum.hidden = false;
        if (optimum.src !== source) optimum.src = source;
        optimum.alt = "The optimum with the receptive field of a position";
        mark.draw();
      }
      void drawStrongest(layer, entry, isStale, set);
      const fit = (side: FilterEntry["next"]) => side.map((each) => ({ ...each, weight: each.weight ?? 0 }));
      set("neighbours", true);
      neighbours.show({ previous: fit(entry.previous), next: fit(entry.next) });
      if (set("code", Boolean(entry.code))) lines.show(entry.code);
    },
  };

  function drawAlike(layer: ReadLayer, { filter }: FilterEntry, isStale: () => boolean) {
    const values = alike(layer, filter);
    const order = values.flatMap((value, other) => (value === null || other === filter || !layer.isMade(other) ? [] : [other]))
      .sort((one, other) => (values[other] ?? -1) - (values[one] ?? -1)).slice(0, ALIKE);
    panels.alike.element.hidden = !order.length;
    panels.alike.show({ layer: layer.name, filter }, false);
    if (isStale()) return;
    const rested = new Promise((resolve) => setTimeout(resolve, RESTS));
    near.show(order.map((other) => ({ filter: other, words: likeness(values[other]), place: other - layer.first(other),
      sprite: rested.then(() => isStale() ? Promise.reject() : load(reader.source.image(sheetOf(layer.folder, layer.first(other))))) })), layer);
  }

  async function drawStrongest(
    layer: ReadLayer, entry: FilterEntry, isStale: () => boolean, set: (name: "strongest", is: boolean, state?: About) => boolean,
  ) {
    const listed = reader.entry(layer.name);
    if (!reader.about.images || !listed) return void set("strongest", false);
    waits = !listed.examples;
    if (waits) return void set("strongest", true, { empty: "The images have not been looked through yet." });
    try {
      const file = await reader.examples(listed);
      const { quantiles = [], strongest = [] } = file.filters[entry.filter] ?? {};
      const sources = await Promise.all(strongest.map(({ photo }) => reader.source.image(photo)));
      if (isStale()) return;
      set("strongest", true);
      best.show({ strongest: strongest.map(({ name, value, box }, index) => ({ name, value, box, whole: sources[index] ?? "" })) });
      best.say([file.words || `Of ${grouped(file.images)} images.`, inWords(quantiles), times(entry, strongest[0]?.value)].filter(Boolean).join(" "));
    } catch (error) {
      if (!isStale()) set("strongest", true, { error: say(error) });
    }
  }

  /** By the same reduction, or not at all. */
  function times(entry: FilterEntry, strongest: number | undefined): string {
    const { options } = reader.about.settings;
    const last = entry.activations.at(-1);
    if ((options.objective ?? "mean") !== "mean" || typeof last !== "number" || !strongest || strongest <= 0 || last <= 0) return "";
    return `The optimum is ${readable(last / strongest, 2)} × the strongest.`;
  }
}

/** The activation over the set, in a sentence. */
function inWords([least, , , median, , most, largest]: readonly (number | null)[]): string {
  const known = [least, median, most, largest].every((value) => typeof value === "number");
  if (!known) return "";
  const say = (value: number | null | undefined) => readable(value ?? 0);
  return `Half of them give less than ${say(median)}, one in twenty more than ${say(most)}; the least is ${say(least)}, the largest ${say(largest)}.`;
}
