// One world for all workflow tests: a small plan, scenarios, and checkers that run after every rehearsal, whatever it was
// about. What the checkers do not prove: anything about real processes (test/processes) and real providers (test/targets).
import { afterAll, expect } from 'vitest';
import { rehearse, type Rehearsal, type RehearsalOptions } from '../../src/engine/rehearsal.js';
import { bodyOf, hashOf } from '../../src/journal/chain.js';

export const minute = 60_000;
export const hour = 60 * minute;
export const day = 24 * hour;

/** Two waves of a day, one metric of each kind that matters, people, a trigger of each severity. */
export const smallPlan = (more: { readonly top?: string; readonly one?: string; readonly two?: string; readonly soak?: string } = {}): string => `
rollout: small
owner: ann
timezone: Europe/Berlin
people:
  ann: { name: Ann, channels: [log] }
  bob: { name: Bob }
  cid: { name: Cid }
escalation: [ann, bob]
targets:
  flag: { memory: flag, safer: lower }
metrics:
  error_rate: { prometheus: { url: 'http://127.0.0.1:9', query: errors }, unit: '%', better: lower }
  latency: { json: { url: 'http://127.0.0.1:9', at: p95 }, unit: ms, better: lower }
events:
  data-corruption: data were damaged
  escalation: a customer escalated
triggers:
  warning: ['error_rate > 5%']
  critical: ['latency > 900ms for 2m']
  emergency: ['error_rate > 10% for 5m', event: data-corruption]
${more.top ?? ''}
phases:
  - phase: wave-1
    starts: day 1 at 09:00
    enter: ['error_rate < 5%']
    approval: { from: [ann, bob], needs: 2, within: 4h, otherwise: hold }
    move: { flag: 10% }
    soak: ${more.soak ?? '24h, restarts on issue'}
    watch: every 10m
    leave: ['error_rate < 4%']
${more.one ?? ''}
  - phase: wave-2
    enter: ['error_rate < 5%']
    move: { flag: 100% }
    soak: 24h
    watch: every 10m
${more.two ?? ''}
`;

/** 0: every task replays the whole history. So that a story of weeks does not take hours, it is then also continued as new again and again. */
export const cached = process.env['TIDEGATE_TEST_CACHE'] === '0' ? 0 : undefined;
const withoutCache = { cachedWorkflows: 0, maxHistoryEvents: 250 };

/** Rehearsals of a file, one after the other. */
export function rehearsals(): (plan: string, scenario?: string, options?: Partial<RehearsalOptions>) => Promise<Rehearsal> {
  // A test that ran into its limit leaves its rehearsal behind: it is ended before the next one begins.
  let before: { readonly abort: AbortController; readonly settled: Promise<unknown> } | null = null;
  const endLast = async (): Promise<void> => { before?.abort.abort(); await before?.settled; };
  afterAll(endLast);
  return async (plan, scenario = '', options = {}) => {
    await endLast();
    const abort = new AbortController();
    const running = rehearse(plan, { signal: abort.signal, file: 'plan.yaml', scenario: scenario === '' ? null : { text: scenario, file: 'scenario.yaml' }, ...(cached === undefined ? {} : withoutCache), ...options });
    before = { abort, settled: running.catch(() => undefined) };
    const made = await running;
    check(made);
    return made;
  };
}

/** Promises that hold in every scenario. */
function check(made: Rehearsal): void {
  // The record is whole: no gap, and every hash follows from the one before.
  let before = '0'.repeat(64);
  for (const [index, entry] of made.entries.entries()) {
    expect(entry.seq).toBe(index + 1);
    expect(entry.hash).toBe(hashOf(before, bodyOf(entry.rollout, entry)));
    before = entry.hash;
  }
  // After the end nothing is left to write.
  if (made.status.outcome !== null) expect(made.entries.slice(made.entries.findIndex((entry) => entry.kind === 'ended')).map((entry) => `${entry.kind}: ${entry.text}`)).toEqual([`ended: ${made.rollout} is over: ${made.status.outcome}`]);
  // Every move of ours is undone once or not at all; what stands is what the record says.
  const undone = made.moves.filter((move) => move.direction === 'back');
  expect(new Set(undone.map((move) => `${move.target}/${move.at}`)).size).toBe(undone.length);
  // No gate opened without its approval, and none by an approval of another phase.
  for (const phase of made.phases) {
    if (phase.movedAt === null) continue;
    const asked = made.asks.filter((ask) => ask.kind === 'approval' && ask.phase === phase.phase);
    if (asked.length > 0) expect(asked.some((ask) => ask.state === 'settled' && ask.result === 'approve' && new Set(ask.answers.map((answer) => answer.by)).size >= ask.needs)).toBe(true);
  }
  // Clean time never exceeds the time there was.
  for (const phase of made.phases) if (phase.movedAt !== null) expect(phase.cleanMs).toBeLessThanOrEqual(made.endedAt - phase.movedAt);
}

export const texts = (made: Rehearsal, kind: string): string[] => made.entries.filter((entry) => entry.kind === kind).map((entry) => entry.text);
export const phaseOf = (made: Rehearsal, phase: string) => made.phases.find((one) => one.phase === phase)!;
