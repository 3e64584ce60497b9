// Commands, start, amend: what goes to the rollout, what is said, and what a refusal looks like. Parsing and running of each.
import { describe, expect, test } from 'vitest';
import { FinalError, TransientError } from '../../src/errors.js';
import type { Plans, Rollouts } from '../../src/cli/ports.js';
import { fakeRollouts, type as typed } from './fake-cli.js';
import { planOf } from './fake-plan.js';

const ready = (change: Partial<Rollouts> = {}) => { const rollouts = fakeRollouts(change); return { rollouts, options: { parts: { rollouts: async () => rollouts } } }; };
const valid: Plans = { parse: ({ vars }) => ({ ok: true, plan: planOf(), document: () => ({ rollout: 'batch-patches-v1', port: '${var:port}' }), filled: () => ({ rollout: 'batch-patches-v1', port: vars['port'] ?? null }), warnings: [] }), schema: () => ({ type: 'object' }) };
const invalid: Plans = { parse: () => ({ ok: false, errors: [{ line: 3, column: 7, path: 'owner', code: 'UNKNOWN_PERSON', message: 'there is no person leed; did you mean lead?' }, { line: 9, column: 1, path: 'phases', code: 'X', message: 'and another' }], warnings: [] }), schema: () => ({}) };

describe('what a command sends', () => {
  const lines: [string, string, Record<string, unknown>][] = [
    ['approve b wave-2/approval/1', 'approve', { ask: 'wave-2/approval/1' }],
    ['reject b wave-2/approval/1', 'reject', { ask: 'wave-2/approval/1' }],
    ['withdraw b wave-2/approval/1', 'withdraw', { ask: 'wave-2/approval/1' }],
    ['answer b comfort/1 yes', 'answer', { ask: 'comfort/1', value: 'yes' }],
    ['answer b feedback/1 4.6', 'answer', { ask: 'feedback/1', value: 4.6 }],
    ['answer b feedback/1 1e3x', 'answer', { ask: 'feedback/1', value: '1e3x' }],
    ['pause b', 'pause', {}],
    ['resume b', 'resume', {}],
    ['extend b 24h', 'extend', { byMs: 86_400_000 }],
    ["extend b '1d 6h' --phase wave-2", 'extend', { byMs: 108_000_000, phase: 'wave-2' }],
    ['skip b soak', 'skip', { what: 'soak' }],
    ['rollback b', 'rollback', {}],
    ['rollback b --phase wave-2', 'rollback', { phase: 'wave-2' }],
    ['rollback b --to wave-1', 'rollback', { to: 'wave-1' }],
    ['stop b --leave-exposed', 'stop', { leaveExposed: true }],
    ['report b data-corruption --event-id t-1 --at 2026-12-03T09:00:00-08:00', 'report', { event: 'data-corruption', eventId: 't-1', at: Date.parse('2026-12-03T17:00:00Z') }],
  ];
  test.each(lines)('%s', async (line, name, payload) => {
    const { rollouts, options } = ready();
    const { exitCode, stdout, stderr } = await typed(`${line} --as commander -m 'so it is' --id req-42`, options);
    expect(rollouts.told).toEqual([{ rollout: 'b', name, updateId: 'req-42', payload: { by: 'commander', osUser: 'ann', host: 'laptop', identity: 'tidegate:ann@laptop', reason: 'so it is', id: 'req-42', ...payload } }]);
    expect(stdout).toBe(`✔ ${name} is done\n  To undo: tidegate resume b\n`);
    expect({ exitCode, stderr, closed: rollouts.closed }).toEqual({ exitCode: 0, stderr: '', closed: 1 });
  });

  test('--json is one document with what was done, how to undo it and the id', async () => {
    const { stdout } = await typed('pause b --id req-1 --json', ready().options);
    expect(JSON.parse(stdout)).toEqual({ rollout: 'b', command: 'pause', did: 'pause is done', undo: 'resume b', commandId: 'req-1' });
  });
  test('what cannot be undone says so', async () => {
    expect((await typed('stop b', ready({ command: async () => ({ did: 'stopped', undo: null }) }).options)).stdout).toContain('cannot be undone');
  });
  test('two commands without an id have different ones', async () => {
    const { rollouts, options } = ready();
    await typed('pause b', options);
    await typed('pause b', options);
    const ids = (rollouts.told as { updateId: string }[]).map((t) => t.updateId);
    expect(new Set(ids).size).toBe(2);
  });
  test('who: --as, else TIDEGATE_AS, else the OS user', async () => {
    const who = async (line: string, env: Record<string, string>) => { const { rollouts, options } = ready(); await typed(line, { ...options, env }); return (rollouts.told[0] as { payload: { by: string } }).payload.by; };
    expect([await who('pause b --as lead', { TIDEGATE_AS: 'commander' }), await who('pause b', { TIDEGATE_AS: 'commander' }), await who('pause b', {})]).toEqual(['lead', 'commander', 'ann']);
  });
});

