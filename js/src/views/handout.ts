// A page that was made beforehand, to hand out: a widget's own view, without a kernel and without a network.
import { type Content, type PreparedModel, preparedModel } from "../host/prepared";
import explorer from "./explorer";
import history from "./history";

interface Page extends Content {
  kind: "explorer" | "history";
}

/** What an explorer's view asks for beside its settings, as far as it can be done without a kernel. */
function heard({ type, pages }: Record<string, unknown>, model: PreparedModel) {
  const get = (name: string) => model.get(name) as never;
  if (type === "sheet" && Array.isArray(pages)) {
    const { key } = get("sheet_panel") as { key: string };
    const sprites = get("sprites") as string[];
    for (const page of pages as number[]) if (sprites[page]) model.tell({ type: "sprite", key, page, source: sprites[page] });
  }
  if (type === "pin") {
    const activation = (get("activations") as (number | null)[]).at(-1) ?? null;
    model.put({ pinned: { image: get("image"), shown: get("shown"), method: get("method"), activation } });
  }
  if (type === "unpin") model.put({ pinned: {} });
  if (type === "swap") {
    const { shown } = get("pinned") as { shown: { layer: string; filter: number } };
    heard({ type: "pin" }, model);
    model.set("layer", shown.layer);
    model.set("filter", shown.filter);
    model.save_changes();
  }
}

const page = JSON.parse(document.getElementById("filterviz-data")?.textContent ?? "") as Page;
const el = document.querySelector("main > div") as HTMLElement;
({ explorer, history })[page.kind].render({ model: preparedModel(page, heard) as never, el });
