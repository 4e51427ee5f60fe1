// Reads an atlas beside the page by running its files: a page that was opened from a disk may not read them.
import { element } from "../base/dom";
import { Problem, type Source } from "./atlas_source";

declare global {
  // Called by each of the files.
  var filterviz_atlas: ((name: string, content: unknown) => void) | undefined;
}

/** Milliseconds after which an atlas that is not finished is looked at again. */
const AGAIN = 5000;

/** What each script has handed over. Its element tells files of two atlases apart, which have the same names. */
const contents = new WeakMap<Element, { name: string; content: unknown }>();

globalThis.filterviz_atlas = (name, content) => {
  if (document.currentScript) contents.set(document.currentScript, { name, content });
};

/** `folder` is the address of the atlas, "" or with a slash at its end. */
export function siteSource(folder: string, signal: AbortSignal): Source {
  let reads = 0;
  const address = (path: string) => folder + path.split("/").map(encodeURIComponent).join("/");
  const shown = folder ? `${folder}` : "";
  return {
    json: (path, anew = false) => new Promise((resolve, reject) => {
      // What was read before is in the browser's cache, and another address is not.
      const script = element("script", { src: `${address(path)}.js${anew ? `?${Date.now().toString(36)}${reads += 1}` : ""}` });
      script.addEventListener("load", () => {
        const found = contents.get(script);
        script.remove();
        if (found?.name === path) resolve(found.content);
        else reject(new Problem(`${shown}${path} is damaged: ${found ? `it says that it is ${found.name}` : "it cannot be read"}. Make the atlas again; what is whole is kept.`));
      });
      script.addEventListener("error", () => {
        script.remove();
        reject(new Problem(`${shown}${path} is missing.`, true));
      });
      document.head.append(script);
    }),
    opaque: location.protocol === "file:",
    image: (path) => Promise.resolve(address(path)),
    follow(act) {
      const timer = setInterval(() => document.hidden || act(), AGAIN);
      signal.addEventListener("abort", () => clearInterval(timer));
    },
    other(other) {
      const folder = other.endsWith("/") ? other : `${other.replace(/index\.html$/, "").replace(/\/$/, "")}/`;
      const { protocol, host } = new URL(folder, location.href);
      // Its files are run: an address that somebody made up must not bring those of another server.
      if (protocol !== location.protocol || host !== location.host) throw new Problem(`${other} is not on this server: only an atlas beside this one can be compared with it.`);
      return siteSource(folder, signal);
    },
  };
}
