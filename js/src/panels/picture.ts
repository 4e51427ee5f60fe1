// The picture: large, and crisp, since every pixel of the image is a whole number of the screen's pixels.
import { element } from "../base/dom";
import { type Slices, strip } from "../base/slices";
import { crispWidth, pixelImage } from "./image";

export interface Picture {
  element: HTMLElement;
  /** What the image fills, to draw over it. */
  frame: HTMLElement;
  /** Keeps the place of an image, or of one slice, of this many pixels free, so that the first one moves nothing. */
  reserve(width: number, height: number): void;
  /** Paints before the next frame of the screen, of several calls only the last; "" for none leaves the place empty. */
  show(source: string, caption: string, alternative: string): void;
  /** Shows another image in its place, such as an earlier one; null shows the picture again. */
  look(source: string | null): void;
}

/** The widest picture in CSS pixels (a multiple of most image sizes): beyond it the controls leave the screen. */
const WIDEST = 672;
/** The highest one, such as that of a spectrogram of many times; but none is narrower than a few pixels. */
const [HIGHEST, NARROWEST] = [672, 48];
/** Of the room that there is: below it an image is rather large than crisp. */
const CRISP = 0.84;

/**
 * `room` is what the picture shares with what the style sheet puts beside it, `--beside` pixels wide. Of an image of
 * several slices the one that is looked at is shown.
 */
export function picture(room: HTMLElement, signal: AbortSignal, slices?: Slices): Picture {
  const image = pixelImage();
  const blank = element("div", { className: "filterviz-blank" });
  const frame = element("div", { className: "filterviz-frame" }, {}, image, blank);
  const caption = element("figcaption", { className: "filterviz-caption" });
  const figure = element("figure", { className: "filterviz-picture" }, {}, frame, caption);

  let size: [width: number, height: number] = [1, 1];
  let wanted: [string, string, string] | undefined;
  let [present, looked]: [string, string | null] = ["", null];

  function fit() {
    const beside = Number.parseFloat(getComputedStyle(figure).getPropertyValue("--beside")) || 0;
    const available = Math.min(room.clientWidth - beside, WIDEST, Math.max(NARROWEST, (HIGHEST * size[0]) / size[1]));
    frame.style.aspectRatio = `${size[0]} / ${size[1]}`;
    if (available <= 0) return;
    const crisp = crispWidth(size[0], available, devicePixelRatio);
    const width = crisp >= CRISP * available ? crisp : available;
    image.classList.toggle("filterviz-smooth", width !== crisp);
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
  image.addEventListener("load", () => reserve(image.naturalWidth, image.naturalHeight / (slices?.of ?? 1)), { signal });
  if (slices) strip(frame, image, slices, signal);
  signal.addEventListener("abort", () => observer.disconnect());

  function paint() {
    if (!wanted || signal.aborted) return;
    const [source, text, alternative] = wanted;
    wanted = undefined;
    present = source;
    if (looked === null && image.src !== source) image.src = source;
    image.alt = alternative;
    caption.textContent = text;
    image.hidden = false;
    blank.hidden = true;
  }

  function clear() {
    wanted = undefined;
    present = caption.textContent = image.alt = "";
    [image.hidden, blank.hidden] = [true, false];
  }

  return {
    element: figure,
    frame,
    reserve,
    show(source, text, alternative) {
      if (!source) return clear();
      if (!wanted) requestAnimationFrame(paint);
      wanted = [source, text, alternative];
    },
    look(source) {
      looked = source;
      const at = source ?? present;
      if (at && image.src !== at) image.src = at;
    },
  };
}