describe('what cannot be meant is refused before anything is opened', () => {
  const lines: [string, string][] = [
    ['extend b soon', '24h'], ['extend b 0s', '24h'], ['rollback b --phase p --to q', '--phase and --to exclude each other'], ['rollback b --offline --to q', '--offline and --to exclude'],
    ['report b x --at 2026-12-03T09:00:00', 'with its offset'], ['report b x --at yesterday', 'with its offset'], ['start p.yaml --id Bad_Id', 'small letters'], ['start p.yaml --var x', 'NAME=VALUE'],
    ['start p.yaml --var a=1 --var a=2', 'given twice'], ['start p.yaml --day-1 2026-02-30', 'YYYY-MM-DD'], ['start p.yaml --day-1 tomorrow', 'YYYY-MM-DD'], ['watch b --every 1ms', 'at least 250ms'],
    ['journal b --json --export -', 'both want stdout'], ['rehearse p.yaml --cadence often', 'length of time'],
  ];
  test.each(lines)('%s', async (line, says) => {
    const { exitCode, stdout, stderr } = await typed(line);
    expect(stderr).toContain(says);
    expect(stderr).toContain('--help');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: line.includes('--json') ? expect.stringContaining('"USAGE"') : '' });
  });
});

describe('refusals of the rollout', () => {
  const refusal = new FinalError({ code: 'NOT_ALLOWED', what: 'ann is not among the approvers.', where: 'approve b', means: 'The command was refused and did nothing.', todo: "See 'tidegate inbox'." });
  test('code and sentence on stderr, exit 1, nothing on stdout', async () => {
    const { exitCode, stdout, stderr } = await typed('approve b a', ready({ command: async () => { throw refusal; } }).options);
    for (const wanted of ['ann is not among the approvers.', 'NOT_ALLOWED', 'did nothing', "See 'tidegate inbox'."]) expect(stderr).toContain(wanted);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  });
  test('with --json the four answers are the document on stdout, and the exit code is the same', async () => {
    const { exitCode, stdout } = await typed('approve b a --json', ready({ command: async () => { throw refusal; } }).options);
    expect(JSON.parse(stdout)).toEqual({ error: { code: 'NOT_ALLOWED', what: 'ann is not among the approvers.', where: 'approve b', means: 'The command was refused and did nothing.', todo: "See 'tidegate inbox'." } });
    expect(exitCode).toBe(1);
  });
  test('an unexpected error ends with versions and what to report', async () => {
    const { stderr, exitCode } = await typed('pause b', ready({ command: async () => { throw new RangeError('boom'); } }).options);
    for (const wanted of ['boom', 'report', 'tidegate 0.1.0', process.version]) expect(stderr).toContain(wanted);
    expect(exitCode).toBe(1);
  });
  test('a client is closed after a failure as well', async () => {
    const { rollouts, options } = ready({ command: async () => { throw new TransientError({ code: 'COMMAND_NOT_ACCEPTED', what: 'Not accepted.' }); } });
    await typed('pause b', options);
    expect(rollouts.closed).toBe(1);
  });
});

