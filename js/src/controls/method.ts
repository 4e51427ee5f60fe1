// The method by name: a preset of all options, chosen in one move.
import { availability } from "./available";
import { element, uniqueId } from "../base/dom";
import { same } from "../base/same";
import type { Options, Preset } from "../host/explorer_traits";

export interface MethodControl {
  element: HTMLElement;
  show(name: string, options: Options, presets: Record<string, Preset>): void;
  enabled(on: boolean): void;
}

export function methodControl(changed: (name: string) => void, signal: AbortSignal): MethodControl {
  const title = "How the picture is sought: each method brings its own options, step size and iterations";
  const [id, group] = [uniqueId(), uniqueId()];
  const names = element("div", { className: "filterviz-segments" }, { role: "radiogroup", "aria-labelledby": id });
  const mark = element("span", { className: "filterviz-mark", textContent: "changed",
    title: "Some options are not the method's own: see Options" });
  const radios = new Map<string, HTMLInputElement>();
  let known = "";
  let rest = availability([]);
  let connected = true;

  function offer(presets: Record<string, Preset>) {
    radios.clear();
    names.replaceChildren(...Object.entries(presets).map(([name, { help }]) => {
      const radio = element("input", { type: "radio", name: group, value: name });
      radio.addEventListener("change", () => changed(name), { signal });
      radios.set(name, radio);
      const word = name.charAt(0).toUpperCase() + name.slice(1);
      return element("label", { title: help }, {}, radio, element("span", { textContent: word }));
    }));
    rest = availability([...radios.values()]);
    rest.enabled(connected);
  }

  return {
    element: element("div", { className: "filterviz-row" }, {},
      element("span", { id, textContent: "Method", title }, { "aria-hidden": "true" }),
      element("div", { className: "filterviz-method" }, {}, names, mark)),
    show(name, options, presets) {
      if (known !== (known = Object.keys(presets).join())) offer(presets);
      for (const [each, radio] of radios) radio.checked = each === name;
      mark.dataset.on = String(differs(options, presets[name]));
    },
    enabled(on) {
      connected = on;
      rest.enabled(on);
    },
  };
}

/** Whether options are not those of the preset. */
export function differs(options: Options, preset: Preset | undefined): boolean {
  return preset !== undefined && !same(options, preset.options);
}
