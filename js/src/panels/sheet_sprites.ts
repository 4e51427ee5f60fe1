// The sprites of a sheet by key and page, of which few keys are kept, and the small pictures that are cut from them.
import type { SheetState } from "../base/data";
import { element } from "../base/dom";

export interface SpriteStore {
  /** The sprite that can be shown at present. */
  image(key: string, page: number): HTMLImageElement | undefined;
  /** Those of the pages that have not come, each once, in their order. All others may be dropped from now on. */
  missing(key: string, pages: readonly number[]): number[];
  /** Makes a key the last to be dropped. */
  keep(key: string): void;
  /** A sprite takes the place of the one before it as soon as it can be shown; says whether it could be. */
  add(key: string, page: number, source: string): Promise<boolean>;
  clear(): void;
}

interface Sprite {
  /** The one that came last, and the one that is shown until that can be. */
  latest: HTMLImageElement;
  image?: HTMLImageElement;
}

/** Layers and kinds whose sprites are kept. */
const KEPT = 3;
/** Sprites of a key that are kept, beside those in sight: a layer of ten thousand filters has hundreds. */
const PAGES = 64;

/** `arrived` is called whenever a sprite that was added can be shown. */
export function spriteStore(arrived: () => void, signal: AbortSignal): SpriteStore {
  const sprites = new Map<string, Map<number, Sprite>>();
  /** The pages that were asked for last: in sight, or nearly. */
  let seen: ReadonlySet<number> = new Set();

  function keep(key: string): Map<number, Sprite> {
    const own = sprites.get(key) ?? new Map<number, Sprite>();
    sprites.delete(key);
    sprites.set(key, own);
    for (const each of [...sprites.keys()].slice(0, -KEPT)) sprites.delete(each);
    return own;
  }

  return {
    image: (key, page) => sprites.get(key)?.get(page)?.image,
    missing(key, pages) {
      const own = sprites.get(key);
      seen = new Set(pages);
      for (const page of seen) {
        const sprite = own?.get(page);
        if (sprite && own?.delete(page)) own.set(page, sprite); // the last to be dropped
      }
      return [...seen].filter((page) => !own?.has(page));
    },
    keep,
    add(key, page, source) {
      const latest = Object.assign(new Image(), { src: source });
      const own = keep(key);
      const entry: Sprite = { ...own.get(page), latest };
      own.set(page, entry);
      const unseen = [...own.keys()].filter((each) => each !== page && !seen.has(each));
      for (const each of unseen.slice(0, Math.max(0, own.size - PAGES))) own.delete(each);
      const replace = (image?: HTMLImageElement) => {
        if (signal.aborted || own.get(page)?.latest !== latest) return Boolean(image);
        entry.image = image;
        arrived();
        return Boolean(image);
      };
      // One that cannot be decoded leaves its tiles empty; asking again would bring the same.
      return latest.decode().then(() => replace(latest), () => replace());
    },
    clear: () => sprites.clear(),
  };
}

/** A canvas that shows one small picture of a sprite, or nothing. */
export interface SmallPicture {
  canvas: HTMLCanvasElement;
  /** `place` is the picture's in the sprite, `side` its own in the screen's pixels. What is shown already costs nothing. */
  show(image: HTMLImageElement | undefined, place: number, layout: Pick<SheetState, "tile" | "columns">, side: number): void;
}

/** `cut` is a canvas to work on, which many can share. */
export function smallPicture(cut: HTMLCanvasElement): SmallPicture {
  const canvas = element("canvas", { width: 0, height: 0 }, { "data-jp-suppress-context-menu": "" });
  let shown: { image?: HTMLImageElement | undefined; place: number; side: number } = { place: 0, side: 0 };
  return {
    canvas,
    show(image, place, { tile, columns }, side) {
      if (shown.image === image && shown.side === side && (shown.place === place || !image)) return;
      shown = { image, place, side };
      if (canvas.width !== side) canvas.width = canvas.height = side;
      const context = canvas.getContext("2d");
      context?.clearRect(0, 0, side, side);
      if (context && image) paint(context, side, image, (place % columns) * tile, Math.floor(place / columns) * tile, tile, cut);
    },
  };
}

/** Fills a square with the part of an image that is `size` pixels wide and high from (x, y) on. */
function paint(
  context: CanvasRenderingContext2D, side: number, image: HTMLImageElement, x: number, y: number, size: number, cut: HTMLCanvasElement,
) {
  if (side % size === 0) { // its pixels stay squares
    context.imageSmoothingEnabled = false;
    context.drawImage(image, x, y, size, size, 0, 0, side, side);
    return;
  }
  // Cut out first: what is made larger takes in a little of what is around it.
  if (cut.width !== size) cut.width = cut.height = size;
  const alone = cut.getContext("2d");
  alone?.clearRect(0, 0, size, size);
  alone?.drawImage(image, x, y, size, size, 0, 0, size, size);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = "high";
  context.drawImage(cut, 0, 0, side, side);
}
