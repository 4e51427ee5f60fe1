// Light or dark: as the page says, by `color-scheme` or by a mark; the system decides where the page says nothing.
import { above } from "../base/dom";

/** How pages mark themselves: marimo, Sphinx, MyST, Bootstrap, Colab, VS Code, JupyterLab. */
const marks = (word: string) => `.${word}, .${word}-theme, [data-theme="${word}"], [data-bs-theme="${word}"], [theme="${word}"], .vscode-${word}`;
const DARK = `${marks("dark")}, [data-jp-theme-light="false"], .vscode-high-contrast:not(.vscode-high-contrast-light)`;
const LIGHT = `${marks("light")}, [data-jp-theme-light="true"], .vscode-high-contrast-light`;
/** Where marks are; not `style`, which hosts change all the time on what moves. */
const MARKED = ["class", "data-theme", "data-bs-theme", "theme", "data-jp-theme-light"];

/** The nearest mark around an element, through shadow roots, which no selector can cross. */
function marked(root: Element): "dark" | "light" | undefined {
  for (let at = above(root); at; at = above(at)) {
    if (at.matches(DARK)) return "dark";
    if (at.matches(LIGHT)) return "light";
  }
  return undefined;
}

export function followTheme(root: HTMLElement, signal: AbortSignal): void {
  const page = new MutationObserver(follow);
  let watched: Element | null = null;

  function follow() {
    const outside = above(root);
    if (!outside || !root.isConnected) return;
    if (watched !== outside) watch(outside);
    root.style.colorScheme = getComputedStyle(outside).colorScheme === "normal" ? (marked(root) ?? "light dark") : "";
  }
  function watch(outside: Element) {
    page.disconnect();
    for (let at: Element | null = outside; at; at = above(at)) page.observe(at, { attributeFilter: MARKED });
    for (const each of [document.documentElement, document.body]) page.observe(each, { attributes: true });
    watched = outside;
  }

  // Some hosts render a view before it has its place, where alone it can be seen what is around it.
  const place = new ResizeObserver(follow);
  place.observe(root);
  signal.addEventListener("abort", () => {
    page.disconnect();
    place.disconnect();
  });
  follow();
}
