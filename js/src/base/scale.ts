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

/** A number as it is read, in at most so many significant digits, but whole numbers in full. */
export function readable(value: number, digits = 3): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(digits)));
}

/** The ends of an axis, in as many digits as tell them apart (a float32 has seven); no words where it has no length. */
export function ends(low: number, high: number): [low: string, high: string] {
  for (let digits = 3; low < high && digits <= 8; digits += 1) {
    const words: [string, string] = [readable(low, digits), readable(high, digits)];
    if (words[0] !== words[1]) return words;
  }
  return ["", ""];
}

/** A whole number in words, its thousands apart. */
export function grouped(value: number): string {
  return value.toLocaleString("en");
}
