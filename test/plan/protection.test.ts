// What a plan may say of protection, and what makes no sense in it: each told with its place, all at once.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { lintPlan } from '../../src/plan/index.js';
import { messageOf, plan, told } from './providers.js';
import { placeOf, sample, spoiled } from './sample.js';

const flag = '  flag: { flagd: { file: flags.json, flag: new-checkout }, cap: 80% }\n';
const withTarget = (line: string): string => spoiled(flag, `${flag}  ${line}\n`);
const crisis = (keys: string): string => withTarget(`crisis: { flagd: { file: flags.json, flag: crisis }${keys === '' ? '' : `, ${keys}`} }`);
const guarded = (keys: string): string => spoiled('cap: 80% }', `cap: 80%, ${keys} }`);

describe('a read-only target', () => {
  it('keeps what the plan says, or what it stands at when the rollout starts; it has no safer side unless the plan names one', () => {
    expect(plan(crisis('read only: yes, stands at: 100%')).targets[1]).toMatchObject({ id: 'crisis', unit: '%', readOnly: true, safer: 'none', protected: { standsAt: 100, reports: null } });
    expect(plan(crisis('read only: yes, reports: data-corruption, safer: higher')).targets[1]).toMatchObject({ safer: 'higher', protected: { standsAt: null, reports: 'data-corruption' } });
    expect(plan(withTarget("model: { command: { read: ./r.sh, write: './w.sh {value}' }, read only: yes, stands at: gpt-4 }")).targets[1]!.protected).toEqual({ standsAt: 'gpt-4', reports: null });
  });
  it('is nothing else: other targets are not protected', () => {
    expect(plan(sample).targets[0]).toMatchObject({ protected: null, beforeMove: null, approval: null, safer: 'lower' });
  });
  it('is moved by no phase, and the line of the move is named', () => {
    const text = crisis('read only: yes, stands at: 100%').replace('move: { flag: 50% }', 'move: { flag: 50%, crisis: 10% }');
    expect(told(text)).toEqual([`${placeOf(text, '10% }\n    soak: 48h')} READ_ONLY`]);
  });
  for (const [promise, keys, at, code, says] of [
    ['has nothing that passes before a move', 'read only: yes, before each move: { run: ./v.sh }', 'before each move', 'KEY_WITHOUT_EFFECT', /no move before which/],
    ['has nobody who approves a move', 'read only: yes, approval: { from: ana }', 'approval: { from: ana }', 'KEY_WITHOUT_EFFECT', /nobody can approve/],
    ['has no cap', 'read only: yes, cap: 50%', 'cap: 50%', 'KEY_WITHOUT_EFFECT', /keeps its value/],
    ['stands at a value of its unit', "read only: yes, unit: '%', stands at: 7", '7 }', 'WRONG_UNIT', /no percentage/],
    ['stands at a share of users that is one', 'read only: yes, stands at: 140%', '140%', 'OVER_CAP', /no share of users/],
    ['reports an event that the plan knows', 'read only: yes, reports: nothing', 'nothing', 'UNKNOWN_EVENT', /known: data-corruption/],
    ['alone stands at something', "unit: '%', stands at: 100%", 'stands at', 'KEY_WITHOUT_EFFECT', /add “read only: yes”/],
    ['alone reports its change', "unit: '%', reports: data-corruption", 'reports: data', 'KEY_WITHOUT_EFFECT', /add “read only: yes”/],
  ] as const) {
    it(promise, () => {
      const text = crisis(keys);
      expect(told(text)).toEqual([`${placeOf(text, at)} ${code}`]);
      expect(messageOf(text, code)).toMatch(says);
    });
  }
  it('can be read by a machine: one that only people read cannot be guarded', () => {
    const text = withTarget('crisis: { manual: look at it, read only: yes }');
    expect(told(text)).toEqual([`${placeOf(text, 'read only')} CANNOT_BE_GUARDED`]);
  });
});