describe('start', () => {
  const start = (change: Partial<Rollouts> = {}) => { const { rollouts, options } = ready(change); return { rollouts, options: { files: { 'p.yaml': 'rollout: x' }, parts: { ...options.parts, plans: async () => valid } } }; };
  test('sends the unresolved document, the variables, the day and who starts it', async () => {
    const { rollouts, options } = start();
    const { exitCode, stdout } = await typed("start p.yaml --var port=3000 --day-1 2026-12-01 --as lead -m 'go'", options);
    expect(rollouts.told).toEqual([{ rollout: 'batch-patches-v1', document: { rollout: 'batch-patches-v1', port: '${var:port}' }, options: { day1: '2026-12-01', vars: { port: '3000' }, startedBy: { by: 'lead', osUser: 'ann', host: 'laptop', identity: 'tidegate:ann@laptop', reason: 'go' } }, summary: 'batch-patches-v1: Batch patches for everybody' }]);
    expect(stdout).toContain('tidegate watch batch-patches-v1');
    expect(exitCode).toBe(0);
  });
  test('--id starts the same plan under another id', async () => {
    const { rollouts, options } = start();
    await typed('start p.yaml --id second', options);
    expect(rollouts.told).toMatchObject([{ rollout: 'second', options: { id: 'second' } }]);
  });
  test('a plan that says who starts it is started by nobody else, and nothing is opened', async () => {
    const own: Plans = { ...valid, parse: (input) => { const read = valid.parse(input); return read.ok ? { ...read, plan: { ...read.plan, startsOnlyBy: ['pipeline'] } } : read; } };
    const { rollouts, options } = start();
    const others = { ...options, parts: { ...options.parts, plans: async () => own } };
    const refused = await typed('start p.yaml --as lead', others);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('this plan is started only by pipeline, and lead may not');
    expect(rollouts.told).toEqual([]);
    expect((await typed('start p.yaml --as pipeline', others)).exitCode).toBe(0);
  });
  test('an invalid plan is refused with every error as file:line:column, and nothing is opened', async () => {
    const { exitCode, stderr, stdout } = await typed('start p.yaml', { files: { 'p.yaml': 'x' }, parts: { plans: async () => invalid } });
    expect(stderr).toContain('p.yaml:3:7: there is no person leed; did you mean lead?');
    expect(stderr).toContain('p.yaml:9:1: and another');
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  });
  test('a plan file that is not there is named with its whole path', async () => {
    const { stderr, exitCode } = await typed('start gone.yaml', { parts: { plans: async () => valid } });
    expect(stderr).toContain('there is no such file');
    expect(stderr).toContain('/nowhere/gone.yaml');
    expect(exitCode).toBe(1);
  });
});

describe('amend', () => {
  test('sends the plan with its variables filled in: the workflow knows none', async () => {
    const { rollouts, options } = ready();
    await typed('amend b p.yaml --var port=3000', { files: { 'p.yaml': 'x' }, parts: { ...options.parts, plans: async () => valid } });
    expect(rollouts.told).toMatchObject([{ name: 'amend', payload: { plan: { rollout: 'batch-patches-v1', port: '3000' } } }]);
  });
  test('an invalid plan is refused before the rollout hears of it', async () => {
    expect((await typed('amend b p.yaml', { files: { 'p.yaml': 'x' }, parts: { plans: async () => invalid } })).exitCode).toBe(1);
  });
});

describe('validate and schema', () => {
  test('errors are the result: on stdout, one a line, exit 1', async () => {
    const { stdout, stderr, exitCode } = await typed('validate p.yaml', { files: { 'p.yaml': 'x' }, parts: { plans: async () => invalid } });
    expect(stdout).toBe('p.yaml:3:7: there is no person leed; did you mean lead? (owner)\np.yaml:9:1: and another (phases)\n');
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 1 });
  });
  test('one bad file of several does not hide the others', async () => {
    const { stdout, exitCode } = await typed('validate gone.yaml p.yaml --json', { files: { 'p.yaml': 'x' }, parts: { plans: async () => valid } });
    expect(JSON.parse(stdout)).toMatchObject({ valid: false, files: [{ file: 'gone.yaml', valid: false }, { file: 'p.yaml', valid: true, rollout: 'batch-patches-v1' }] });
    expect(exitCode).toBe(1);
  });
  test('warnings go to stderr and change no exit code', async () => {
    const warned: Plans = { ...valid, parse: (input) => ({ ...(valid.parse(input) as { ok: true } & ReturnType<Plans['parse']>), warnings: [{ line: 5, column: 1, path: '', code: 'W', level: 'warning', message: 'soak shorter than the window' }] }) as ReturnType<Plans['parse']> };
    const { stderr, exitCode } = await typed('validate p.yaml', { files: { 'p.yaml': 'x' }, parts: { plans: async () => warned } });
    expect(stderr).toContain('p.yaml:5:1: warning: soak shorter than the window');
    expect(exitCode).toBe(0);
  });
  test('schema is JSON with and without --json', async () => {
    const one = await typed('schema', { parts: { plans: async () => valid } });
    const two = await typed('schema --json', { parts: { plans: async () => valid } });
    expect(JSON.parse(one.stdout)).toEqual({ type: 'object' });
    expect(two.stdout).toBe(one.stdout);
  });
});
