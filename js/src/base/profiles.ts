// How alike filters are: the cosine between what their layer answers to their optima.

export interface Profiles {
  readonly count: number;
  /** From -1 to 1 between a filter of these and one of those; null where one of them is not known. */
  alike(filter: number, others: Profiles, other: number): number | null;
  /** The profile of a filter. */
  of(filter: number): Int8Array;
}

/** From base64 of signed bytes, `size` of them for each filter; all are zero for what is not known. */
export function profiles(text: string, size: number): Profiles {
  const bytes = Int8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const of = (filter: number) => bytes.subarray(filter * size, (filter + 1) * size);
  return {
    count: Math.floor(bytes.length / Math.max(1, size)),
    of,
    alike: (filter, others, other) => cosine(of(filter), others.of(other)),
  };
}

function cosine(one: Int8Array, other: Int8Array): number | null {
  let [product, first, second] = [0, 0, 0];
  for (let place = 0; place < one.length; place += 1) {
    const [a, b] = [one[place] ?? 0, other[place] ?? 0];
    product += a * b;
    first += a * a;
    second += b * b;
  }
  // Bytes are rounded: two that are the same may come out as a little more than that.
  return first && second ? Math.max(-1, Math.min(1, product / Math.sqrt(first * second))) : null;
}

/** Each filter's likeness to one of them. */
export function likeTo(own: Profiles, filter: number): (number | null)[] {
  return Array.from({ length: own.count }, (_, other) => own.alike(filter, own, other));
}

/** Each filter's likeness to the filter of the same number among others. */
export function likeThose(own: Profiles, others: Profiles): (number | null)[] {
  return Array.from({ length: own.count }, (_, filter) => (filter < others.count ? own.alike(filter, others, filter) : null));
}

/** The mean of the numbers that are known; null without any. */
export function mean(values: readonly (number | null)[]): number | null {
  const numbers = values.filter((value) => value !== null);
  return numbers.length ? numbers.reduce((sum, value) => sum + value, 0) / numbers.length : null;
}

/** A likeness as it is read. */
export function likeness(value: number | null | undefined): string {
  return value == null ? "not known" : value.toFixed(2).replace("-", "−");
}
