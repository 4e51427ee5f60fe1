// The picture: large, and crisp, since every pixel of the image is a whole number of the screen's pixels.
import { element } from "../base/dom";
import { crispWidth, pixelImage } from "./image";

export interface Picture {
  element: HTMLElement;
  /** Keeps the place of an image of this many pixels free, so that the first one moves nothing. */
  reserve(width: number, height: number): void;
  /** Paints before the next frame of the screen; of several calls, only the last. */
  show(source: string, caption: string, alternative: string): void;
  /** Says something of the pixels, below the caption. */
  remark(words: string): void;
}

/** The widest picture in CSS pixels (a multiple of most image sizes): beyond it the controls leave the screen. */
const WIDEST = 576;

/** `room` is what the picture shares with what the style sheet puts beside it, `--beside` pixels wide. */
export function picture(room: HTMLElement, signal: AbortSignal): Picture {
  const image = pixelImage();
  const blank = element("div", { className: "filterviz-blank" });
  const frame = element("div", { className: "filterviz-frame" }, {}, image, blank);
  const caption = element("figcaption", { className: "filterviz-caption" });
  const remark = element("div", { className: "filterviz-remark" });
  const figure = element("figure", { className: "filterviz-picture" }, {}, frame, caption, remark);

  let size: [width: number, height: number] = [1, 1];
  let wanted: [string, string, string] | undefined;

  function fit() {
    const beside = Number.parseFloat(getComputedStyle(figure).getPropertyValue("--beside")) || 0;
    const available = Math.min(room.clientWidth - beside, WIDEST);
    frame.style.aspectRatio = `${size[0]} / ${size[1]}`;
    if (available <= 0) return;
    const width = crispWidth(size[0], available, devicePixelRatio);
    frame.style.width = `${width}px`;
    room.style.setProperty("--picture", `${(width * size[1]) / size[0]}px`); // what stands beside it can be as high
  }

  function reserve(width: number, height: number) {
    size = [width, height];
    fit();
  }

  const observer = new ResizeObserver(fit);
  observer.observe(room);
  window.addEventListener("resize", fit, { signal }); // also when the page is zoomed
  image.addEventListener("load", () => reserve(image.naturalWidth, image.naturalHeight), { signal });
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
    reserve,
    show(source, text, alternative) {
      if (!source) return;
      if (!wanted) requestAnimationFrame(paint);
      wanted = [source, text, alternative];
    },
    remark: (words) => (remark.textContent = words),
  };
}
