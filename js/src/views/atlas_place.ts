// Addresses within an atlas: "" is the network, "conv3" a layer, "conv3/12" a filter; names may have slashes of their own.
import type { LayerEntry } from "../base/atlas_format";

export type Where =
  | { screen: "network" }
  | { screen: "layer"; layer: string }
  | { screen: "filter"; layer: string; filter: number }
  | { screen: "unknown"; words: string };

export function addressOf(layer: string, filter?: number): string {
  return [...layer.split("/"), ...(filter === undefined ? [] : [String(filter)])].map(encodeURIComponent).join("/");
}

/** One screen up. */
export function above(where: Where): string {
  return where.screen === "filter" ? addressOf(where.layer) : "";
}

export function whereIs(address: string, layers: readonly LayerEntry[]): Where {
  const name = decoded(address.replace(/^\/|\/$/g, ""));
  if (!name) return { screen: "network" };
  const named = (wanted: string) => layers.find((layer) => layer.name === wanted);
  if (named(name)) return { screen: "layer", layer: name };
  const [, layer = "", number = ""] = /^(.*)\/([^/]*)$/.exec(name) ?? [];
  const found = named(layer);
  if (!found) return { screen: "unknown", words: `There is no layer “${layer && /^\d+$/.test(number) ? layer : name}” in this atlas.` };
  if (/^\d+$/.test(number) && Number(number) < found.filters) return { screen: "filter", layer, filter: Number(number) };
  return { screen: "unknown", words: `There is no filter ${number} in layer ${layer}: it has ${found.filters}, from 0 to ${found.filters - 1}.` };
}

function decoded(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    return address; // typed by hand, with a % that means itself
  }
}
