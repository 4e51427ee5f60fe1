// The picture: large, and crisp, since every pixel of the image is a whole number of the screen's pixels.
import { element } from "./dom";

export interface Picture {
  element: HTMLElement;
  /** Paints before the next frame of the screen; of several calls, only the last. */
  show(source: string, caption: string, alternative: string): void;
}

/** The widest picture in CSS pixels: beyond it the controls leave the screen. */
const WIDEST = 560;

/** The width in CSS pixels at which an image is largest and each of its pixels a whole number of device pixels. */
export function crispWidth(natural: number, available: number, ratio: number): number {
  const scale = Math.floor((available * ratio) / natural);
  return scale >= 1 ? (natural * scale) / ratio : available;
}

export function picture(signal: AbortSignal): Picture {
  const image = element("img", { className: "filterviz-image", hidden: true },
    { "data-jp-suppress-context-menu": "", draggable: "false" });
  const blank = element("div", { className: "filterviz-blank" });
  const frame = element("div", { className: "filterviz-frame" }, {}, image, blank);
  const caption = element("figcaption", { className: "filterviz-caption" });
  const figure = element("figure", { className: "filterviz-picture" }, {}, frame, caption);

  let wanted: [string, string, string] | undefined;

  function fit() {
    if (!image.naturalWidth) return;
    const available = Math.min(figure.clientWidth, WIDEST);
    if (available > 0) image.style.width = `${crispWidth(image.naturalWidth, available, devicePixelRatio)}px`;
  }

  const observer = new ResizeObserver(fit);
  observer.observe(figure);
  window.addEventListener("resize", fit, { signal }); // also when the page is zoomed
  image.addEventListener("load", fit, { signal });
  signal.addEventListener("abort", () => observer.disconnect());

  function paint() {
    if (!wanted || signal.aborted) return;
    const [source, text, alternative] = wanted;
    wanted = undefined;
    if (image.src !== source) image.src = source;
    image.alt = alternative;
    caption.textContent = text;
    image.hidden = false;
    blank.hidden = true;
  }

  return {
    element: figure,
    show(source, text, alternative) {
      if (!source) return;
      if (!wanted) requestAnimationFrame(paint);
      wanted = [source, text, alternative];
    },
  };
}
