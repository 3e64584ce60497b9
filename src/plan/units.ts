// Units of metrics: which belong together and how one becomes the other. A unit outside these families (req/s, $/month) is allowed
// and converts to nothing but itself.

/** Families of units that convert; the number is how many of the family's base one unit is. */
const families: readonly (readonly (readonly [unit: string, size: number])[])[] = [
  [['us', 1e-6], ['µs', 1e-6], ['ms', 1e-3], ['s', 1], ['m', 60], ['min', 60], ['h', 3600], ['d', 86_400]],
  [['B', 1], ['kB', 1e3], ['KB', 1e3], ['MB', 1e6], ['GB', 1e9], ['TB', 1e12], ['KiB', 1024], ['MiB', 1024 ** 2], ['GiB', 1024 ** 3]],
  [['%', 0.01], ['ratio', 1]],
];

/** What one `from` is in `to`; null when the two do not belong together. */
export function unitFactor(from: string, to: string): number | null {
  if (from === to) return 1;
  for (const family of families) {
    const one = family.find(([unit]) => unit === from);
    const other = family.find(([unit]) => unit === to);
    if (one !== undefined && other !== undefined) return round(one[1] / other[1]);
  }
  return null;
}

/** `value` of unit `from` in unit `to`, without the dust of binary fractions; null when the two do not belong together. */
export function convertUnit(value: number, from: string, to: string): number | null {
  const factor = unitFactor(from, to);
  if (factor === null) return null;
  // dividing by a whole number is exact where multiplying by its inverse is not: 500 ms are 0.5 s
  return factor === 1 ? value : round(factor < 1 ? value / round(1 / factor) : value * factor);
}

/** Units that may be written on a metric shown in `unit`, for messages. `ratio` is no unit of a condition: 5% is never 0.05. */
export function unitsLike(unit: string): readonly string[] {
  const family = families.find((members) => members.some(([name]) => name === unit));
  if (family === undefined || unit === '%') return [unit];
  return family.map(([name]) => name).filter((name) => name !== 'µs' && name !== 'KB' && name !== 'min' || name === unit);
}

/** How a number with its unit is written: 10%, 500ms, 300 $/month, 4.5. */
export function withUnit(value: number, unit: string): string {
  if (unit === '') return String(value);
  return /^(%|[a-zµA-Z]{1,3})$/.test(unit) ? `${value}${unit}` : `${value} ${unit}`;
}

const round = (value: number): number => Number(value.toPrecision(14));

/** A factor without the dust of binary fractions, so that printing and reading it again gives the same number. */
export const share = (factor: number): number => Number(factor.toPrecision(12));
