// The pinned picture beside the present one, with what differs between their settings in words.
import { element } from "../base/dom";
import { readable } from "../base/scale";
import { same } from "../base/same";
import type { Axis, Layer, Pinned, Shown } from "../base/data";
import { caption } from "./caption";
import { pixelImage } from "./image";

export interface PinnedPicture {
  element: HTMLElement;
  show(pinned: Pinned, present: Shown | null, layers: readonly Layer[], axes: readonly Axis[]): void;
  enabled(on: boolean): void;
}

const WORDS: Record<string, string> = { layer: "layer", filter: "filter", step_size: "step size", iterations: "iterations", seed: "seed" };

/** What differs, as "filter 3 → 7, seed 0 → 1": here the pinned one's, there the present one's. */
export function differences(pinned: Shown, present: Shown, axes: readonly Axis[]): string {
  const words: string[] = [];
  const say = (value: unknown, axis?: Axis) => {
    const choice = axis && "choices" in axis ? axis.choices.find(([each]) => each === value)?.[1] : undefined;
    return choice ?? (Array.isArray(value) ? (value.length ? "several filters" : "one filter") : String(value));
  };
  for (const [name, word] of Object.entries(WORDS)) {
    const [one, other] = [pinned[name as keyof Shown], present[name as keyof Shown]];
    if (!same(one, other)) words.push(`${word} ${say(one)} → ${say(other)}`);
  }
  for (const name of Object.keys(present.options)) {
    const [one, other] = [pinned.options[name], present.options[name]];
    if (same(one, other)) continue;
    const axis = axes.find((each) => each.name === name);
    words.push(`${axis?.label.toLowerCase() ?? name} ${say(one, axis)} → ${say(other, axis)}`);
  }
  return words.length ? words.join(", ") : "The same settings.";
}

/** `gone` is told when the picture that had the keyboard's focus is taken away. */
export function pinnedPicture(actions: { swap(): void; unpin(): void; gone(): void }, signal: AbortSignal): PinnedPicture {
  const image = pixelImage();
  const words = element("p", { className: "filterviz-panel-words" });
  const differs = element("p", { className: "filterviz-panel-words" });
  const button = (text: string, title: string, act: () => void) => {
    const made = element("button", { type: "button", className: "filterviz-small", textContent: text, title });
    made.addEventListener("click", () => made.getAttribute("aria-disabled") !== "true" && act(), { signal });
    return made;
  };
  const [swap, unpin] = [button("swap", "Go to its settings, and pin the present picture", actions.swap),
    button("unpin", "Take it away", actions.unpin)];
  const parts = [
    element("header", { className: "filterviz-panel-head" }, {},
      element("h3", { className: "filterviz-panel-title", textContent: "Pinned" }), swap, unpin),
    element("div", { className: "filterviz-pinned filterviz-panel-image" }, {}, image), words, differs,
  ];
  const root = element("section", { className: "filterviz-panel", hidden: true }, { "aria-label": "Pinned picture" });
  return {
    element: root,
    show(pinned, present, layers, axes) {
      const hadFocus = root.matches(":focus-within");
      root.hidden = !pinned.image || !pinned.shown;
      if (!pinned.image || !pinned.shown) {
        root.replaceChildren();
        if (hadFocus) actions.gone();
        return;
      }
      if (!root.childElementCount) root.append(...parts);
      const { text, alternative } = caption(pinned.shown, layers.find((layer) => layer.name === pinned.shown?.layer));
      if (image.src !== pinned.image) image.src = pinned.image;
      image.hidden = false;
      image.alt = alternative;
      const value = typeof pinned.activation === "number" ? ` · activation ${readable(pinned.activation)}` : "";
      words.textContent = text + value;
      differs.textContent = present ? `Here → there: ${differences(pinned.shown, present, axes)}` : "";
    },
    enabled(on) {
      for (const each of [swap, unpin]) each.setAttribute("aria-disabled", String(!on));
    },
  };
}
