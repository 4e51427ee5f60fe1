// A small picture with a title and a line of words: a kernel, a gradient, an optimum.
import { element } from "../base/dom";
import { crispWidth, pixelImage } from "./image";

export interface Tile {
  element: HTMLElement;
  /** Without a source the place stays, empty, and the words say why. */
  show(source: string, words: string, alternative: string): void;
}

/**
 * `legend` stands between picture and words. A `crisp` picture is as large as it can be with every pixel a whole number
 * of the screen's: an optimum's fine grain would show a pattern that is not there. The others fill their place.
 */
export function tile(title: string, signal: AbortSignal, { legend, crisp = false }: { legend?: HTMLElement; crisp?: boolean }): Tile {
  const image = pixelImage();
  const frame = element("div", { className: "filterviz-tile-frame" }, {}, image);
  const caption = element("figcaption", { className: "filterviz-tile-words" });
  if (crisp) {
    const fit = () => {
      const longest = Math.max(image.naturalWidth, image.naturalHeight);
      if (!longest || !frame.clientWidth) return;
      const share = crispWidth(longest, frame.clientWidth, devicePixelRatio) / longest;
      image.style.width = `${image.naturalWidth * share}px`;
      image.style.height = `${image.naturalHeight * share}px`;
    };
    const observer = new ResizeObserver(fit);
    observer.observe(frame);
    image.addEventListener("load", fit, { signal });
    signal.addEventListener("abort", () => observer.disconnect());
  }
  return {
    element: element("figure", { className: "filterviz-tile" }, {},
      element("div", { className: "filterviz-tile-title", textContent: title }), frame, ...(legend ? [legend] : []), caption),
    show(source, words, alternative) {
      image.hidden = !source;
      if (source && image.src !== source) image.src = source;
      image.alt = source ? alternative : "";
      caption.textContent = words;
    },
  };
}
