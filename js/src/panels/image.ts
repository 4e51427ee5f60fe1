// An image whose pixels are squares on the screen: every one a whole number of the screen's pixels.
import { element } from "../base/dom";

/** Hidden until it has a source. Notebooks' own menus and drags stay away from it. */
export function pixelImage(): HTMLImageElement {
  return element("img", { className: "filterviz-image", hidden: true, decoding: "sync" },
    { "data-jp-suppress-context-menu": "", draggable: "false" });
}

/** How many times as high as its panel is wide an image in it may become. */
const TALLEST = 1.5;

/** Keeps a frame with a high, narrow image from running down the page. */
export function limit(frame: HTMLElement, width: number, height: number): void {
  frame.style.width = height > TALLEST * width ? `${(100 * TALLEST * width) / height}%` : "";
  frame.style.marginInline = "auto";
}

/** The width in CSS pixels at which an image is largest and each of its pixels a whole number of device pixels. */
export function crispWidth(natural: number, available: number, ratio: number): number {
  const scale = Math.floor((available * ratio) / natural);
  return scale >= 1 ? (natural * scale) / ratio : available;
}
