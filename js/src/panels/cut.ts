// One picture of a sprite, cut out: its pixels are squares, each a whole number of the screen's where there is room.
import { element } from "../base/dom";
import { crispWidth } from "./image";

export interface Cut {
  element: HTMLElement;
  /** What the picture fills, to draw over it. */
  frame: HTMLElement;
  canvas: HTMLCanvasElement;
  /** Shows the picture that begins at (x, y), `size` is its height and width; without an image the place stays empty. */
  show(image: HTMLImageElement | undefined, size: readonly [height: number, width: number], x: number, y: number, alternative: string): void;
}

/** Of the room that there is: below it a picture is rather large than crisp. */
const CRISP = 0.75;

/** One that is `crisp` has a fine grain, which would show a pattern that is not there; a kernel has none. */
export function cut(crisp: boolean, signal: AbortSignal): Cut {
  const canvas = element("canvas", { width: 0, height: 0 }, { role: "img", "data-jp-suppress-context-menu": "" });
  const frame = element("div", { className: "filterviz-cut-frame" }, {}, canvas);
  const root = element("div", { className: "filterviz-cut" }, {}, frame);

  function fit() {
    if (!canvas.width || !root.clientWidth) return;
    const available = Math.min(root.clientWidth, (TALLEST * root.clientWidth * canvas.width) / canvas.height);
    const whole = crispWidth(canvas.width, available, devicePixelRatio);
    const width = crisp && whole >= CRISP * available ? whole : available;
    frame.style.width = `${width}px`;
    canvas.classList.toggle("filterviz-smooth", crisp && width !== whole);
  }

  const observer = new ResizeObserver(fit);
  observer.observe(root);
  signal.addEventListener("abort", () => observer.disconnect());
  return {
    element: root,
    frame,
    canvas,
    show(image, [height, width], x, y, alternative) {
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
      frame.style.aspectRatio = `${width} / ${height}`;
      canvas.setAttribute("aria-label", alternative);
      const context = canvas.getContext("2d");
      context?.clearRect(0, 0, width, height);
      if (image) context?.drawImage(image, x, y, width, height, 0, 0, width, height);
      fit();
    },
  };
}

/** How many times as high as its place is wide a picture may become. */
const TALLEST = 1.5;
