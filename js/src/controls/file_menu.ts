// What is done with the picture: pinned beside the next ones, or saved as a file.
import { element } from "../base/dom";

export type FileKind = "figure" | "gif" | "webp";

export interface FileMenu {
  element: HTMLElement;
  enabled(on: boolean): void;
  /** Gives the focus to the button that pins. */
  focus(): void;
}

const FILES: [kind: FileKind, words: string, help: string][] = [
  ["figure", "Figure", "Save the whole view with its captions as a PNG file, for slides"],
  ["gif", "GIF", "Save how the picture formed as an animated GIF"],
  ["webp", "WebP", "Save how the picture formed as an animated WebP: smaller, and in all colours"],
];

export function fileMenu(actions: { pin(): void; save(kind: FileKind): void }, signal: AbortSignal): FileMenu {
  const button = (text: string, title: string, act: () => void) => {
    const made = element("button", { type: "button", className: "filterviz-button", textContent: text, title });
    made.addEventListener("click", () => made.getAttribute("aria-disabled") !== "true" && act(), { signal });
    return made;
  };
  const pin = button("Pin", "Keep this picture beside the next ones, to compare", actions.pin);
  const saves = FILES.map(([kind, words, help]) => button(words, help, () => actions.save(kind)));
  return {
    element: element("div", { className: "filterviz-files" }, {}, pin,
      element("div", { className: "filterviz-saves" }, { role: "group", "aria-label": "Save" }, element("span", { textContent: "Save" }, { "aria-hidden": "true" }), ...saves)),
    focus: () => pin.focus(),
    enabled(on) {
      for (const each of [pin, ...saves]) each.setAttribute("aria-disabled", String(!on));
    },
  };
}
