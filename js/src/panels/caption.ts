// What is in the picture, in words: below it, and in place of it.

/** What was sought. */
export interface Sought {
  layer: string;
  filter: number;
  options: Record<string, unknown>;
}

export interface Caption {
  text: string;
  /** For those who do not see the picture. */
  alternative: string;
}

/** `known` is the layer's entry, as long as there is one. */
export function caption({ layer, filter, options }: Sought, known: { kind: string; filters: number; note: string } | undefined): Caption {
  const inhibits = options.sign === -1;
  const whole = options.objective === "layer";
  const direction = !whole && Array.isArray(options.direction) && options.direction.length > 0;
  const part = known?.kind === "units" ? "unit" : "filter";
  const range = known ? ` of 0–${known.filters - 1}` : "";
  const what = whole ? "the whole layer" : direction ? `a direction of ${part}s` : `${part} ${filter}${range}`;
  const subject = whole ? `layer ${layer} as a whole`
    : direction ? `a direction of ${part}s of layer ${layer}` : `${part} ${filter} of layer ${layer}`;
  return {
    text: [layer, what, inhibits ? "what inhibits it" : "", known?.note ?? ""].filter(Boolean).join(" · "),
    alternative: inhibits ? `What inhibits ${subject}` : `What ${subject} responds to`,
  };
}
