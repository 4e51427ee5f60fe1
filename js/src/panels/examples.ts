// The images of the user's set that excite the filter most, or least: cut out to what it sees, or whole.
import { element } from "../base/dom";
import { readable } from "../base/scale";
import type { Example, ExamplesState } from "../base/data";

export interface Examples {
  element: HTMLElement;
  head: HTMLElement[];
  show(state: ExamplesState): void;
  /** Words below them, such as how the optimum compares. */
  say(words: string): void;
}

type Side = "strongest" | "weakest";

export function examples(signal: AbortSignal): Examples {
  let [side, cut]: [Side, boolean] = ["strongest", true];
  let state: ExamplesState = {};
  const grid = element("div", { className: "filterviz-examples" });
  const more = element("p", { className: "filterviz-panel-words" });
  const toggle = (text: string, title: string, act: () => void) => {
    const made = element("button", { type: "button", className: "filterviz-small", textContent: text, title }, { "aria-pressed": "false" });
    made.addEventListener("click", () => {
      act();
      draw();
    }, { signal });
    return made;
  };
  const weakest = toggle("weakest", "The images that excite it the least", () => (side = side === "weakest" ? "strongest" : "weakest"));
  const whole = toggle("whole", "The whole images, with what the strongest position sees", () => (cut = !cut));

  function tile(example: Example): HTMLElement {
    const image = element("img", { src: (cut && example.crop) || example.whole, className: "filterviz-image",
      alt: `${example.name}, activation ${readable(example.value)}` },
      { "data-jp-suppress-context-menu": "", draggable: "false" });
    const fitted = element("div", { className: "filterviz-marked" }, {}, image);
    // As wide or as high as its place; the box over it is in shares of the image itself.
    image.addEventListener("load", () => {
      const inside = cut && !example.crop ? cutOut(image, example.box) : 1;
      fitted.style.width = `${100 * Math.min(1, (inside * image.naturalWidth) / image.naturalHeight)}%`;
    }, { once: true });
    const frame = element("div", { className: "filterviz-example-frame" }, {}, fitted);
    if (!cut) {
      const mark = element("div", { className: "filterviz-mark-box filterviz-plain" });
      const [left, top, width, height] = example.box.map((share) => `${100 * share}%`);
      Object.assign(mark.style, { left, top, width, height });
      fitted.append(mark);
    }
    return element("div", { className: "filterviz-example", title: example.name }, {}, frame,
      element("div", { className: "filterviz-example-value", textContent: readable(example.value) }, { "aria-hidden": "true" }));
  }

  function draw() {
    weakest.setAttribute("aria-pressed", String(side === "weakest"));
    whole.setAttribute("aria-pressed", String(!cut));
    grid.replaceChildren(...(state[side] ?? []).map(tile));
  }

  return {
    element: element("div", {}, {}, grid, more),
    head: [weakest, whole],
    show(next) {
      state = next;
      draw();
    },
    say: (words) => (more.textContent = words),
  };
}

/** Lets the frame of an image show a part of it, in shares; returns how much wider that is for its height than the image. */
function cutOut(image: HTMLImageElement, [left, top, width, height]: Example["box"]): number {
  const frame = image.parentElement;
  if (!frame || width <= 0 || height <= 0) return 1;
  frame.classList.add("filterviz-example-cut");
  frame.style.aspectRatio = `${width * image.naturalWidth} / ${height * image.naturalHeight}`;
  image.style.width = `${100 / width}%`;
  image.style.transform = `translate(${-100 * left}%, ${-100 * top}%)`;
  return width / height;
}
