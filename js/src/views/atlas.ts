// An atlas on the screen: its network, a layer or a filter, a bar above them that leads back and searches.
import { above, element } from "../base/dom";
import { search } from "../controls/search";
import { type Compared, compare } from "./atlas_compare";
import { filterScreen } from "./atlas_filter";
import { find, lacks } from "./atlas_find";
import { atlasKeys } from "./atlas_keys";
import { layerScreen } from "./atlas_layer";
import { networkScreen } from "./atlas_network";
import { addressOf, type Where, whereIs } from "./atlas_place";
import { type Reader, reader as read } from "./atlas_reader";
import { type Atlas, linkIn, type Screen } from "./atlas_screen";
import { type Place, Problem, type Source, words as say } from "./atlas_source";

export interface AtlasView {
  element: HTMLElement;
  /** Takes the keyboard's focus to the first screen's title. */
  focus(): void;
  /** Words behind the numbers of what is finished, such as " so far, stopped". */
  state(words: string): void;
}

export interface AtlasOptions {
  /** What keys are listened to on; the view itself without it. */
  keys?: EventTarget;
  /** What stands on the first screen below the numbers of what is finished. */
  beside?: readonly HTMLElement[];
}

export function atlasView(source: Source, place: Place, signal: AbortSignal, { keys, beside = [] }: AtlasOptions = {}): AtlasView {
  const crumbs = element("nav", { className: "filterviz-atlas-crumbs" }, { "aria-label": "Where you are" });
  const problem = element("p", { className: "filterviz-atlas-problem" }, { role: "alert" });
  const screen = element("div", { className: "filterviz-atlas-screen" }, { "aria-busy": "true" });
  const link = linkIn(place, signal);
  let reader: Reader | undefined;
  let where: Where = { screen: "network" };
  let screens: ReturnType<typeof screensOf> | undefined;
  let stated = "";
  let shown = "";
  /** How far each screen was scrolled when it was left. */
  const tops = new Map<string, number>();

  const box = search("Search layers, filters and classes", (typed) => (reader ? find(typed, reader.about, where, place.go) : []),
    (typed) => (reader ? lacks(typed, reader.about) : "The atlas is not there."), signal);
  const back = element("button", { type: "button", className: "filterviz-button filterviz-atlas-back", textContent: "Back", hidden: true });
  back.addEventListener("click", () => place.back?.(), { signal });
  const root = element("div", { className: "filterviz-atlas" }, {},
    element("div", { className: "filterviz-atlas-bar" }, {}, back, crumbs, box.element), problem, screen);

  function screensOf(opened: Reader, compared: Compared | undefined) {
    const atlas: Atlas = { reader: opened, compared, place, go: place.go, link, signal };
    const layer = layerScreen(atlas);
    const like = (name: string, filter: number) => {
      layer.like(name, filter);
      place.go(addressOf(name));
    };
    return { network: networkScreen(atlas, beside), layer, filter: filterScreen(atlas, like) };
  }

  function drawCrumbs() {
    const title = reader?.about.title ?? "Atlas";
    const parts: Node[] = [element("h1", { className: "filterviz-atlas-title" }, {}, link("", { title: "The network" }, title))];
    if (where.screen === "layer" || where.screen === "filter") parts.push(link(addressOf(where.layer), { title: `All filters of ${where.layer}` }, where.layer));
    if (where.screen === "filter") parts.push(element("span", { textContent: String(where.filter) }));
    parts.at(-1)?.firstChild?.parentElement?.setAttribute("aria-current", "page");
    crumbs.replaceChildren(...parts);
    back.hidden = !place.back || where.screen === "network";
    const at = where.screen === "filter" ? `${where.layer}/${where.filter}` : where.screen === "layer" ? where.layer : "";
    place.title?.([at, title, "Filter atlas"].filter(Boolean).join(" · "));
  }

  /** What scrolls: the nearest element around that does, or the page. */
  function scroller(): Element {
    for (let at: Element | null = root; at; at = above(at)) {
      if (at.scrollHeight > at.clientHeight && /auto|scroll/.test(getComputedStyle(at).overflowY)) return at;
    }
    return document.scrollingElement ?? document.documentElement;
  }

  async function draw(isMove: boolean) {
    if (!reader || !screens) return;
    const address = place.get();
    // The focus comes along, but is not taken from elsewhere.
    const focused = () => (root.getRootNode() as Document | ShadowRoot).activeElement;
    const hadFocus = isMove && (root.contains(focused()) || (!place.back && focused() === document.body));
    if (isMove) tops.set(shown, scroller().scrollTop);
    where = whereIs(address, reader.about.layers);
    drawCrumbs();
    if (where.screen === "unknown") {
      problem.textContent = where.words;
      where = { screen: "network" };
    } else if (isMove) problem.textContent = "";
    if (where.screen === "filter") screens.layer.choose(where.layer, where.filter);
    const next = screens[where.screen] as Screen<Where>;
    if (screen.firstElementChild !== next.element) screen.replaceChildren(next.element);
    screen.setAttribute("aria-busy", "true");
    const isNetwork = where.screen === "network";
    const drawing = next.show(where);
    if (isMove && address !== shown) scroller().scrollTop = isNetwork ? tops.get(address) ?? 0 : 0;
    shown = address;
    if (hadFocus) next.focus();
    try {
      await drawing;
    } catch (error) {
      if (place.get() === address && !signal.aborted) problem.textContent = say(error);
    }
    if (place.get() !== address || signal.aborted) return;
    screen.setAttribute("aria-busy", "false");
    if (isMove && isNetwork) scroller().scrollTop = tops.get(address) ?? 0;
    // What has come may be a better place for it, unless it has been taken elsewhere meanwhile.
    if (hadFocus && (screen.contains(focused()) || focused() === document.body)) next.focus();
  }

  async function open() {
    try {
      reader = await read(source);
      if (signal.aborted) return;
      let compared: Compared | undefined;
      let words = "";
      if (place.with && source.other) {
        try {
          compared = await compare(reader, source.other(place.with), place.with);
        } catch (error) {
          words = say(error);
        }
      }
      screens = screensOf(reader, compared);
      screens.network.state(stated);
      await draw(false);
      if (words) problem.textContent = words;
    } catch (error) {
      screen.setAttribute("aria-busy", "false");
      problem.textContent = error instanceof Problem && error.isMissing
        ? `There is no atlas here: ${error.message}` : say(error);
      drawCrumbs();
    }
  }

  let reading = false;
  async function again() {
    if (reading || signal.aborted) return;
    if (!reader) return;
    if (!reader.isUnfinished) return;
    reading = true;
    try {
      const is = await reader.again();
      if (is !== "same") await draw(false);
    } catch (error) {
      problem.textContent = say(error);
    } finally {
      reading = false;
    }
  }

  atlasKeys(keys ?? root, { where: () => (reader ? whereIs(place.get(), reader.about.layers) : where), about: () => reader?.about, go: place.go, step: place.step ?? place.go, search: box.focus }, signal);
  place.follow(() => void draw(true));
  source.follow?.(() => void again());
  drawCrumbs();
  void open();
  return {
    element: root,
    focus: () => screens?.network.focus(),
    state(words) {
      stated = words;
      screens?.network.state(words);
    },
  };
}
