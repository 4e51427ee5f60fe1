// Light or dark: as the page says, by `color-scheme` or by a mark; the system decides where the page says nothing.
import { above } from "../base/dom";

/** How pages mark themselves: marimo, Sphinx, MyST, Bootstrap, Colab, VS Code, JupyterLab. */
const marks = (word: string) => `.${word}, .${word}-theme, [data-theme="${word}"], [data-bs-theme="${word}"], [theme="${word}"], .vscode-${word}`;
const DARK = `${marks("dark")}, [data-jp-theme-light="false"]`;
const LIGHT = `${marks("light")}, [data-jp-theme-light="true"]`;

/** The nearest mark around an element, through shadow roots, which no selector can cross. */
function marked(root: Element): "dark" | "light" | undefined {
  for (let at = above(root); at; at = above(at)) {
    if (at.matches(DARK)) return "dark";
    if (at.matches(LIGHT)) return "light";
  }
  return undefined;
}

export function followTheme(root: HTMLElement, signal: AbortSignal): void {
  function follow() {
    const outside = above(root);
    if (!outside || !root.isConnected) return;
    root.style.colorScheme = getComputedStyle(outside).colorScheme === "normal" ? (marked(root) ?? "light dark") : "";
  }
  // Pages that change their theme do so on one of these two.
  const page = new MutationObserver(follow);
  for (const each of [document.documentElement, document.body]) page.observe(each, { attributes: true });
  // Some hosts render a view before it has its place, where alone it can be seen what is around it.
  const place = new ResizeObserver(follow);
  place.observe(root);
  signal.addEventListener("abort", () => {
    page.disconnect();
    place.disconnect();
  });
  follow();
}
