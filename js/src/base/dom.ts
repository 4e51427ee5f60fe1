// Making elements: text is always text, never markup.

type Properties<K extends keyof HTMLElementTagNameMap> = Partial<
  Omit<HTMLElementTagNameMap[K], "style" | "children">
>;

/** Creates an element with properties, ARIA and other attributes, and children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties<K> = {},
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

// Every widget brings a copy of this module, so a count alone would begin anew in each.
const copy = Math.random().toString(36).slice(2, 10);
let last = 0;

/** An id that no other element of the page has, however many widgets and views there are. */
export function uniqueId(): string {
  return `filterviz-${copy}-${++last}`;
}

/** What an element stands in: its parent, or what bears its shadow root. */
export function above(inner: Element): Element | null {
  const root = inner.getRootNode();
  return inner.parentElement ?? (root instanceof ShadowRoot ? root.host : null);
}
