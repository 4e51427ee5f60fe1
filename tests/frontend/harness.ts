// What the front end's tests load into a page as `fv`: its parts, and models for its views.
import explorer from "../../js/src/views/explorer";
import history from "../../js/src/views/history";

export { grouped, linear, logarithmic, readable } from "../../js/src/base/scale";
export { numberBox } from "../../js/src/controls/number";
export { photoInput } from "../../js/src/controls/photo_input";
export { sliceControl } from "../../js/src/controls/slices";
export { slider } from "../../js/src/controls/slider";
export { connection } from "../../js/src/host/connection";
export { throttled } from "../../js/src/host/save";
export { crispWidth } from "../../js/src/panels/image";
export { picture } from "../../js/src/panels/picture";
export { progress } from "../../js/src/panels/progress";
export { sheet } from "../../js/src/panels/sheet";
export { timeLine } from "../../js/src/panels/time_line";
export { explorerState, FakeModel, shown } from "./explorer_model";
export { filled, finished, panelStates } from "./panel_states";
export { FakeHistory, historyState } from "./history_model";
export { square } from "./square";

/** Shows a view of the model in the element; returns the host's way to remove it. */
type Mount<M> = (model: M, el: HTMLElement, older?: boolean) => () => void;

const mountOf = <M>({ render }: { render(props: { model: M; el: HTMLElement; signal?: AbortSignal }): () => void }): Mount<M> =>
  (model, el, older = false) => {
    const control = new AbortController();
    const cleanUp = render(older ? { model, el } : { model, el, signal: control.signal });
    return older ? cleanUp : () => control.abort();
  };

export const mount = mountOf(explorer);
export const mountHistory = mountOf(history);
