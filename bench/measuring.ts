// What every figure is made of: percentiles, processor time of a process, waiting for a condition with a limit, and the row that is printed.
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** One line of the table. A ratio is ours to the floor's of the same run; nothing here passes or fails. */
export interface Row {
  readonly what: string;
  readonly measured: string;
  /** the same, measured without Tidegate in this run; '' where there is no such thing */
  readonly floor: string;
  readonly ratio: number | null;
  /** what the design wants to reach */
  readonly reach: string;
  readonly note?: string;
}

export function percentile(numbers: readonly number[], share: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
export const maximum = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), -Infinity);
export const ms = (number: number): string => (number >= 10_000 ? `${(number / 1000).toFixed(1)} s` : number >= 100 ? `${Math.round(number)} ms` : `${number.toFixed(1)} ms`);
export const ratioOf = (ours: number, floor: number): number => Math.round((ours / floor) * 100) / 100;

/** User and system time of a process so far. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10; // Linux counts in hundredths
}
export function residentMiB(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
}

/** @returns whether it came true within the limit */
export async function until(isSo: () => boolean | Promise<boolean>, limitMs: number, everyMs = 25): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) return false;
    await pause(everyMs);
  }
  return true;
}

/** Runs `job` for each item, so many at a time. */
export async function each<Item>(items: readonly Item[], atOnce: number, job: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items];
  await Promise.all(Array.from({ length: atOnce }, async () => { for (let item = left.shift(); item !== undefined; item = left.shift()) await job(item); }));
}
