// The graph of a network: a box for each layer with the first of its filters, and the lines between them.
import { element } from "../base/dom";
import { grouped } from "../base/scale";
import { lanesOf, wayOf } from "./network_edges";

export interface NetworkBox {
  name: string;
  /** Such as the class of the layer. */
  about: string;
  filters: number;
  made: number;
  row: number;
  column: number;
}

export interface Network {
  element: HTMLElement;
  show(boxes: readonly NetworkBox[], edges: readonly (readonly [from: number, to: number])[]): void;
  /** How many filters of a layer are finished. */
  made(index: number, made: number): void;
  /** Words below a layer's name; "" for none. */
  say(index: number, words: string): void;
  focus(index: number): void;
}

export interface NetworkActions {
  /** A link to the layer, with what is in it. */
  link(index: number, ...children: Node[]): HTMLElement;
  /** The address of a sprite whose first row are small pictures of the layer; undefined for none yet. */
  strip(index: number): Promise<string | undefined>;
  /** Whether there will be words below the layers' names. */
  says: boolean;
  /** The layer comes into sight. */
  seen(index: number): void;
}

const SVG = "http://www.w3.org/2000/svg";
/** Pictures of a sprite's row, and the side of one on the screen. */
const [PICTURES, SIDE] = [8, 64];
const [NARROWEST, WIDEST, BESIDE] = [168, 760, 370];
/** The padding of the whole, where the ring of a focus is drawn. */
const EDGE = 3;
/** From box to box, down and across; the room in a box beside its pictures. */
const [DOWN, ACROSS, PADDING] = [30, 24, 24];
/** The height of a box whose words stand beside its pictures, or above them; of a bar there, and of one more line. */
const [LOW, HIGH, BAR, LINE] = [82, 128, 10, 20];

interface Drawn {
  element: HTMLElement;
  strip: HTMLElement;
  words: HTMLElement;
  count: HTMLElement;
  fill: HTMLElement;
  bar: HTMLElement;
}

