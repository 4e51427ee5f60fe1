// The atlas in a notebook cell, also while it is made.
import type { AnyWidget } from "@anywidget/types";
import { element } from "../base/dom";
import { type Connection, rests } from "../host/connection";
import { SETTINGS, type Traits } from "../host/atlas_traits";
import { type Host, type View, widget } from "../host/shell";
import { atlasView } from "./atlas";
import type { Place } from "./atlas_source";
import { kernelSource } from "./kernel_source";

const STATES: Record<Traits["state"], string> = { making: "", done: "", stopped: ", stopped", failed: ", failed" };

/** Addresses that a reader has come from, in the page's memory: a notebook's own address is not ours to change. */
function memory(): Place & { back(): void } {
  const way: string[] = [];
  const acts: (() => void)[] = [];
  let at = "";
  const become = (address: string) => {
    at = address;
    for (const act of acts) act();
  };
  return {
    get: () => at,
    go(address) {
      if (address === at) return;
      way.push(at);
      become(address);
    },
    back: () => become(way.pop() ?? ""),
    follow: (act) => void acts.push(act),
  };
}

function atlas(host: Host<Traits, never>): View<Traits> {
  const { get, send, signal } = host;
  const source = kernelSource(host);
  const stop = element("button", { type: "button", className: "filterviz-button", textContent: "Stop", title: "Stop making the atlas; what is finished stays" });
  stop.addEventListener("click", () => stop.getAttribute("aria-disabled") !== "true" && send("stop"), { signal });
  const view = atlasView(source, memory(), signal, { beside: [stop] });
  let connected = true;

  function drawState() {
    const state = get("state");
    const hadFocus = stop.matches(":focus");
    stop.hidden = state !== "making";
    if (hadFocus && stop.hidden) view.focus();
    stop.setAttribute("aria-disabled", String(!connected));
    const pace = get("pace");
    view.state(state === "making" && pace ? `, ${pace}` : (STATES[state] ?? ""));
  }

  return {
    elements: [view.element],
    draw: { made: () => source.changed(), parts: () => source.changed(), state: drawState, pace: drawState },
    connected(state: Connection) {
      connected = !rests(state);
      drawState();
    },
    received: source.received,
  };
}

export default widget("Filter atlas", SETTINGS, atlas) satisfies AnyWidget<Traits>;
