// A list that grows and travels in pieces: only what is new is sent.

export type Values = readonly (number | null)[];

/** What comes next, and where in the list it begins. */
export interface Piece {
  start: number;
  values: Values;
}

/** The list with a piece put on: in place of what it had from there on, and with nulls for what it never got. */
export function grown(known: Values, { start, values }: Piece): Values {
  const gap = Array.from({ length: Math.max(0, start - known.length) }, () => null);
  return [...known.slice(0, start), ...gap, ...values];
}
