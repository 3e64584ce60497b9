// How numbers, quantities, lengths of time and counts read in a sentence: the only place that formats any of them.
// Who puts the sentences together: message.ts.
import type { Ms } from './types.js';

/** Three significant digits below 1,000, whole numbers with separators above; more digits where `beside` would otherwise read the same. */
export function numberInWords(value: number, beside: number | null = null): string {
  for (let digits = 3; digits <= 15; digits += 1) {
    const text = rounded(value, digits);
    if (beside === null || value === beside || text !== rounded(beside, digits)) return text;
  }
  return String(value);
}

export function quantityInWords(value: number, unit: string, beside: number | null = null): string {
  const number = numberInWords(value, beside);
  return unit === '' ? number : `${number} ${unit}`;
}

const units: readonly (readonly [name: string, ms: Ms])[] = [['d', 86_400_000], ['h', 3_600_000], ['min', 60_000], ['s', 1000]];

/** The two largest units that say something: `2 d 3 h`, `10 min`, `15 s`, `350 ms`. */
export function lengthInWords(ms: Ms): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const largest = units.findIndex(([, size]) => ms >= size);
  const [name, size] = units[largest]!;
  const smaller = units[largest + 1];
  const tail = smaller === undefined ? 0 : Math.round((ms % size) / smaller[1]);
  if (smaller === undefined) return `${rounded(ms / size, 3)} ${name}`;
  // 59.7 s round up to a whole unit: carry it instead of saying `9 min 60 s`
  if (tail * smaller[1] >= size) return lengthInWords((Math.floor(ms / size) + 1) * size);
  return tail === 0 ? `${Math.floor(ms / size)} ${name}` : `${Math.floor(ms / size)} ${name} ${tail} ${smaller[0]}`;
}

export function countInWords(count: number, one: string, many: string): string {
  return `${numberInWords(count)} ${count === 1 ? one : many}`;
}

function rounded(value: number, digits: number): string {
  if (value === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(value)));
  if (size >= 15 || size < -6) return value.toPrecision(Math.min(digits, 6)).replace(/\.?0+(e|$)/, '$1');
  const decimals = Math.max(0, Math.min(20, digits - 1 - size));
  const text = value.toFixed(decimals);
  const trimmed = decimals === 0 ? text : text.replace(/\.?0+$/, '');
  return Math.abs(value) >= 1000 ? trimmed.replace(/\B(?<!\.\d*)(?=(\d{3})+(?!\d))/g, ',') : trimmed;
}
