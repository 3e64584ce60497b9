// Steps, checks and what a rollback runs: what the plan may say, and what is refused before anything moves.
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { plan, read } from './providers.js';

const base = parse(readFileSync(new URL('../../docs/plan.md', import.meta.url), 'utf8').match(/```yaml\n(.*?)```/s)![1]!) as Record<string, unknown> & { phases: Record<string, unknown>[] };
const withPhase = (more: Record<string, unknown>, top: Record<string, unknown> = {}): string => stringify({ ...base, ...top, phases: [{ ...base.phases[0], ...more }, base.phases[1]] });
const problems = (text: string): readonly string[] => { const result = read(text, { now: Date.UTC(2026, 2, 2) }); return result.ok ? [] : result.problems.map(({ path, message }) => `${path}: ${message}`); };

describe('steps', () => {
  it('of the page are sound as they stand', () => {
    for (const [, text] of readFileSync(new URL('../../docs/steps.md', import.meta.url), 'utf8').matchAll(/```yaml\n(.*?)```/gs)) expect(problems(stringify({ ...base, ...(parse(text!) as object) }))).toEqual([]);
  });

  it('have their limits, their checks and their undo filled in', () => {
    const resolved = plan(withPhase({ before: [{ step: 'Migrate it', run: './up.sh', undo: './down.sh', cwd: '/srv', timeout: '5m', always: './off.sh' }], after: [{ step: 'Look', run: ['./look.sh', '--once'], 'cannot be undone': 'it only looks', repeatable: 'yes' }] }), { now: Date.UTC(2026, 2, 2) });
    const [phase] = resolved.phases;
    expect(phase!.before).toEqual([{
      id: 'phases/a-tenth/before/migrate-it', name: 'Migrate it', run: { run: './up.sh', timeoutMs: 300_000, cwd: '/srv', env: {}, on: null }, verify: null, undo: { run: './down.sh', timeoutMs: 300_000, cwd: '/srv', env: {}, on: null },
      cannotUndo: null, repeatable: false, read: null, always: { run: { run: './off.sh', timeoutMs: 300_000, cwd: '/srv', env: {}, on: null }, verify: null }, at: null,
    }]);
    expect(phase!.after[0]).toMatchObject({ undo: null, cannotUndo: 'it only looks', repeatable: true, run: { timeoutMs: 600_000 } });
  });

  it.each([
    ['without a way back', { before: [{ step: 'Migrate', run: 'x' }] }, /phases\[0\]\.before\[0\].*say how “Migrate” is taken back/],
    ['with two ways back', { before: [{ step: 'Migrate', run: 'x', undo: 'y', 'cannot be undone': 'no' }] }, /keep one of the two/],
    ['twice under one name', { before: [{ step: 'Migrate', run: 'x', undo: 'y' }, { step: 'migrate', run: 'x', undo: 'y' }] }, /two steps “migrate”/],
    ['that are repeated and read', { before: [{ step: 'Migrate', run: 'x', undo: 'y', repeatable: 'yes', read: 'z' }] }, /“read” would never be asked/],
    ['in another order than their days', { before: [{ step: 'A', run: 'x', undo: 'y', at: 'day 3' }, { step: 'B', run: 'x', undo: 'y', at: 'day 2' }] }, /“B” is due before the step above it/],
    ['with a key nobody knows', { after: [{ step: 'A', run: 'x', undo: 'y', verfy: 'z' }] }, /verify/],
    ['that are checks without a command', { checks: [{ check: 'A' }] }, /run/],
  ])('%s are refused', (_, phase, message) => {
    const found = problems(withPhase(phase));
    expect(found.join('\n')).toMatch(message);
  });

  it.each([
    ['a wait for somebody before the targets go back', { before: [{ step: 'A', run: 'x', ask: 'product-owner' }] }, /a rollback waits for nobody/],
    ['a command that keeps people exposed for minutes', { before: [{ step: 'A', run: 'x', timeout: '5m' }] }, /10 s at most/],
    ['a deadline for nobody', { after: [{ step: 'A', run: 'x', within: '5m' }] }, /add “ask: WHO”/],
    ['somebody who is not in the plan', { after: [{ step: 'A', run: 'x', ask: 'nobody-knows' }] }, /nobody-knows/],
  ])('a rollback is refused %s', (_, rollback, message) => { expect(problems(withPhase({}, { rollback })).join('\n')).toMatch(message); });
});
