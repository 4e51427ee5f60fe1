// What stands beside the picture: the panels that are chosen, each with its own states.
import { element } from "../base/dom";
import { readable } from "../base/scale";
import { type Slices, strip } from "../base/slices";
import { toggles } from "../controls/toggles";
import { asPng, download } from "../host/download";
import { PANELS, type PanelName, type PanelStates, type Settings, type SheetState, type Traits } from "../host/explorer_traits";
import type { Host } from "../host/shell";
import { attention } from "../panels/attention";
import { bars } from "../panels/bars";
import { examples } from "../panels/examples";
import { featureMap } from "../panels/feature_map";
import { limit, pixelImage } from "../panels/image";
import { legend } from "../panels/legend";
import { neighbourLists } from "../panels/neighbours";
import { type Panel, panel } from "../panels/panel";
import { sheet } from "../panels/sheet";
import { fieldPositions, positionKeys } from "../panels/position_keys";
import { type Look, marked, wordsOf } from "../panels/spots";

const TITLES: Record<PanelName, [title: string, help: string]> = {
  kernel: ["Kernel", "The weights that make the filter: blue below zero, red above"],
  field: ["Field", "Which pixels of the image one position of the feature map can see"],
  strongest: ["Strongest", "The images of your set that excite the filter most, and least"],
  map: ["Map", "The filter's feature map over the photo"],
  attention: ["Attention", "Where each head of the layer looks in the photo: from the class token, or from a place that is chosen"],
  inhibits: ["Inhibits", "The picture of the opposite sign: what lowers the activation most"],
  photo: ["Photo", "What in the photo excites the filter: an ascent that starts there and stays near it"],
  without: ["Without", "What the model says with and without the filter"],
  neighbours: ["Neighbours", "Filters before and behind it with the strongest effective weights"],
  sheet: ["Sheet", "All filters of the layer"],
};

/** Panels that are the same for all filters of a layer. */
const SHARED: readonly PanelName[] = ["field", "attention", "sheet"];

export interface Beside {
  /** The buttons that choose panels. */
  toggles: HTMLElement;
  element: HTMLElement;
  /** Draws one panel's trait, or which panels there are, or which settings are present. */
  draw(name: PanelName): void;
  drawChosen(): void;
  drawBusy(): void;
  /** How the optimum compares with the strongest image. */
  drawCompared(): void;
  sprite(key: string, page: number, source: string): void;
  enabled(on: boolean): void;
}

