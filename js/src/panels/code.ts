// Lines of Python, and a button that copies them.
import { element } from "../base/dom";

export interface Code {
  element: HTMLElement;
  head: HTMLElement[];
  show(lines: string): void;
}

/** Milliseconds for which the button says that it has copied. */
const SAYS = 1600;

export function code(signal: AbortSignal): Code {
  const text = element("pre", { className: "filterviz-code", tabIndex: 0 }, { "aria-label": "Lines of code", role: "group" });
  const copy = element("button", { type: "button", className: "filterviz-small", textContent: "Copy", title: "Copy the code" });
  const said = element("span", { className: "filterviz-spoken" }, { role: "status" });
  let timer: number | undefined;

  function say(words: string) {
    clearTimeout(timer);
    copy.textContent = said.textContent = words;
    timer = window.setTimeout(() => {
      copy.textContent = "Copy";
      said.textContent = "";
    }, SAYS);
  }

  copy.addEventListener("click", () => {
    // Pages that were opened from a disk, and frames, may have no clipboard: then the lines are selected, ready for the keys.
    const select = () => {
      const range = document.createRange();
      range.selectNodeContents(text);
      getSelection()?.removeAllRanges();
      getSelection()?.addRange(range);
      say("Selected");
    };
    if (!navigator.clipboard) return select();
    navigator.clipboard.writeText(text.textContent ?? "").then(() => say("Copied"), select);
  }, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  return {
    element: element("div", {}, {}, text, said),
    head: [copy],
    show: (lines) => (text.textContent = lines),
  };
}
