// Where the heads of an attention layer look in the photo: one small picture each, from a place that is clicked.
import { element } from "../base/dom";
import type { AttentionState, FieldState, HeadState } from "../base/data";
import { pixelImage } from "./image";
import { type Look, marked } from "./spots";

export interface Attention {
  element: HTMLElement;
  /** The button that lets the class token look again. */
  head: HTMLElement[];
  show(state: AttentionState): void;
}

interface Tile {
  element: HTMLElement;
  show(head: HeadState, number: number): void;
  draw(): void;
}

export function attention(looks: Look, field: () => FieldState, from: (place?: { row: number; column: number }) => void, signal: AbortSignal): Attention {
  const grid = element("div", { className: "filterviz-examples" });
  const all = element("button", { type: "button", className: "filterviz-small", textContent: "no place", title: "From the class token, or from all places together" });
  const tiles: Tile[] = [];
  let [state, wanted]: [AttentionState, string] = [{}, ""];

  function tile(): Tile {
    const image = pixelImage();
    const frame = element("div", {}, {}, image);
    const words = element("div", { className: "filterviz-example-value" }, { "aria-hidden": "true" }); // the picture says them
    const mark = marked(frame, looks, field, signal);
    return {
      element: element("div", { className: "filterviz-example" }, {}, frame, words),
      show({ source, share }, number) {
        image.hidden = false;
        if (image.src !== source) image.src = source;
        const onPhoto = share === null ? "? %" : `${Math.round(100 * share)} %`;
        words.textContent = `${number}: ${onPhoto}`;
        image.alt = `Where head ${number} looks, ${onPhoto} of it on the photo`;
      },
      draw: mark.draw,
    };
  }

  // A place that is held looks; what is only pointed at does not.
  looks.follow(() => {
    const { held } = looks;
    const next = held ? `${held.row},${held.column}` : "";
    if (next === wanted) return;
    wanted = next;
    if (state.heads) from(held);
  });
  // aria-disabled instead of hidden: a button that is pressed must not lose the keyboard's focus.
  all.addEventListener("click", () => all.getAttribute("aria-disabled") !== "true" && looks.hold(undefined), { signal });

  return {
    element: grid,
    head: [all],
    show(next) {
      state = next;
      const heads = state.heads ?? [];
      while (tiles.length < heads.length) tiles.push(tile());
      heads.forEach((head, number) => tiles[number]?.show(head, number));
      const shown = tiles.slice(0, heads.length);
      if (grid.children.length !== shown.length) grid.replaceChildren(...shown.map((each) => each.element));
      for (const each of shown) each.draw();
      all.setAttribute("aria-disabled", String(!state.query));
    },
  };
}