export function beside(host: Host<Traits, keyof Settings>, looks: Look, slices: Slices, go: (layer: string, filter: number) => void): Beside {
  const { get, write, flush, send, signal } = host;
  const state = <N extends PanelName>(name: N): PanelStates[`${N}_panel`] => get(`${name}_panel`) ?? {};
  const field = () => (state("field").layer === get("layer") ? state("field") : {});
  const kept = (source: string, name: string) => download(`${get("layer").replaceAll("/", "-")}-${get("filter")}-${name}.png`, source);

  const kernel = pixelImage();
  const scale = legend();
  const photo = pixelImage();
  const inhibits = pixelImage();
  const place = pixelImage();
  const map = featureMap(looks, slices, signal);
  const heads = attention(looks, field, (place) => send("attention", { row: place?.row ?? null, column: place?.column ?? null }), signal);
  const best = examples(signal);
  const outputs = bars();
  const neighbours = neighbourLists(go, signal, (layer, filter) => {
    const prepared = host.prepared?.filters;
    return !prepared || prepared[layer]?.includes(filter) ? "" : "It is not among the filters of this page";
  });
  const whole = sheet({
    choose: (filter) => go(get("layer"), filter),
    kind(sheet_of) {
      write({ sheet_of });
      flush();
    },
    want: (_, pages) => send("sheet", { pages: [...pages] }),
  }, signal);
  const framed = (image: HTMLImageElement) => element("div", { className: "filterviz-panel-image" }, {}, image);
  const middle = () => fieldPositions(field(), slices)?.from;
  const [photoFrame, inhibitsFrame, placeFrame] = [framed(photo), framed(inhibits), framed(place)];
  const marks = [marked(photoFrame, looks, field, signal, undefined, slices), marked(inhibitsFrame, looks, field, signal, undefined, slices),
    marked(placeFrame, looks, field, signal, middle, slices)];
  const fieldKeys = positionKeys(placeFrame, "Receptive field of a position", looks, () => fieldPositions(field(), slices), (spot) => wordsOf(field(), spot), signal);
  for (const [frame, shown] of [[photoFrame, photo], [inhibitsFrame, inhibits], [placeFrame, place]] as const) {
    strip(frame, shown, slices, signal);
    shown.addEventListener("load", () => limit(frame, shown.naturalWidth, shown.naturalHeight / slices.of), { signal });
  }

  const saved: Partial<Record<PanelName, () => string | undefined>> = {
    kernel: () => asPng(kernel), map: () => map.source(), inhibits: () => asPng(inhibits), photo: () => asPng(photo),
  };
  const panels = new Map<PanelName, Panel>(PANELS.map((name) => {
    const [title, help] = TITLES[name];
    const head = name === "strongest" ? best.head : name === "attention" ? heads.head : [];
    return [name, panel({ title, help, head, ...(saved[name] ? { save: saved[name] } : {}) }, kept, signal)];
  }));
  const body = (name: PanelName) => (panels.get(name) as Panel).body;
  body("kernel").append(framed(kernel), scale.element);
  body("field").append(placeFrame, fieldKeys);
  body("strongest").append(best.element);
  body("map").append(map.element);
  body("attention").append(heads.element);
  body("inhibits").append(inhibitsFrame);
  body("photo").append(photoFrame);
  body("without").append(outputs.element);
  body("neighbours").append(neighbours.element);
  body("sheet").append(whole.element);
  panels.get("sheet")?.element.classList.add("filterviz-wide");

  const chips = toggles("Panels", PANELS.map((name) => [name, ...TITLES[name]] as const), (chosen) => {
    write({ panels: chosen });
    flush();
  }, signal);
  const root = element("div", { className: "filterviz-panels" });

  /** Whether a panel is about other settings than the present. */
  function isOld(name: PanelName): boolean {
    const { layer, filter, empty } = state(name);
    if (empty || layer === undefined) return false;
    return layer !== get("layer") || (!SHARED.includes(name) && filter !== get("filter"));
  }

  function image(shown: HTMLImageElement, source: string | undefined, alternative: string) {
    shown.hidden = !source;
    if (source && shown.src !== source) shown.src = source;
    shown.alt = source ? alternative : "";
  }

  /** "The optimum is 3.2 × the strongest of your images": by the same reduction, or not at all. */
  function compared(): string {
    const shown = get("shown");
    const [activations, strongest] = [get("activations"), state("strongest").strongest?.[0]?.value];
    const last = activations.at(-1);
    const options = shown?.options ?? {};
    const direction = options.direction;
    const comparable = get("status") === "done" && shown?.layer === get("layer") && shown.filter === get("filter")
      && shown.layer === state("strongest").layer && shown.filter === state("strongest").filter
      && options.objective === "mean" && options.sign === 1 && !(Array.isArray(direction) && direction.length);
    if (!comparable || typeof last !== "number" || strongest === undefined || strongest <= 0 || last <= 0) return "";
    return `The optimum is ${readable(last / strongest, 2)} × the strongest of your images.`;
  }

  const keys = new Map<string, string | undefined>();
  const content: Record<PanelName, () => void> = {
    kernel() {
      const { source, limit = 1, filter, layer } = state("kernel");
      image(kernel, source, `Kernel of filter ${filter} of layer ${layer}`);
      scale.show(limit, Boolean(source));
    },
    field() {
      const at = get("photo_info")?.source || get("image");
      image(place, at, "The image with the receptive field of a position");
      for (const each of marks) each.draw();
    },
    strongest() {
      best.show(state("strongest"));
      best.say(compared());
    },
    map: () => map.show(state("map"), field()),
    attention: () => heads.show(state("attention")),
    inhibits: () => image(inhibits, state("inhibits").source, `What inhibits filter ${state("inhibits").filter} of layer ${state("inhibits").layer}`),
    photo: () => image(photo, state("photo").source, `What in the photo excites filter ${state("photo").filter} of layer ${state("photo").layer}`),
    without: () => outputs.show(state("without")),
    neighbours: () => neighbours.show(state("neighbours")),
    sheet() {
      const shown = state("sheet");
      const sheetOf = `${shown.layer}|${shown.kind}`;
      // Small pictures of another photo, or of another method.
      if (keys.has(sheetOf) && keys.get(sheetOf) !== shown.key) whole.forget();
      keys.set(sheetOf, shown.key);
      whole.show(shown as SheetState, get("filter"));
    },
  };
  /** Says whether a panel is busy, failed or empty; returns whether there is content to draw. */
  function mark(name: PanelName): boolean {
    const shown = panels.get(name);
    if (!shown || !get("panels").includes(name)) return false;
    return shown.show(withChange(name), get("busy").includes(name) || isOld(name));
  }

  function draw(name: PanelName) {
    if (mark(name)) content[name]();
  }

  /** The state, with the activations of a picture in words. */
  function withChange(name: PanelName) {
    const shown = state(name);
    if (name !== "photo" && name !== "inhibits") return shown;
    const { before, after, words = "" } = state(name);
    if (typeof after !== "number") return shown;
    const from = typeof before === "number" ? `${readable(before)} in the photo, ` : "";
    return { ...shown, words: `Activation ${from}${readable(after)} here. ${words}`.trim() };
  }

  return {
    toggles: chips.element,
    element: root,
    draw,
    drawChosen() {
      const chosen = get("panels");
      const hasHeads = Boolean(get("layers").find(({ name }) => name === get("layer"))?.heads);
      chips.show(chosen);
      const prepared = host.prepared?.panels;
      for (const name of PANELS) chips.offer(name, (prepared?.includes(name) ?? true) && (name !== "attention" || hasHeads));
      const wanted = PANELS.filter((name) => chosen.includes(name) && (name !== "attention" || hasHeads)).map((name) => (panels.get(name) as Panel).element);
      // What stays keeps its place in the page: a scroll position, a focus.
      for (const [name, { element }] of panels) {
        if (wanted.includes(element) || element.parentElement !== root) continue;
        const hadFocus = element.matches(":focus-within");
        element.remove();
        if (hadFocus) chips.focus(name);
      }
      wanted.forEach((each, index) => root.children[index] !== each && root.insertBefore(each, root.children[index] ?? null));
      chosen.forEach(draw);
    },
    drawBusy() {
      get("panels").forEach(mark);
      best.say(compared());
      // The chosen filter is marked in the sheet; the other contents wait for what the kernel says of it.
      if (get("panels").includes("sheet") && state("sheet").layer === get("layer")) draw("sheet");
    },
    drawCompared: () => best.say(compared()),
    sprite(key, page, source) {
      const shown = state("sheet");
      if (key === shown.key) whole.sprite(`${shown.layer}|${shown.kind}`, page, source);
    },
    enabled(on) {
      for (const part of [chips, neighbours, whole]) part.enabled(on);
    },
  };
}
