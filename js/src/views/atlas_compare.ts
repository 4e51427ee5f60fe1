// Another atlas of the same architecture, to compare with: filter by filter, by what the layers answer.
import type { AtlasFile, LayerEntry } from "../base/atlas_format";
import { likeThose, mean } from "../base/profiles";
import { type Reader, reader, type ReadLayer } from "./atlas_reader";
import { Problem, type Source } from "./atlas_source";

export interface Compared {
  reader: Reader;
  /** What it is called: its title where that is another one, its address otherwise. */
  name: string;
  /** The same layer there. */
  layer(entry: LayerEntry): Promise<ReadLayer>;
  /** How alike each filter of a layer is to that of its number there. */
  likeness(entry: LayerEntry): Promise<(number | null)[]>;
  mean(entry: LayerEntry): Promise<number | null>;
}

/** Rejects with a Problem where there is no atlas, or one of something else. */
export async function compare(own: Reader, source: Source, address: string): Promise<Compared> {
  let other: Reader;
  try {
    other = await reader(source);
  } catch (error) {
    throw new Problem(`There is nothing to compare with at ${address}. ${error instanceof Problem ? error.message : String(error)}`);
  }
  const differs = difference(own.about, other.about);
  if (differs) throw new Problem(`The atlas at ${address} is of another architecture: ${differs} Only atlases with the same layers can be compared.`);
  const layer = async ({ name }: LayerEntry) => {
    const entry = other.entry(name);
    if (!entry) throw new Problem(`The atlas at ${address} has no layer ${name}.`);
    return other.layer(entry);
  };
  const likeness = async (entry: LayerEntry) => {
    const [one, two] = await Promise.all([own.layer(entry), layer(entry)]);
    return likeThose(one.answers, two.answers);
  };
  const name = other.about.title === own.about.title ? address : other.about.title;
  return { reader: other, name, layer, likeness, mean: async (entry) => mean(await likeness(entry)) };
}

/** In what two atlases differ that keeps them from being compared, in a sentence; "" for nothing. */
export function difference(own: AtlasFile, other: AtlasFile): string {
  const theirs = new Map(other.layers.map((layer) => [layer.name, layer]));
  const lacking = own.layers.filter(({ name }) => !theirs.has(name));
  if (lacking.length) return `it lacks ${listed(lacking)}.`;
  const more = other.layers.filter(({ name }) => !own.layers.some((layer) => layer.name === name));
  if (more.length) return `it has ${listed(more)}, which this one lacks.`;
  const unequal = own.layers.find(({ name, filters }) => theirs.get(name)?.filters !== filters);
  return unequal ? `layer ${unequal.name} has ${unequal.filters} filters here and ${theirs.get(unequal.name)?.filters} there.` : "";
}

function listed(layers: readonly LayerEntry[]): string {
  const rest = layers.length - 3;
  return `layer${layers.length > 1 ? "s" : ""} ${layers.slice(0, 3).map(({ name }) => name).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