describe('before each move, approval, cap', () => {
  it('of a target that moves', () => {
    const target = plan(guarded('before each move: { run: [npm, run, validate], timeout: 20m, on: host-1 }, approval: { from: [ana, ben], needs: 2, within: 12h }')).targets[0]!;
    expect(target.beforeMove).toEqual({ run: ['npm', 'run', 'validate'], timeoutMs: 20 * 60_000, cwd: null, env: {}, on: 'host-1' });
    expect(target.approval).toEqual({ id: 'targets/flag/approval', question: 'May flag be moved?', from: ['ana', 'ben'], needs: 2, withinMs: 12 * 3_600_000, otherwise: 'hold', validMs: 24 * 3_600_000 });
  });
  for (const [promise, keys, at, code] of [
    ['a command is needed', 'before each move: { timeout: 1m }', '{ timeout', 'WRONG_TYPE'],
    ['an approval is somebody’s', 'approval: { from: nobody }', 'nobody', 'UNKNOWN_PERSON'],
    ['no more people are needed than there are', 'approval: { from: ana, needs: 2 }', '2 }', 'WRONG_QUORUM'],
    ['unanswered it holds, and nothing else', 'approval: { from: ana, otherwise: stop }', 'otherwise', 'UNKNOWN_KEY'],
  ] as const) {
    it(promise, () => {
      const text = guarded(keys);
      expect(told(text).map((one) => one.split(' ')[1])).toEqual([code]);
      expect(told(text)[0]).toBe(`${placeOf(text, at)} ${code}`);
    });
  }
  it('a cap is for numbers: a text could never be told to keep it', () => {
    expect(messageOf(withTarget("model: { command: { read: ./r.sh, write: './w.sh {value}' }, cap: 3 }").replace('move: { flag: 50% }', 'move: { flag: 50%, model: gpt-4 }'), 'OVER_CAP')).toMatch(/“gpt-4” is no number/);
  });
  it('are told by the lint where nobody could give them, or where several workers could run them', () => {
    const codes = lintPlan(plan(guarded('before each move: { run: ./v.sh }, approval: { from: ana }').replace('people:', 'starter may approve: no\npeople:')), { workers: 2, env: null }).map(({ code, path }) => `${code} ${path}`);
    expect(codes).toContain('STARTER_BARRED targets.flag.approval');
    expect(codes).toContain('NO_HOST targets.flag.before each move');
  });
});

describe('invariants', () => {
  it('as a list keep each phase’s cadence, or have their own', () => {
    expect(plan(sample)).toMatchObject({ invariants: [], invariantWatch: null });
    expect(plan(`${sample}invariants: ['p95 < 5s']\n`)).toMatchObject({ invariants: [{ id: 'invariants/0' }], invariantWatch: { everyMs: null, blindAfterMs: null } });
    expect(plan(`${sample}invariants: { watch: every 30s, blind after: 2m, hold: ['p95 < 5s'] }\n`)).toMatchObject({ invariants: [{ id: 'invariants/0' }], invariantWatch: { everyMs: 30_000, blindAfterMs: 120_000 } });
  });
  it('that say little or nonsense are refused', () => {
    const blind = `${sample}invariants: { watch: every 30s, blind after: 20s, hold: ['p95 < 5s'] }\n`;
    expect(told(blind)).toEqual([`${placeOf(blind, '20s, hold')} WRONG_DURATION`]);
    const slower = `${sample}invariants: { blind after: 10m, hold: ['p95 < 5s'] }\n`; // wave-1 is watched every 15 minutes
    expect(told(slower)).toEqual([`${placeOf(slower, '10m, hold')} WRONG_DURATION`]);
    expect(told(`${sample}invariants: { watch: 30s, hold: ['p95 < 5s'] }\n`).join()).toContain('WRONG_CADENCE');
    expect(told(`${sample}invariants: { watch: every 30s }\n`).join()).toContain('MISSING_KEY');
    expect(told(`${sample}invariants: { hold: ['p96 < 5s'] }\n`).join()).toContain('UNKNOWN_METRIC');
  });
  it('make a figure of the record, which a grade may ask for; without anything to watch it is refused', () => {
    const grades = 'grades: { good: [rollout.longest_unwatched < 2min] }\n';
    expect(plan(`${sample}invariants: ['p95 < 5s']\n${grades}`).grades[0]!.criteria[0]!.condition).toMatchObject({ limit: { kind: 'number', value: 120 } });
    expect(plan(crisis('read only: yes') + grades).grades).toHaveLength(1);
    expect(messageOf(sample + grades, 'WRONG_SUBJECT')).toContain('no `invariants` and no target that is “read only”');
  });
});

it('docs/protection.md shows a plan that is sound', () => {
  const page = readFileSync(new URL('../../docs/protection.md', import.meta.url), 'utf8');
  const shown = plan(/```yaml\n(.*?)```/s.exec(page)![1]!);
  expect(shown.targets.map(({ protected: kept, beforeMove, approval, cap }) => [kept?.standsAt ?? null, beforeMove?.timeoutMs ?? null, approval?.from ?? null, cap])).toEqual([[100, null, null, null], [null, 600_000, null, null], [null, null, ['ada', 'ben'], 5]]);
  expect(shown.invariantWatch).toEqual({ everyMs: 30_000, blindAfterMs: null });
});
