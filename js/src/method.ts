// The method by name: a preset of all options, chosen in one move.
import { availability } from "./available";
import { choice } from "./choice";
import { element } from "./dom";
import type { Options, Preset } from "./model";

export interface MethodControl {
  element: HTMLElement;
  show(name: string, options: Options, presets: Record<string, Preset>): void;
  enabled(on: boolean): void;
}

const WORDS: Record<string, string> = {
  classic: "Classic: plain ascent on the pixels",
  robust: "Robust: Fourier, jitter, scale, rotation",
  natural: "Natural: magnitudes of photographs",
};

export function methodControl(changed: (name: string) => void, signal: AbortSignal): MethodControl {
  const names = choice({
    name: "Method",
    title: "How the picture is sought; brings its own options, step size and iterations",
    words: WORDS,
    changed,
  }, signal);
  const mark = element("span", { className: "filterviz-mark", hidden: true, textContent: "changed" },
    { title: "Some options differ from the method's own: see Options" });
  names.element.append(mark);
  let known = "";
  return {
    element: names.element,
    show(name, options, presets) {
      if (known !== (known = Object.keys(presets).join())) names.offer(Object.keys(presets));
      names.show(name);
      mark.hidden = !differs(options, presets[name]);
    },
    enabled: availability([names.select]).enabled,
  };
}

/** Whether options are not those of the preset. */
export function differs(options: Options, preset: Preset | undefined): boolean {
  return preset !== undefined && JSON.stringify(Object.entries(options).sort()) !== JSON.stringify(Object.entries(preset.options).sort());
}
