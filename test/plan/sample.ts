// A small sound plan, and ways to spoil it: tests of bad input change one line of it and look at what is told.
import { read } from './providers.js';

export const sample = `rollout: checkout
owner: ana
timezone: America/Los_Angeles
people:
  ana: { email: ana@company.com, roles: [lead] }
  ben: { email: ben@company.com }
targets:
  flag: { flagd: { file: flags.json, flag: new-checkout }, cap: 80% }
metrics:
  error_rate: { json: 'http://api/metrics', at: errors.rate, unit: '%', levels: { warning: '> 5%' } }
  p95: { json: 'http://api/metrics', at: p95, unit: ms }
  comfort: { person: lead, question: 'Comfortable?' }
events:
  data-corruption: Customer data is wrong
baseline: { over: 24h }
triggers:
  emergency: ['error_rate > 10% for 5m', event: data-corruption]
phases:
  - phase: wave-1
    starts: day 1 at 09:00
    enter: ['error_rate < 5%', 'comfort = yes']
    approval: { from: [ana, ben], needs: 2 }
    move: { flag: 10% }
    soak: 24h, restarts on issue
    watch: every 15m
  - phase: wave-2
    starts: day 3 at 09:00
    enter: [all of wave-1, error_rate trending down]
    move: { flag: 50% }
    soak: 48h
    triggers: { emergency: ['error_rate > wave-1 + 5 points'] }
baking: { for: 14d, watch: every 5m }
rollback:
  if that fails: [{ step: Stop it, run: systemctl stop checkout }]
`;

/** The sample with one text replaced; fails when the text is not there exactly once, so that no test passes by testing nothing. */
export function spoiled(from: string, to: string): string {
  if (sample.split(from).length !== 2) throw new Error(`“${from}” stands ${sample.split(from).length - 1} times in the sample`);
  return sample.replace(from, () => to);
}

/** Where in the spoiled plan `needle` begins, as 'line:column'. */
export function placeOf(text: string, needle: string): string {
  const at = text.indexOf(needle);
  if (at < 0) throw new Error(`“${needle}” is not in the plan`);
  const before = text.slice(0, at).split('\n');
  return `${before.length}:${before.at(-1)!.length + 1}`;
}

export const problemsIn = (text: string): readonly string[] => { const result = read(text); return result.ok ? [] : result.problems.map(({ line, column, code, message }) => `${line}:${column} ${code}: ${message}`); };
