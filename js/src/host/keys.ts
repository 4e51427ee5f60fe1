// Keys: those that the focused control uses stay with it, all others are the notebook's; Escape leads back there.
import { above } from "../base/dom";

const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
const ENDS = ["Home", "End"];
const PAGES = ["PageUp", "PageDown"];
const PRESS = ["Enter", " "];
/** To the first and the last of a grid. */
const CORNERS = ["Control+Home", "Control+End"];

/** What each kind of control uses; one that is typed into also takes every key that is a character. */
const USES: [selector: string, typed: boolean, keys: readonly string[]][] = [
  ["input[type=number]", true, [...ARROWS, ...ENDS, "Enter", "Backspace", "Delete"]],
  ["input[type=search], input[type=text]", true, [...ARROWS, ...ENDS, "Enter", "Backspace", "Delete"]],
  ["select", true, [...ARROWS, ...ENDS, ...PAGES, "Enter"]],
  ["input[type=range]", false, [...ARROWS, ...ENDS, ...PAGES]],
  ["input[type=radio]", false, [...ARROWS, " "]],
  ["input[type=checkbox]", false, [" "]],
  ["button, summary", false, PRESS],
  ["[data-keys=arrows]", false, [...ARROWS, ...PRESS]],
  ["[role=gridcell]", false, [...ARROWS, ...ENDS, ...CORNERS, ...PAGES, ...PRESS]],
];

function isUsed(event: KeyboardEvent): boolean {
  // Combinations are commands of the page. Shift alone makes a character, or extends what is selected in a number.
  if (event.metaKey || event.altKey || (event.shiftKey && (event.ctrlKey || event.key === "Enter"))) return false;
  const [, typed, keys] = USES.find(([selector]) => (event.target as Element).matches(selector)) ?? ["", false, []];
  if (event.ctrlKey) return keys.includes(`Control+${event.key}`);
  return keys.includes(event.key) || (typed && event.key.length === 1);
}

/** Gives the focus back to the notebook: to the nearest of its elements that can have it. */
function leave(root: HTMLElement) {
  const focused = (root.getRootNode() as Document | ShadowRoot).activeElement;
  if (focused instanceof HTMLElement) focused.blur();
  for (let at = above(root); at; at = above(at)) {
    if (at instanceof HTMLElement && at.hasAttribute("tabindex")) return at.focus({ preventScroll: true });
  }
}

export function keepKeys(root: HTMLElement, signal: AbortSignal): void {
  const keep = (event: KeyboardEvent) => isUsed(event) && event.stopPropagation();
  for (const kind of ["keydown", "keyup", "keypress"] as const) root.addEventListener(kind, keep, { signal });
  // A number that is being typed keeps its Escape to itself.
  root.addEventListener("keydown", (event) => event.key === "Escape" && leave(root), { signal });
}
