// The screen of a filter: its optimum, large, and all that is known of it beside and below.
import type { FieldState } from "../base/data";
import { element } from "../base/dom";
import { likeness } from "../base/profiles";
import { grouped, readable } from "../base/scale";
import { sliceControl } from "../controls/slices";
import { asPng, download } from "../host/download";
import { linePlot } from "../panels/line_plot";
import { type Picture, picture } from "../panels/picture";
import { look, marked } from "../panels/spots";
import { besideFilter } from "./atlas_beside";
import { part } from "./atlas_find";
import { addressOf } from "./atlas_place";
import { type ReadFilter, type ReadLayer } from "./atlas_reader";
import { type Atlas, heading, type Screen, withSign } from "./atlas_screen";
import { words as say } from "./atlas_source";

export interface FilterPlace {
  layer: string;
  filter: number;
}

/** Below this width the numbers stand below the picture; their narrowest and widest place beside it. */
const [BESIDE, GAP, NARROW, WIDE] = [760, 32, 300, 560];

export function filterScreen(atlas: Atlas, like: (layer: string, filter: number) => void): Screen<FilterPlace> {
  const { signal, reader } = atlas;
  const title = heading();
  const steps = element("div", { className: "filterviz-atlas-steps" });
  const facts = element("p", { className: "filterviz-atlas-facts" });
  const problem = element("p", { className: "filterviz-atlas-problem" }, { role: "status" });
  const lacks = element("p", { className: "filterviz-panel-lacks" });
  const keep = element("button", { type: "button", className: "filterviz-small", ...(reader.source.opaque
    ? { textContent: "Open", title: "Open the file of the optimum, to save it" } : { textContent: "PNG", title: "Save the optimum as a PNG file" }) });
  const numbers = element("dl", { className: "filterviz-atlas-list" });
  const notes = element("p", { className: "filterviz-atlas-note" });
  const curve = linePlot("Activation", signal);
  const slices = sliceControl(signal);
  const body = element("div", { className: "filterviz-atlas-filter-body" });
  const looks = look();
  let field: FieldState = {};
  let asked = 0;
  /** What is shown in full: more of the atlas changes nothing of that. */
  let whole = "";

  // Before the pictures' own: they are as wide as this says.
  const room = new ResizeObserver(() => {
    const width = body.clientWidth;
    const [both, isNarrow] = [Boolean(atlas.compared), width < BESIDE];
    const side = Math.min(WIDE, Math.max(NARROW, 0.36 * width));
    body.style.setProperty("--beside", String(isNarrow ? (both ? 0.5 * width + 6 : 0) : both ? 0.5 * (width - side - 2 * GAP) + side + GAP + 8 : side + GAP));
    body.classList.toggle("filterviz-narrow", isNarrow);
  });
  room.observe(body);
  signal.addEventListener("abort", () => room.disconnect());

  const own = picture(body, signal, slices);
  const other = atlas.compared ? picture(body, signal, slices) : undefined;
  const otherLacks = element("p", { className: "filterviz-panel-lacks", hidden: true });
  const pictures = element("div", { className: "filterviz-atlas-pictures" }, {}, own.element, lacks,
    ...(other ? [other.element, otherLacks] : []));
  for (const each of [own, ...(other ? [other] : [])]) marked(each.frame, looks, () => field, signal, undefined, slices);
  const below = besideFilter(atlas, looks, slices, () => field, like);
  body.append(pictures, element("div", { className: "filterviz-atlas-side" }, {}, numbers, notes, curve.element, slices.element, below.alike));

  keep.hidden = below.alike.hidden = below.element.hidden = true;
  const image = () => own.frame.querySelector("img");
  keep.addEventListener("click", () => {
    const shown = image();
    if (!shown?.src) return;
    if (reader.source.opaque) return void window.open(shown.src, "_blank", "noopener");
    const source = asPng(shown);
    if (source) download(`${keep.dataset.name ?? "optimum"}.png`, source);
  }, { signal });

  function drawHead({ layer, filter }: FilterPlace) {
    const entry = reader.entry(layer);
    if (!entry) return;
    const what = part(entry.kind);
    const name = entry.kind === "units" && entry === reader.about.layers.filter(({ kind }) => kind === "units").at(-1) ? reader.about.class_names[filter] ?? "" : "";
    title.replaceChildren(element("span", { textContent: layer }), element("span", { className: "filterviz-atlas-number", textContent: String(filter) }));
    title.setAttribute("aria-label", `${layer}, ${what} ${filter}`); // the two stand apart for eyes only
    facts.textContent = [entry.class_name, `${what} ${filter} of 0–${entry.filters - 1}`, name, entry.note].filter(Boolean).join(" · ");
    const step = (by: number, text: readonly Node[], help: string) => filter + by >= 0 && filter + by < entry.filters
      ? [atlas.link(addressOf(layer, filter + by), { className: "filterviz-button", title: `${help} ${what} (arrow key)` }, ...text)] : [];
    steps.replaceChildren(keep, ...step(-1, withSign("‹ ", String(filter - 1), ""), "The previous"), ...step(1, withSign("", String(filter + 1), " ›"), "The next"));
    keep.dataset.name = `${layer.replaceAll("/", "-")}-${filter}`;
  }

  function clear(words: string) {
    own.element.hidden = keep.hidden = true;
    lacks.hidden = false;
    lacks.textContent = words;
    for (const each of [numbers, notes]) each.replaceChildren();
    curve.element.hidden = below.alike.hidden = below.element.hidden = true;
  }

  async function drawOptimum(to: Picture, none: HTMLElement, found: ReadFilter | undefined, from: Atlas["reader"], caption: string, alternative: string, isStale: () => boolean): Promise<string> {
    const address = found?.entry.optimum;
    let source = address ? await from.source.image(address) : "";
    // The picture before it stays until this one can be shown.
    const isImage = await Object.assign(new Image(), { src: source }).decode().then(() => true, () => false);
    if (isStale()) return "";
    const broken = source && !isImage ? `${address} is missing, or no image.` : "";
    if (broken) source = "";
    to.element.hidden = !source;
    none.hidden = Boolean(source);
    none.textContent = source ? "" : found ? broken || found.entry.error || "There is no optimum." : `${caption} lacks this filter so far.`;
    if (source && found) to.show(source, caption && `${caption} · activation ${reached(found)}`, alternative);
    return source;
  }

  async function show({ layer, filter }: FilterPlace) {
    const wanted = `${reader.about.key} ${layer} ${filter}`;
    if (wanted === whole && !atlas.compared && !below.waits) return;
    whole = "";
    const ticket = ++asked;
    const isStale = () => ticket !== asked || signal.aborted;
    const entry = reader.entry(layer);
    if (!entry) return;
    drawHead({ layer, filter });
    problem.textContent = "";
    const { about } = reader;
    slices.offer(about.data?.slices ?? 1);
    for (const each of [own, other]) each?.reserve(about.settings.image_size[1], about.settings.image_size[0]);
    const read = await reader.layer(entry);
    const found = await reader.filter(read, filter);
    if (isStale()) return;
    if (!found) return clear("This filter is not finished yet.");
    const both = atlas.compared && await theirs(read, filter).catch((error: unknown) => void (problem.textContent = say(error)));
    if (isStale()) return;

    const { entry: one } = found;
    field = read.field && !read.field.whole ? read.field : {};
    const what = `${part(entry.kind)} ${filter} of layer ${layer}`;
    const source = await drawOptimum(own, lacks, found, reader, atlas.compared ? "This atlas" : "", `What ${what} responds to`, isStale);
    if (other && atlas.compared) {
      const { reader: there, name } = atlas.compared;
      await drawOptimum(other, otherLacks, both?.found, there, name, `What ${what} responds to in ${name}`, isStale);
    }
    if (isStale()) return;
    keep.hidden = !source;

    const selectivity = read.selectivity[filter];
    const rows: [string, string][] = [["Activation", reached(found)]];
    if (both) rows.push(["Compared", `alike ${likeness(both.alike)}, activation ${both.found ? reached(both.found) : "not known"}`]);
    const place = rankOf(read.activations, filter);
    if (place) rows.push(["Rank", `${grouped(place)} of ${grouped(read.filters)} by activation`]);
    if (typeof selectivity === "number") rows.push(["Selectivity", readable(selectivity)]);
    if (read.field?.whole) rows.push(["Sees", read.field.words]);
    numbers.replaceChildren(...rows.flatMap(([name, value]) => [element("dt", { textContent: name }), element("dd", { textContent: value })]));
    notes.textContent = one.note;
    curve.element.hidden = one.activations.length < 2;
    curve.show(one.activations, both?.found?.entry.activations);
    below.element.hidden = false;
    below.show(read, found, source, isStale);
    whole = wanted;
  }

  /** The same filter of the other atlas, and how alike it is to this one. */
  async function theirs(read: ReadLayer, filter: number) {
    const [compared, entry] = [atlas.compared, reader.entry(read.name)];
    if (!compared || !entry) return undefined;
    const layer = await compared.layer(entry);
    const found = await compared.reader.filter(layer, filter);
    return { found, alike: found ? read.answers.alike(filter, layer.answers, filter) : null };
  }

  return {
    element: element("article", { className: "filterviz-atlas-filter" }, {},
      element("header", { className: "filterviz-atlas-head" }, {}, title, steps, facts), problem, body, below.element),
    show,
    focus: () => title.focus({ preventScroll: true }),
  };
}

/** The activation of the optimum, as it is read. */
function reached({ entry }: ReadFilter): string {
  const last = entry.activations.at(-1);
  return typeof last === "number" ? readable(last) : "no number";
}

/** The place of a filter in the order by activation, from 1; undefined where it has none. */
function rankOf(activations: readonly (number | null)[], filter: number): number | undefined {
  const own = activations[filter];
  if (typeof own !== "number") return undefined;
  return 1 + activations.filter((value) => value !== null && value > own).length;
}
