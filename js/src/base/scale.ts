// From a slider's positions to the numbers that they stand for.

export interface Scale {
  /** Positions of the slider's thumb. */
  min: number;
  max: number;
  step: number;
  toPosition(value: number): number;
  toValue(position: number): number;
}

/** Every position is the number itself. */
export function linear(min: number, max: number, step = 1): Scale {
  const same = (value: number) => value;
  return { min, max, step, toPosition: same, toValue: same };
}

/** Equal distances are equal factors; values have two significant digits. */
export function logarithmic(low: number, high: number): Scale {
  return {
    min: Math.log10(low),
    max: Math.log10(high),
    step: 0.05,
    toPosition: (value) => Math.log10(value),
    toValue: (position) => Math.min(high, Math.max(low, Number((10 ** position).toPrecision(2)))),
  };
}

/** A number as it is read, in at most three significant digits, but whole numbers in full. */
export function readable(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));
}

/** A whole number in words, its thousands apart. */
export function grouped(value: number): string {
  return value.toLocaleString("en");
}
