// Reads an atlas: each file once, checked, and few of the large ones kept.
import { type AtlasFile, type ExamplesFile, type FilterEntry, FORMAT, type LayerEntry, type LayerFile, type NetworkFile, type ShardFile } from "../base/atlas_format";
import { likeThose, likeTo, type Profiles, profiles } from "../base/profiles";
import { Problem, type Source } from "./atlas_source";

export interface ReadLayer extends LayerFile {
  /** Whether a filter is finished, and the first one of its shard. */
  isMade(filter: number): boolean;
  first(filter: number): number;
  answers: Profiles;
}

export interface ReadFilter {
  entry: FilterEntry;
  shard: ShardFile;
  /** Its place in its shard, and the shard's folder. */
  place: number;
  folder: string;
}

export interface Reader {
  /** What atlas.json said last. */
  readonly about: AtlasFile;
  readonly source: Source;
  /** Whether there is more to come. */
  readonly isUnfinished: boolean;
  network(): Promise<NetworkFile>;
  layer(entry: LayerEntry): Promise<ReadLayer>;
  filter(layer: ReadLayer, filter: number): Promise<ReadFilter | undefined>;
  examples(layer: LayerEntry): Promise<ExamplesFile>;
  entry(name: string): LayerEntry | undefined;
  /** Reads atlas.json again; says whether more is finished, or all is another. */
  again(): Promise<"same" | "more" | "other">;
}

/** Layers and shards that are kept: of a layer with thousands of filters the one is as large as all its profiles. */
const [LAYERS, SHARDS, EXAMPLES] = [12, 24, 3];

/** The sheet of a shard. */
export function sheetOf(folder: string, first: number): string {
  return `${folder}/${String(first).padStart(5, "0")}/sheet.jpg`;
}

export async function reader(source: Source): Promise<Reader> {
  let about = atlasFile(await source.json("atlas.json", true));
  let graph: Promise<NetworkFile> | undefined;
  const [layers, shards, sets] = [kept<ReadLayer>(LAYERS), kept<ShardFile>(SHARDS), kept<ExamplesFile>(EXAMPLES)];
  /** How far each layer was when its file was read. */
  const read = new Map<string, string>();
  const stage = ({ made, examples }: LayerEntry) => `${made} ${examples}`;
  const whole = () => about.layers.map(stage).join();

  async function readLayer(entry: LayerEntry): Promise<ReadLayer> {
    const path = `${entry.folder}/layer.json`;
    const isChanged = read.has(entry.folder) && read.get(entry.folder) !== stage(entry);
    read.set(entry.folder, stage(entry));
    let file: LayerFile;
    try {
      file = shaped<LayerFile>(await source.json(path, isChanged || entry.made < entry.filters), path, LAYER);
    } catch (error) {
      // Before its first filter is finished there may be no file.
      if (entry.made || !(error instanceof Problem && error.isMissing)) throw error;
      file = { ...entry, page: 32, tile: 128, columns: 8, shards: [], failed: [], activations: [], selectivity: [], profile_size: 1, profiles: "", field: null };
    }
    const made = new Set(file.shards);
    const first = (filter: number) => Math.floor(filter / file.page) * file.page;
    return { ...file, first, isMade: (filter) => made.has(first(filter)), answers: answersOf(file, path) };
  }

  return {
    get about() {
      return about;
    },
    source,
    get isUnfinished() {
      return about.made < about.filters || Boolean(about.images && about.layers.some(({ examples }) => !examples));
    },
    network: () => (graph ??= source.json("network.json").then((file) => shaped<NetworkFile>(file, "network.json", ["nodes", "edges"]))),
    layer: (entry) => layers(`${entry.folder} ${stage(entry)}`, () => readLayer(entry)),
    async filter(layer, filter) {
      if (!layer.isMade(filter)) return undefined;
      const first = layer.first(filter);
      const folder = `${layer.folder}/${String(first).padStart(5, "0")}`;
      const path = `${folder}/shard.json`;
      const shard = await shards(path, async () => shaped<ShardFile>(await source.json(path), path, ["filters", "sprites"]));
      const entry = shard.filters[filter - first];
      if (entry?.filter !== filter) throw new Problem(`${path} has no filter ${filter}: the atlas is damaged.`);
      return { entry, shard, place: filter - first, folder };
    },
    examples(layer) {
      const path = `${layer.folder}/examples.json`;
      return sets(path, async () => shaped<ExamplesFile>(await source.json(path), path, ["filters"]));
    },
    entry: (name) => about.layers.find((layer) => layer.name === name),
    async again() {
      const [key, before] = [about.key, whole()];
      about = atlasFile(await source.json("atlas.json", true));
      if (about.key === key) return whole() === before ? "same" : "more";
      graph = undefined;
      for (const each of [layers, shards, sets]) each.clear();
      return "other";
    },
  };
}

const LAYER = ["shards", "filters", "page", "columns", "tile"];

/** A file with the members that it must have. */
function shaped<T>(file: unknown, path: string, members: readonly string[]): T {
  const lacking = members.find((name) => typeof file !== "object" || !file || (file as Record<string, unknown>)[name] == null);
  if (lacking !== undefined) throw new Problem(`${path} is damaged: it has no “${lacking}”. Make the atlas again; what is whole is kept.`);
  return file as T;
}

function atlasFile(file: unknown): AtlasFile {
  const { format, made_by, layers } = shaped<AtlasFile>(file, "atlas.json", ["format"]);
  if (format !== FORMAT)
    throw new Problem(`This atlas was made by ${format > FORMAT ? "a newer version" : "another version"}${made_by ? ` (${made_by})` : ""}: its format is ${format}, and this page reads format ${FORMAT}.`);
  if (!Array.isArray(layers)) throw new Problem("atlas.json is damaged: it has no list of layers.");
  return shaped<AtlasFile>(file, "atlas.json", ["key", "title", "settings", "filters", "made"]);
}

function answersOf(file: LayerFile, path: string): Profiles {
  try {
    return profiles(file.profiles, file.profile_size);
  } catch {
    throw new Problem(`${path} is damaged: its profiles cannot be read.`);
  }
}

type Kept<T> = ((key: string, make: () => Promise<T>) => Promise<T>) & { clear(): void };

/** Remembers the last few of what was read; what failed is read again when it is asked for again. */
function kept<T>(most: number): Kept<T> {
  const all = new Map<string, Promise<T>>();
  const get = (key: string, make: () => Promise<T>): Promise<T> => {
    const found = all.get(key) ?? make();
    all.delete(key);
    all.set(key, found);
    found.catch(() => all.get(key) === found && all.delete(key));
    for (const old of [...all.keys()].slice(0, -most)) all.delete(old);
    return found;
  };
  return Object.assign(get, { clear: () => all.clear() });
}

/** How alike the filters of a layer are to those of the same layer of another atlas. */
export const change = (own: ReadLayer, other: ReadLayer) => likeThose(own.answers, other.answers);
/** How alike the filters of a layer are to one of them. */
export const alike = (own: ReadLayer, filter: number) => likeTo(own.answers, filter);
