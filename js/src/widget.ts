// The entry that anywidget calls, once per view.
import type { RenderProps } from "@anywidget/types";
import { explorer } from "./explorer";
import type { Traits } from "./model";

function render({ model, el, signal }: RenderProps<Traits> & { signal?: AbortSignal }): () => void {
  const view = new AbortController();
  // Newer hosts give a signal, older ones call what is returned.
  signal?.addEventListener("abort", () => view.abort(), { once: true, signal: view.signal });
  explorer(model, el, view.signal);
  return () => view.abort();
}

export default { render };
