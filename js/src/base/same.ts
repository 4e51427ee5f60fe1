// Whether two values that came or could go as JSON are the same, whatever the order of their names.

export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || !one || !other) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const [names, others] = [Object.keys(one), Object.keys(other)];
  return names.length === others.length && names.every((name) =>
    name in other && same((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]));
}
