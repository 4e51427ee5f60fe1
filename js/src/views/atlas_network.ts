// The first screen of an atlas: what it is about, and the graph of its layers.
import { element } from "../base/dom";
import type { NetworkFile } from "../base/atlas_format";
import { likeness } from "../base/profiles";
import { grouped } from "../base/scale";
import { network } from "../panels/network";
import { addressOf } from "./atlas_place";
import { sheetOf } from "./atlas_reader";
import { type Atlas, finished, heading, type Screen, sizes } from "./atlas_screen";
import { words as say } from "./atlas_source";

/** What a place may say and offer beside what is known: the state of the making, a button. */
export interface NetworkScreen extends Screen<{ from?: string }> {
  /** Words behind the numbers of what is finished, such as "stopped". */
  state(words: string): void;
}

export function networkScreen(atlas: Atlas, beside: readonly HTMLElement[]): NetworkScreen {
  const { reader, place, signal } = atlas;
  const title = heading();
  const facts = element("dl", { className: "filterviz-atlas-list" });
  const progress = finished();
  const problem = element("p", { className: "filterviz-atlas-problem" }, { role: "status" });
  let [drawn, stated]: [NetworkFile | undefined, string] = [undefined, ""];
  let made: number[] = [];
  const compared = new Set<string>();

  const graph = network({
    link: (index, ...children) => atlas.link(addressOf(reader.about.layers[index]?.name ?? ""), {}, ...children),
    says: Boolean(atlas.compared),
    async strip(index) {
      const entry = reader.about.layers[index];
      if (!entry?.made) return undefined;
      try {
        // Of a layer that is not finished another shard may be the first.
        const first = entry.made < entry.filters ? (await reader.layer(entry)).shards[0] : 0;
        return first === undefined ? undefined : await reader.source.image(sheetOf(entry.folder, first));
      } catch {
        return undefined; // its own screen says what is wrong
      }
    },
    seen(index) {
      const entry = reader.about.layers[index];
      if (!entry || !atlas.compared || compared.has(entry.folder)) return;
      compared.add(entry.folder);
      atlas.compared.mean(entry).then((value) => graph.say(index, value === null ? "not in both yet" : `alike ${likeness(value)}`),
        (error: unknown) => graph.say(index, say(error)));
    },
  }, signal);

  function drawFacts() {
    const { about } = reader;
    const { settings, images, layers, made_by } = about;
    const units = layers.filter(({ kind }) => kind === "units").reduce((sum, { filters }) => sum + filters, 0);
    title.textContent = about.title;
    const rows: [string, string][] = [
      ["Layers", grouped(layers.length)],
      ["Filters", grouped(about.filters - units) + (units ? ` and ${grouped(units)} units` : "")],
      ["Method", `${settings.method}, ${grouped(settings.iterations)} iterations`],
      ["Image", `${sizes([...settings.image_size].reverse())} pixels`],
      ...(images ? [["Images", `${grouped(images.count)}${images.name && images.name !== "images" ? `, ${images.name}` : ""}`] as [string, string]] : []),
      ["Made by", made_by],
      ["Compared", atlas.compared?.name ?? ""],
    ];
    facts.replaceChildren(...rows.filter(([, value]) => value).flatMap(([name, value]) =>
      [element("dt", { textContent: name }), element("dd", { textContent: value })]));
    progress.show(about.made, about.filters, stated);
  }

  const address = element("input", { type: "text", className: "filterviz-number filterviz-atlas-with", value: place.with ?? "", placeholder: "../other-atlas/", spellcheck: false },
    { "aria-label": "Address of another atlas to compare with" });
  const withForm = element("form", { className: "filterviz-atlas-compare" }, {},
    element("label", {}, {}, element("span", { textContent: "Address of its folder, for example of the same network before training" }), address),
    element("button", { type: "submit", className: "filterviz-button", textContent: "Compare" }));
  if (place.with) {
    const none = element("button", { type: "button", className: "filterviz-button", textContent: "End", title: "Show this atlas alone" });
    none.addEventListener("click", () => place.compare?.(""), { signal });
    withForm.append(none);
  }
  withForm.addEventListener("submit", (event) => {
    event.preventDefault();
    place.compare?.(address.value.trim());
  }, { signal });

  return {
    element: element("div", { className: "filterviz-atlas-network" }, {},
      element("div", { className: "filterviz-atlas-about" }, {}, title,
        element("p", { className: "filterviz-atlas-lead", textContent: "What every filter of the network responds to: for each the picture that excites it most." }),
        progress.element, ...beside, facts,
        element("details", { className: "filterviz-atlas-other", hidden: !place.compare, open: Boolean(place.with) }, {},
          element("summary", { textContent: "Compare with another atlas" }), withForm), problem), graph.element),
    async show() {
      drawFacts();
      const { layers } = reader.about;
      const file = await reader.network().catch((error: unknown) => {
        problem.textContent = `${say(error)} The layers are shown one below the other.`;
        const below = (_: unknown, index: number): [number, number] => [index, index + 1];
        return { nodes: layers.map((_, layer) => ({ layer, row: layer, column: 0 })), edges: layers.slice(1).map(below), rows: layers.length, columns: 1 } satisfies NetworkFile;
      });
      const now = layers.map((layer) => layer.made);
      if (file !== drawn && (!drawn || drawn.nodes.length !== file.nodes.length || reader.about.layers.length !== made.length)) {
        drawn = file;
        const spots = new Map(file.nodes.map((node) => [node.layer, node]));
        graph.show(layers.map((layer, index) => ({ name: layer.name, about: layer.class_name, filters: layer.filters, made: layer.made,
          row: spots.get(index)?.row ?? index, column: spots.get(index)?.column ?? 0 })), file.edges);
      } else now.forEach((count, index) => count !== made[index] && graph.made(index, count));
      made = now;
    },
    focus: () => title.focus({ preventScroll: true }),
    state(words) {
      stated = words;
      drawFacts();
    },
  };
}
