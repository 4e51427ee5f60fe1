// Keys that lead through an atlas: arrows to what is beside, Escape up, a slash to the search box.
import type { AtlasFile } from "../base/atlas_format";
import { above, addressOf, type Where } from "./atlas_place";

/** What is typed into, and what uses its keys itself. */
const TYPED = "input, select, textarea";
const OWN = `${TYPED}, pre, [role=gridcell], [data-keys]`;

export interface KeyActions {
  where(): Where;
  about(): AtlasFile | undefined;
  go(address: string): void;
  step(address: string): void;
  search(): void;
}

export function atlasKeys(target: EventTarget, actions: KeyActions, signal: AbortSignal): void {
  target.addEventListener("keydown", (event) => {
    if (!(event instanceof KeyboardEvent) || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const [about, where, at] = [actions.about(), actions.where(), event.composedPath()[0]];
    if (!about) return;
    const isOwn = at instanceof Element && at.matches(OWN);
    const used = (act: () => void) => {
      event.preventDefault();
      event.stopPropagation();
      act();
    };
    if (event.key === "Escape" && where.screen !== "network") {
      if (at instanceof HTMLInputElement) return used(() => at.blur());
      return used(() => actions.go(above(where)));
    }
    // A tile has the focus when a layer comes, and no use for it.
    if (event.key === "/" && !(at instanceof Element && at.matches(TYPED))) return used(actions.search);
    if (isOwn) return;
    const next = beside(event.key, where, about);
    if (next !== undefined) used(() => actions.step(next));
  }, { signal });
}

/** Where an arrow leads: sideways to the next filter, up and down to the next layer. */
function beside(key: string, where: Where, { layers }: AtlasFile): string | undefined {
  if (where.screen !== "layer" && where.screen !== "filter") return undefined;
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[key];
  if (by === undefined) return undefined;
  const place = layers.findIndex(({ name }) => name === where.layer);
  const isAcross = key === "ArrowLeft" || key === "ArrowRight";
  if (where.screen === "filter" && isAcross) {
    const filter = where.filter + by;
    return filter >= 0 && filter < (layers[place]?.filters ?? 0) ? addressOf(where.layer, filter) : undefined;
  }
  const layer = layers[place + by];
  // On a layer's screen arrows up and down scroll.
  if (!layer || (where.screen === "layer" && !isAcross)) return undefined;
  return where.screen === "layer" ? addressOf(layer.name) : addressOf(layer.name, Math.min(where.filter, layer.filters - 1));
}
