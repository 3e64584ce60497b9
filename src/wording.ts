// Instants, lengths of time and values in words, the same everywhere people outside of a rollout are shown them: the verbs, the board, errors of the engine. Pure.
import type { EpochMs, Ms } from './judgement/index.js';
import type { TargetValue } from './plan/types.js';

const units: readonly (readonly [Ms, string])[] = [[86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'min'], [1_000, 's']];

/** At most two units, the second only where it is not 0: `3 d 2 h`, `48 h`, `6 min`: people speak of 48 hours, not of 2 days. Rounded down: what has not passed is not claimed. */
export function inWords(ms: Ms): string {
  if (ms < 0) return `-${inWords(-ms)}`;
  const at = units.findIndex(([size, name]) => ms >= (name === 'd' ? 3 * size : size));
  if (at < 0) return '0 s';
  const [size, name] = units[at]!;
  const next = units[at + 1];
  const first = `${Math.floor(ms / size)} ${name}`;
  const rest = next === undefined ? 0 : Math.floor((ms % size) / next[0]);
  return rest === 0 ? first : `${first} ${rest} ${next![1]}`;
}

/** `Tue 24 Nov 2026, 09:00 PST`; seconds where asked for. */
export function instantInWords(at: EpochMs, zone: string, precision: 'minute' | 'second' = 'minute'): string {
  return `${dayInWords(at, zone)}, ${clockInWords(at, zone, precision)} ${zoneName(at, zone)}`;
}

export function dayInWords(at: EpochMs, zone: string): string {
  const p = partsOf(at, zone, { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
  return `${p['weekday']} ${p['day']} ${p['month']} ${p['year']}`;
}

export function clockInWords(at: EpochMs, zone: string, precision: 'minute' | 'second' = 'minute'): string {
  const p = partsOf(at, zone, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
  return precision === 'second' ? `${p['hour']}:${p['minute']}:${p['second']}` : `${p['hour']}:${p['minute']}`;
}

export function zoneName(at: EpochMs, zone: string): string {
  return partsOf(at, zone, { hour: '2-digit', timeZoneName: 'short' })['timeZoneName'] ?? zone;
}

/** An unknown zone must not take the screen away in the middle of a rollout: UTC is shown, and named as such. */
const formats = new Map<string, Intl.DateTimeFormat>();
function partsOf(at: EpochMs, zone: string, wanted: Intl.DateTimeFormatOptions): Record<string, string> {
  const key = `${zone} ${JSON.stringify(wanted)}`;
  let format = formats.get(key);
  if (format === undefined) {
    try { format = new Intl.DateTimeFormat('en-US', { ...wanted, timeZone: zone }); } catch { format = new Intl.DateTimeFormat('en-US', { ...wanted, timeZone: 'UTC' }); }
    formats.set(key, format);
  }
  return Object.fromEntries(format.formatToParts(at).map((p) => [p.type, p.value]));
}

/** The zone of this machine: used where no plan says another. */
export function localZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export function ageInWords(at: EpochMs, now: EpochMs): string {
  return now - at < 1_000 ? 'just now' : `${inWords(now - at)} ago`;
}

/** At most four digits that count; whole numbers stay whole. */
export function numberInWords(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toFixed(digitsOf(value))));
}

/** The size of a change, no finer than the value it belongs to is shown: 71.44 did not change by 0.1234. */
export function changeInWords(change: number, value: number): string {
  return String(Number(Math.abs(change).toFixed(Math.min(2, digitsOf(value)))));
}

function digitsOf(value: number): number {
  const size = Math.abs(value);
  return size >= 1000 ? 0 : size >= 100 ? 1 : size >= 1 ? 2 : 4;
}

/** A unit belongs to a number; a text (an image, `as found`) is what it is. */
export function valueInWords(value: TargetValue, unit: string): string {
  if (typeof value !== 'number') return value;
  return unit === '' ? numberInWords(value) : `${numberInWords(value)} ${unit}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** What a person would have to type in a POSIX shell to pass this word. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
