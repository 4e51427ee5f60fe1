// The page of an atlas that lies in a folder: index.html, opened from a disk or from a web server.
import { element } from "../base/dom";
import { atlasView } from "./atlas";
import type { Place } from "./atlas_source";
import { siteSource } from "./site_source";

const { signal } = new AbortController();

/** Milliseconds between two addresses of a key that is held down: browsers refuse more than a few in a second. */
const PAUSE = 200;

const acts: (() => void)[] = [];
/** Where the page is, and what the browser's address says of it: that may come later. */
let [at, written] = [location.hash.slice(1), location.hash.slice(1)];
let timer: number | undefined;

function become(address: string) {
  at = address;
  for (const act of acts) act();
}

function write() {
  clearTimeout(timer);
  timer = undefined;
  location.hash = at;
  written = location.hash.slice(1);
}

// By the reader's own hand: the back button, or an address that was typed.
addEventListener("hashchange", () => {
  const address = location.hash.slice(1);
  if (address === written) return;
  written = address;
  become(address);
});

const place: Place = {
  get: () => at,
  go(address) {
    if (address === at) return;
    if (timer !== undefined) write();
    become(address);
    write();
  },
  step(address) {
    become(address);
    timer ??= window.setTimeout(write, PAUSE);
  },
  follow: (act) => void acts.push(act),
  link: (address) => `#${address}`,
  with: new URLSearchParams(location.search).get("with") ?? "",
  compare: (address) => (location.search = address ? `?with=${encodeURIComponent(address)}` : ""),
  title: (words) => (document.title = words),
};

// Each screen stands where it was left, or at its beginning.
history.scrollRestoration = "manual";
const view = atlasView(siteSource("", signal), place, signal, { keys: document });
document.body.append(element("main", { className: "filterviz filterviz-site" }, {}, view.element));