export function network(actions: NetworkActions, signal: AbortSignal): Network {
  const path = (kind: string) => {
    const made = document.createElementNS(SVG, "path");
    made.setAttribute("class", kind);
    return made;
  };
  const [lines, own] = [path("filterviz-edges"), path("filterviz-edges-own")];
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("aria-hidden", "true");
  svg.append(lines, own);
  const list = element("ol", { className: "filterviz-network-boxes" });
  const canvas = element("div", { className: "filterviz-network-canvas" }, {}, svg, list);
  const root = element("div", { className: "filterviz-network" }, { role: "region", "aria-label": "Layers" }, canvas);
  let boxes: readonly NetworkBox[] = [];
  let edges: readonly (readonly [number, number])[] = [];
  let drawn: Drawn[] = [];
  let ways: string[] = [];
  let made: number[] = [];

  function layOut() {
    const available = root.clientWidth - 2 * EDGE;
    if (!available || !boxes.length) return;
    const columns = 1 + Math.max(...boxes.map(({ column }) => column));
    const lanes = lanesOf(boxes, edges);
    const across = ACROSS + lanes.width;
    const free = available - (columns - 1) * across - lanes.width;
    const width = Math.floor(Math.min(WIDEST, Math.max(NARROWEST, free / columns)));
    const isLow = width >= BESIDE;
    const isUnfinished = boxes.some(({ filters }, index) => (made[index] ?? 0) < filters);
    const height = isLow ? LOW : HIGH + (isUnfinished ? BAR : 0) + (actions.says ? LINE : 0);
    const grid = {
      width, height, left: (column: number) => column * (width + across), top: (row: number) => row * (height + DOWN),
    };
    const whole = columns * width + (columns - 1) * across + lanes.width;
    const down = grid.top(Math.max(...boxes.map(({ row }) => row))) + height;
    Object.assign(canvas.style, { width: `${whole}px`, height: `${down}px` });
    svg.setAttribute("width", String(whole));
    svg.setAttribute("height", String(down));
    canvas.classList.toggle("filterviz-low", isLow);
    const pictures = Math.floor((width - PADDING - (isLow ? 150 : 0)) / SIDE);
    boxes.forEach(({ row, column, filters }, index) => {
      const box = drawn[index];
      if (!box) return;
      Object.assign(box.element.style, { left: `${grid.left(column)}px`, top: `${grid.top(row)}px`, width: `${width}px`, height: `${height}px` });
      box.strip.style.width = `${SIDE * Math.max(1, Math.min(PICTURES, filters, pictures))}px`;
    });
    ways = edges.map((edge) => wayOf(edge, boxes, lanes, grid));
    lines.setAttribute("d", ways.join(""));
    own.setAttribute("d", "");
  }

  /** The edges of one box stand out. */
  function point(index: number | undefined) {
    own.setAttribute("d", edges.map((edge, place) => (index !== undefined && edge.includes(index) ? ways[place] : "")).join(""));
  }

  const indexOf = (target: EventTarget | null) =>
    drawn.findIndex((box) => target instanceof Node && box.element.contains(target));
  const sight = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      const index = indexOf(target);
      const box = drawn[index];
      if (!box) continue;
      box.element.classList.toggle("filterviz-seen", isIntersecting);
      if (!isIntersecting) box.strip.style.backgroundImage = "";
      else bring(index, box);
    }
  }, { rootMargin: "400px 0px" });

  function bring(index: number, box: Drawn) {
    actions.seen(index);
    if (box.strip.style.backgroundImage) return;
    void actions.strip(index).then((source) => {
      if (source && box.element.classList.contains("filterviz-seen")) box.strip.style.backgroundImage = `url(${JSON.stringify(source)})`;
    });
  }

  const observer = new ResizeObserver(layOut);
  observer.observe(root);
  signal.addEventListener("abort", () => {
    observer.disconnect();
    sight.disconnect();
  });
  for (const kind of ["pointerover", "focusin"] as const)
    list.addEventListener(kind, (event) => point(indexOf(event.target)), { signal });
  for (const kind of ["pointerleave", "focusout"] as const) list.addEventListener(kind, () => point(undefined), { signal });

  function box({ name, about }: NetworkBox, index: number): Drawn {
    const strip = element("div", { className: "filterviz-network-strip" });
    const words = element("div", { className: "filterviz-network-words" });
    const count = element("span");
    const fill = element("div", { className: "filterviz-fill" });
    const bar = element("div", { className: "filterviz-bar" }, {}, fill);
    const link = actions.link(index,
      element("div", { className: "filterviz-network-name" }, {}, element("strong", { textContent: name, title: name }),
        element("div", { className: "filterviz-network-words" }, {}, element("span", { textContent: about }), count,
          element("span", { className: "filterviz-spoken", textContent: "filters" })), words, bar), strip);
    link.classList.add("filterviz-network-box");
    return { element: element("li", {}, {}, link), strip, words, count, fill, bar };
  }

  function drawMade(index: number, count: number) {
    const [shown, known] = [drawn[index], boxes[index]];
    if (!shown || !known) return;
    made[index] = count;
    const isWhole = count >= known.filters;
    shown.count.textContent = isWhole ? grouped(known.filters) : `${grouped(count)} of ${grouped(known.filters)}`;
    shown.bar.hidden = isWhole;
    shown.fill.style.width = `${(100 * count) / Math.max(1, known.filters)}%`;
  }

  return {
    element: root,
    show(next, between) {
      [boxes, edges, made] = [next, between, []];
      sight.disconnect();
      drawn = boxes.map(box);
      list.replaceChildren(...drawn.map((each) => each.element));
      boxes.forEach(({ made }, index) => drawMade(index, made));
      layOut();
      for (const each of drawn) sight.observe(each.element);
    },
    made(index, count) {
      drawMade(index, count);
      layOut();
      const box = drawn[index];
      if (box?.element.classList.contains("filterviz-seen")) bring(index, box);
    },
    say(index, words) {
      const line = drawn[index]?.words;
      if (line) line.textContent = words;
    },
    focus: (index) => drawn[index]?.element.querySelector<HTMLElement>("a, button")?.focus(),
  };
}
