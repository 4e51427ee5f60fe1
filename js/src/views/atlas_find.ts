// What the search box finds: filters by layer and number, layers by a part of their name, units by the name of their class.
import type { AtlasFile } from "../base/atlas_format";
import type { Hit } from "../controls/search";
import { addressOf, type Where } from "./atlas_place";

const MOST = 8;

/** The best hits first. */
export function find(typed: string, about: AtlasFile, where: Where, go: (address: string) => void): Hit[] {
  const wanted = typed.toLowerCase();
  const { layers } = about;
  const hits: [rank: number, hit: Hit][] = [];
  const layerHit = (rank: number, at: number) => {
    const layer = layers[at];
    if (layer) hits.push([rank, { name: layer.name, about: `${layer.class_name}, ${layer.filters} ${part(layer.kind)}s`, go: () => go(addressOf(layer.name)) }]);
  };
  const filterHit = (rank: number, name: string, filter: number, words: string) =>
    hits.push([rank, { name: `${name}/${filter}`, about: words, go: () => go(addressOf(name, filter)) }]);

  // "conv3/12", also with a space or a colon between them; a number alone is one of the layer that is shown.
  const [, prefix = "", number = ""] = /^(.*?)[\s/:#]*(\d+)$/.exec(wanted) ?? [];
  const present = where.screen === "layer" || where.screen === "filter" ? where.layer : undefined;
  if (number && !prefix && present !== undefined) {
    const layer = layers.find(({ name }) => name === present);
    if (layer && Number(number) < layer.filters) filterHit(0, layer.name, Number(number), `${part(layer.kind)} of this layer`);
  }
  if (prefix) {
    for (const { name, kind, filters } of layers) {
      const rank = rankOf(name.toLowerCase(), prefix);
      if (rank !== undefined && Number(number) < filters) filterHit(1 + rank, name, Number(number), part(kind));
    }
  }
  layers.forEach(({ name }, at) => {
    const rank = rankOf(name.toLowerCase(), wanted);
    if (rank !== undefined) layerHit(0.5 + rank, at);
  });
  const units = layers.filter(({ kind }) => kind === "units").at(-1);
  if (units) about.class_names.forEach((name, unit) => {
    const rank = unit < units.filters ? rankOf(name.toLowerCase(), wanted) : undefined;
    if (rank !== undefined) hits.push([0.7 + rank, { name, about: `unit ${unit} of ${units.name}`, go: () => go(addressOf(units.name, unit)) }]);
  });
  return hits.sort(([one], [other]) => one - other).slice(0, MOST).map(([, hit]) => hit);
}

/** The whole, the beginning, the beginning of a word, or a part in the middle. */
function rankOf(name: string, wanted: string): number | undefined {
  const at = name.indexOf(wanted);
  if (at < 0) return undefined;
  return name === wanted ? 0 : at === 0 ? 2 : /[a-z0-9]/.test(name[at - 1] ?? "") ? 6 : 4;
}

export function lacks(typed: string, about: AtlasFile): string {
  const classes = about.class_names.length ? ", or the name of a class" : "";
  return `Nothing is called “${typed}”. Type a layer’s name, a layer and a number such as ${about.layers[0]?.name ?? "conv1"}/12${classes}.`;
}

export function part(kind: string): string {
  return kind === "units" ? "unit" : "filter";
}
