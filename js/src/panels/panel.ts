// A panel beside the picture: its title, its content, and words for what it shows, lacks or could not do.
import { element } from "../base/dom";
import type { About } from "../base/data";

/** Milliseconds after which what is of other settings fades: mostly the right one has come by then. */
const FADES = 150;

export interface Panel {
  element: HTMLElement;
  body: HTMLElement;
  /** Shows words and states; returns whether there is content to draw. */
  show(state: About, busy: boolean): boolean;
}

export interface PanelOptions {
  title: string;
  /** What it shows, in a sentence. */
  help: string;
  /** Offers to save it as a picture; returns its data URL, or undefined where there is nothing. */
  save?: () => string | undefined;
  /** What stands in the head, beside the title. */
  head?: readonly HTMLElement[];
}

export function panel({ title, help, save, head = [] }: PanelOptions, kept: (source: string, name: string) => void, signal: AbortSignal): Panel {
  const body = element("div", { className: "filterviz-panel-body" });
  const words = element("p", { className: "filterviz-panel-words" });
  const lacks = element("p", { className: "filterviz-panel-lacks" });
  // Empty, not hidden: screen readers listen to a region only if it was there before its words.
  const error = element("p", { className: "filterviz-panel-error" }, { role: "status" });
  // The tooltip on what is inside: on the button it would be read after the same words.
  const keep = element("button", { type: "button", className: "filterviz-panel-save" }, { "aria-label": `Save ${title} as PNG` },
    element("span", { textContent: "PNG", title: `Save ${title.toLowerCase()} as a PNG file` }));
  keep.addEventListener("click", () => {
    const source = save?.();
    if (source) kept(source, title.toLowerCase().replaceAll(" ", "-"));
  }, { signal });
  let fading: number | undefined;
  signal.addEventListener("abort", () => clearTimeout(fading));
  const root = element("section", { className: "filterviz-panel" }, { "aria-label": title },
    element("header", { className: "filterviz-panel-head" }, {},
      element("h3", { className: "filterviz-panel-title", textContent: title, title: help }), ...head, ...(save ? [keep] : [])),
    body, lacks, words, error);

  return {
    element: root,
    body,
    show(state, busy) {
      const has = !state.empty && !state.error && state.layer !== undefined;
      // Not by a transition with a delay: while one runs, browsers draw frame after frame, and the picture waits.
      if (busy) fading ??= window.setTimeout(() => root.classList.add("filterviz-busy"), FADES);
      else {
        clearTimeout(fading);
        fading = undefined;
        root.classList.remove("filterviz-busy");
      }
      root.setAttribute("aria-busy", String(busy));
      body.hidden = !has;
      keep.hidden = !has;
      words.textContent = has ? (state.words ?? "") : "";
      lacks.textContent = state.empty ?? (state.layer === undefined && !state.error ? "Computing…" : "");
      const problem = state.error ?? "";
      if (error.textContent !== problem) error.textContent = problem; // once, however often the panel is drawn
      return has;
    },
  };
}
