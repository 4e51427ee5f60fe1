// A small picture with a title and a line of words: a kernel, a gradient, an optimum.
import { element } from "./dom";

export interface Tile {
  element: HTMLElement;
  /** Without a source the place stays, empty, and the words say why. */
  show(source: string, words: string, alternative: string): void;
}

/** `legend` has room for the ends of a scale of signed colours. */
export function tile(title: string, legend?: HTMLElement): Tile {
  const image = element("img", { className: "filterviz-image", hidden: true, decoding: "sync" },
    { "data-jp-suppress-context-menu": "", draggable: "false" });
  const caption = element("figcaption", { className: "filterviz-tile-words" });
  return {
    element: element("figure", { className: "filterviz-tile" }, {},
      element("div", { className: "filterviz-tile-title", textContent: title }),
      element("div", { className: "filterviz-tile-frame" }, {}, image), ...(legend ? [legend] : []), caption),
    show(source, words, alternative) {
      image.hidden = !source;
      if (source && image.src !== source) image.src = source;
      image.alt = source ? alternative : "";
      caption.textContent = words;
    },
  };
}
