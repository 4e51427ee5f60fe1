// Which layer: a slider that announces its name, a drop-down of names, and all layers on demand.
import { element } from "../base/dom";
import type { Layer, Unsupported } from "../host/explorer_traits";
import { linear } from "../base/scale";
import { slider } from "./slider";

export interface LayerControl {
  elements: HTMLElement[];
  /** Draws what is offered, and where in it the present layer stands. */
  show(layers: readonly Layer[], unsupported: readonly Unsupported[], present: string, all: boolean): void;
  enabled(on: boolean): void;
}

export interface LayerActions {
  changed(name: string): void;
  released(): void;
  all(on: boolean): void;
}

const GROUPS: [Layer["kind"], string][] = [
  ["convolution", "Convolutions"],
  ["units", "Units"],
  ["other", "Other feature maps"],
];

export function layerControl(actions: LayerActions, signal: AbortSignal): LayerControl {
  let offered: readonly Layer[] = [];
  let drawn = "";
  let latest: Parameters<LayerControl["show"]> = [[], [], "", false];
  const nameAt = (place: number) => offered[place - 1]?.name ?? "";
  const place = slider({
    name: "Layer",
    title: "The layer whose filters are shown, counted from 1",
    changed: (at) => actions.changed(nameAt(at)),
    released() {
      draw();
      actions.released();
    },
    describe: (at) => `${nameAt(at)}, layer ${at} of ${offered.length}`,
  }, signal);
  const names = element("select", { className: "filterviz-select" }, { "aria-label": "Layer name" });
  names.addEventListener("change", () => {
    actions.changed(names.value);
    actions.released();
  }, { signal });
  const every = element("input", { type: "checkbox", className: "filterviz-box" });
  every.addEventListener("change", () => actions.all(every.checked), { signal });
  const all = element("label",
    { className: "filterviz-check", title: "Offer every layer with a feature map: pooling, blocks, normalization" }, {},
    every, "All layers");

  function draw() {
    const [layers, unsupported, present, everything] = latest;
    every.checked = everything;
    // The places must not change their names under a hand.
    if (!place.isHeld) offer(layers, unsupported, present, everything);
    names.value = present;
    place.show(offered.findIndex((layer) => layer.name === present) + 1);
  }

  function offer(...[layers, unsupported, present, everything]: typeof latest) {
    const has = (kind: Layer["kind"]) => layers.some((layer) => layer.kind === kind);
    all.hidden = !(has("other") && (has("convolution") || has("units")));
    const plain = layers.filter((layer) => layer.kind !== "other" || layer.name === present);
    offered = everything || all.hidden ? layers : plain;
    const key = JSON.stringify([offered.map((layer) => [layer.name, layer.kind]), unsupported]);
    if (key === drawn) return;
    drawn = key;
    const option = (name: string, more = {}) => element("option", { value: name, textContent: name, ...more });
    const group = (label: string, options: HTMLOptionElement[]) =>
      options.length ? [element("optgroup", { label }, {}, ...options)] : [];
    names.replaceChildren(
      ...GROUPS.flatMap(([kind, label]) =>
        group(label, offered.filter((layer) => layer.kind === kind).map((layer) => option(layer.name)))),
      ...group("Not supported",
        unsupported.map(({ name, reason }) => option(name, { disabled: true, title: reason }))));
    place.range(linear(1, offered.length), [1, offered.length], true);
  }

  return {
    elements: [place.element, element("div", { className: "filterviz-below" }, {}, names, all)],
    show(...shown) {
      latest = shown;
      draw();
    },
    enabled(on) {
      place.enabled(on);
      names.disabled = every.disabled = !on;
    },
  };
}
