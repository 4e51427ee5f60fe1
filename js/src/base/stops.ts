// A slider that stops at given numbers only, at equal distances: epochs and filters that were recorded.
import type { Scale } from "./scale";

/** The place of the number that lies nearest to a value; 0 in an empty list. */
export function placeOf(numbers: readonly number[], value: number): number {
  const far = (place: number) => Math.abs((numbers[place] ?? 0) - value);
  return numbers.reduce((best, _, place) => (far(place) < far(best) ? place : best), 0);
}

export function stops(numbers: readonly number[]): Scale {
  return {
    min: 0,
    max: Math.max(0, numbers.length - 1),
    step: 1,
    toPosition: (value) => placeOf(numbers, value),
    toValue: (place) => numbers[place] ?? 0,
  };
}
