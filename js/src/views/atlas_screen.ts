// What the screens of an atlas share: the atlas, the way from one to another, and pictures that are kept for a while.
import { element } from "../base/dom";
import type { Compared } from "./atlas_compare";
import type { Place } from "./atlas_source";
import type { Reader } from "./atlas_reader";

export interface Screen<Where> {
  element: HTMLElement;
  /** Shows that; may be called again with the same, as more of the atlas is finished. */
  show(where: Where): Promise<void>;
  /** Takes the keyboard's focus, as the screen has come by a key or a click. */
  focus(): void;
}

export interface Atlas {
  reader: Reader;
  /** The atlas that this one is compared with. */
  compared: Compared | undefined;
  place: Place;
  go(address: string): void;
  /** Something that leads to an address. */
  link(address: string, properties: { className?: string; title?: string }, ...children: (Node | string)[]): HTMLElement;
  signal: AbortSignal;
}

/** An anchor where addresses are seen from outside, as a reader may want it in another tab; a button otherwise. */
export function linkIn(place: Place, signal: AbortSignal): Atlas["link"] {
  return (address, properties, ...children) => {
    const made = place.link ? element("a", { ...properties, href: place.link(address) }, {}, ...children)
      : element("button", { type: "button", ...properties }, {}, ...children);
    made.classList.add("filterviz-link");
    made.addEventListener("click", (event) => {
      if (event instanceof MouseEvent && (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)) return;
      event.preventDefault();
      place.go(address);
    }, { signal });
    return made;
  };
}

/** Sprites that are kept: going on to the next filter needs mostly the same. */
const KEPT = 16;

/** Loads images; rejects where one is missing or broken. */
export function images(): (address: Promise<string>) => Promise<HTMLImageElement> {
  const all = new Map<string, Promise<HTMLImageElement>>();
  return async (address) => {
    const source = await address;
    const image = Object.assign(new Image(), { src: source });
    const found = all.get(source) ?? image.decode().then(() => image);
    all.delete(source);
    all.set(source, found);
    found.catch(() => all.delete(source));
    for (const old of [...all.keys()].slice(0, -KEPT)) all.delete(old);
    return found;
  };
}

/** A word with a sign before or behind it that only eyes need. */
export function withSign(before: string, word: string, behind: string): Node[] {
  const sign = (text: string) => (text ? [element("span", { textContent: text }, { "aria-hidden": "true" })] : []);
  return [...sign(before), document.createTextNode(word), ...sign(behind)];
}

/** Such as "28 × 28 × 64". */
export function sizes(shape: readonly (number | null)[]): string {
  return shape.map((each) => each?.toLocaleString("en") ?? "any").join(" × ");
}

/** A heading that can take the focus when its screen comes. */
export function heading(): HTMLElement {
  return element("h2", { className: "filterviz-atlas-heading", tabIndex: -1 });
}

/** How much of something is finished, in words and as a bar; hidden when that is all of it. */
export function finished(): { element: HTMLElement; show(made: number, of: number, state?: string): void } {
  const fill = element("div", { className: "filterviz-fill" });
  const bar = element("div", { className: "filterviz-bar" }, { role: "progressbar", "aria-label": "Filters finished", "aria-valuemin": "0" }, fill);
  const said = element("span", { className: "filterviz-atlas-finished-words" });
  const root = element("div", { className: "filterviz-atlas-finished", hidden: true }, {}, said, bar);
  return {
    element: root,
    show(made, of, state = "") {
      root.hidden = made >= of;
      said.textContent = `${made.toLocaleString("en")} of ${of.toLocaleString("en")} filters${state}`;
      fill.style.width = `${(100 * made) / Math.max(1, of)}%`;
      bar.setAttribute("aria-valuemax", String(of));
      bar.setAttribute("aria-valuenow", String(made));
    },
  };
}
