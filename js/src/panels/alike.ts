// Small pictures in a row, each with a number and a word: filters that are like another one.
import { element } from "../base/dom";
import { smallPicture } from "./sheet_sprites";

export interface AlikeFilter {
  filter: number;
  words: string;
  /** The sprite, when it has come, and the picture's place in it. */
  sprite: Promise<HTMLImageElement>;
  place: number;
}

export interface Alike {
  element: HTMLElement;
  show(filters: readonly AlikeFilter[], layout: { tile: number; columns: number }): void;
}

export function alikeFilters(link: (filter: number, ...children: (Node | string)[]) => HTMLElement): Alike {
  const root = element("div", { className: "filterviz-alike" });
  const cut = element("canvas");
  return {
    element: root,
    show(filters, layout) {
      root.replaceChildren(...filters.map(({ filter, words, sprite, place }) => {
        const picture = smallPicture(cut);
        sprite.then((image) => picture.show(image, place, layout, layout.tile), () => undefined);
        picture.show(undefined, place, layout, layout.tile);
        const spoken = (text: string) => element("span", { className: "filterviz-spoken", textContent: text });
        const made = link(filter, picture.canvas, element("span", {}, {}, spoken("Filter "), String(filter)), element("span", {}, {}, spoken("alike "), words));
        made.classList.add("filterviz-alike-filter");
        return made;
      }));
    },
  };
}
