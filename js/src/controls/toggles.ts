// Which of several things are shown: a button for each, pressed or not.
import { element } from "../base/dom";

export interface Toggles<Name extends string> {
  element: HTMLElement;
  show(chosen: readonly Name[]): void;
  /** Whether one can be chosen at all. */
  offer(name: Name, on: boolean): void;
  enabled(on: boolean): void;
  focus(name: Name): void;
}

export function toggles<Name extends string>(
  label: string, entries: readonly (readonly [name: Name, words: string, help: string])[], changed: (chosen: Name[]) => void, signal: AbortSignal,
): Toggles<Name> {
  let present: readonly Name[] = [];
  const buttons = new Map<Name, HTMLButtonElement>();
  for (const [name, textContent, title] of entries) {
    const made = element("button", { type: "button", className: "filterviz-toggle", textContent, title }, { "aria-pressed": "false" });
    // aria-disabled instead of disabled: a button that is pressed must not lose the keyboard's focus.
    made.addEventListener("click", () => {
      if (made.getAttribute("aria-disabled") === "true") return;
      const others = present.filter((each) => each !== name);
      changed(entries.map(([each]) => each).filter((each) => (each === name ? others.length === present.length : others.includes(each))));
    }, { signal });
    buttons.set(name, made);
  }
  return {
    element: element("div", { className: "filterviz-toggles" }, { role: "group", "aria-label": label }, ...buttons.values()),
    show(chosen) {
      present = chosen;
      for (const [name, button] of buttons) button.setAttribute("aria-pressed", String(chosen.includes(name)));
    },
    offer(name, on) {
      const button = buttons.get(name);
      if (button) button.hidden = !on;
    },
    focus: (name) => buttons.get(name)?.focus(),
    enabled(on) {
      for (const button of buttons.values()) button.setAttribute("aria-disabled", String(!on));
    },
  };
}
