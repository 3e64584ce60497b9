// What protects may be tightened by an amendment, never loosened.
import { describe, expect, it } from 'vitest';
import { loosening } from '../../workflows/loosening.js';
import { newState, type MoveRecord } from '../../workflows/state.js';
import { plan } from '../plan/providers.js';
import { spoiled } from '../plan/sample.js';

const flag = '  flag: { flagd: { file: flags.json, flag: new-checkout }, cap: 80% }\n';
const crisis = '  crisis: { flagd: { file: flags.json, flag: crisis }, read only: yes, stands at: 100% }\n';
const whole = (keys: string, other = crisis, invariants = "invariants: ['p95 < 5s', 'error_rate < 50%']\n"): string => `${spoiled(flag, `  flag: { flagd: { file: flags.json, flag: new-checkout }, ${keys} }\n${other}`)}${invariants}`;
const strict = 'cap: 80%, before each move: { run: ./v.sh }, approval: { from: [ana, ben], needs: 2 }';
const move = (before: number, after: number): MoveRecord => ({ phase: 'wave-1', phaseIndex: 0, generation: 1, target: 'flag', before, wanted: after, after, readBack: '', at: 1, direction: 'forward', state: 'done', key: 'k', outstandingUntil: null });
const stateOf = (moves: readonly MoveRecord[] = []) => ({ ...newState('r', plan(whole(strict)), { by: 'ana' }, 0), moves: [...moves] });

describe('an amendment', () => {
  it('that says the same, or more, is taken', () => {
    expect(loosening(stateOf(), plan(whole(strict)))).toEqual([]);
    expect(loosening(stateOf([move(0, 10)]), plan(whole('cap: 50%, before each move: { run: ./better.sh }, approval: { from: ana, needs: 1 }'.replace('from: ana, needs: 1', 'from: [ana, ben], needs: 2'), crisis, "invariants: { watch: every 1m, hold: ['error_rate < 50%', 'p95 < 5s', 'p95 < 4s'] }\n")))).toEqual([]);
  });
  for (const [promise, amended, says] of [
    ['raises no cap', whole(strict.replace('80%', '90%')), /the cap of flag would be raised from 80% to 90%/],
    ['drops no cap', whole(strict.replace('cap: 80%, ', '')), /raised from 80% to nothing/],
    ['drops no validation', whole(strict.replace('before each move: { run: ./v.sh }, ', '')), /without what must pass before/],
    ['drops no approval', whole(strict.replace(', approval: { from: [ana, ben], needs: 2 }', '')), /without the approval of 2 of ana, ben/],
    ['asks nobody fewer', whole(strict.replace('needs: 2', 'needs: 1')), /without the approval/],
    ['makes nothing movable', whole(strict, crisis.replace(', read only: yes, stands at: 100%', ", unit: '%'")), /crisis is read only, and would no longer be/],
    ['has what is protected stand nowhere else', whole(strict, crisis.replace('100%', '0%')), /crisis must stand at 100%, and would have to stand at 0%/],
    ['drops no invariant', whole(strict, crisis, "invariants: ['p95 < 5s']\n"), /drops the invariant “error_rate < 50%”/],
  ] as const) {
    it(promise, () => {
      expect(loosening(stateOf(), plan(amended))).toEqual([expect.stringMatching(says)]);
    });
  }
  it('puts no cap under what is in force, or under what an undo would restore', () => {
    const lower = plan(whole(strict.replace('80%', '50%')));
    expect(loosening(stateOf([move(0, 60)]), lower)).toEqual([expect.stringContaining('CAP_BELOW_CURRENT: flag stands or stood at 60%')]);
    expect(loosening(stateOf([move(70, 10)]), lower)).toEqual([expect.stringContaining('CAP_BELOW_CURRENT: flag stands or stood at 70%')]);
  });
  it('protects nothing that this rollout has moved', () => {
    const kept = plan(whole("unit: '%', read only: yes").replace('    move: { flag: 10% }\n', '').replace('    move: { flag: 50% }\n', ''));
    expect(loosening(stateOf([move(0, 10)]), kept).join()).toContain('it cannot become read only');
  });
});
