// Whatever anybody sends to a rollout over Temporal, understood or not: it is refused, or recorded and shown, and the rollout goes on as if it had
// not come. Sent by the plain `temporal` program, and as raw bytes where that program would not send them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandNames, rolloutWorkflowId, type Status } from '../../workflows/messages.js';
import { Rollout, until, type Ground, type World } from '../processes/world.js';
import { describeNeeding } from '../setup/needs.js';
import { worldWithShell, type Shell } from './plain-cli.js';

const flags = { flags: { 'new-checkout': { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' } } };
const plan = (rollout: string) => ({
  rollout, owner: 'ann', people: { ann: {}, bob: {} },
  targets: { checkout: { flagd: { file: `${rollout}.json`, flag: 'new-checkout', by: 'userId' }, safer: 'lower' } },
  events: { 'data-corruption': 'Customer data was damaged' }, triggers: { emergency: [{ event: 'data-corruption' }] },
  phases: [
    { phase: 'wave-1', approval: { from: ['ann', 'bob'], within: '1h' }, move: { checkout: '10%' }, soak: '1h', watch: 'every 1s' },
    { phase: 'wave-2', move: { checkout: '50%' }, soak: '1h', watch: 'every 1s' },
  ],
});

describeNeeding(['temporal-cli'], 'what cannot be understood or obeyed', () => {
  let ground: Ground;
  let world: World;
  let shell: Shell;
  beforeAll(async () => { ({ ground, world, shell } = await worldWithShell()); });
  afterAll(async () => { await ground?.close(); });

  const begin = async (id: string, document: unknown = plan(id), options?: unknown) => {
    writeFileSync(join(world.home, `${id}.json`), JSON.stringify(flags));
    writeFileSync(join(world.home, `${id}-plan.json`), JSON.stringify(document));
    if (options !== undefined) writeFileSync(join(world.home, `${id}-options.json`), JSON.stringify(options));
    return shell(`temporal workflow start --type rollout --task-queue tidegate --workflow-id rollout/${id} --fail-existing --input-file ${id}-plan.json${options === undefined ? '' : ` --input-file ${id}-options.json`}`);
  };
  const running = async (id: string): Promise<Rollout> => {
    expect((await begin(id)).code).toBe(0);
    const rollout = new Rollout(world, id);
    await rollout.untilStatus('the approval is asked', (status) => status.asks.some((ask) => ask.state === 'open'));
    return rollout;
  };
  const send = (kind: 'signal' | 'update execute', id: string, name: string, input: string, more = '') => shell(`temporal workflow ${kind} --workflow-id rollout/${id} --name ${name} --input '${input}' ${more}`);
  /** A payload as it stands, as no program of ours would send it. */
  const raw = (id: string, name: string, encoding: string, data: string) => world.client.workflowService.signalWorkflowExecution({
    namespace: world.namespace, workflowExecution: { workflowId: rolloutWorkflowId(id) }, signalName: name,
    input: { payloads: [{ metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(data) }] },
  });
  const bads = (rollout: Rollout, count: number): Promise<Status> => rollout.untilStatus(`${count} bad signals are shown`, (status) => (status.badSignals?.length ?? 0) >= count);
  /** It still obeys: approved, moved, and taken back, and its record is whole with every bad signal in it. */
  const goesOn = async (rollout: Rollout, recorded: readonly string[]): Promise<void> => {
    const open = (await rollout.status()).asks.findLast((ask) => ask.state === 'open')!;
    await rollout.command('approve', { by: 'ann', ask: open.ask });
    await rollout.untilStatus('wave-1 soaks', (status) => status.state === 'soaking' && status.phase === 'wave-1' && status.targets['checkout']!.value === 10 && status.soak !== null);
    await rollout.command('rollback', { by: 'ann' });
    const made = await rollout.ended();
    expect(made.status.outcome).toBe('rolled-back');
    expect(made.chain.problems).toEqual([]);
    const said = made.entries.filter((entry) => entry.kind === 'bad-signal').map((entry) => entry.text);
    expect(said).toHaveLength(recorded.length);
    recorded.forEach((text, index) => { expect(said[index]).toContain(text); });
  };

  test('payloads that cannot be decoded, in signals and in updates', async () => {
    const rollout = await running('undecodable');
    expect((await send('signal', rollout.id, 'approve', 'x', '--input-meta encoding=binary/encrypted')).code).toBe(0);
    await raw(rollout.id, 'pause', 'json/plain', '{"by": "ann"');
    await raw(rollout.id, 'rollback', 'json/protobuf', '\xff\xfe');
    await raw(rollout.id, 'no-such-signal', 'no/such-encoding', 'x');
    await bads(rollout, 4);
    const refused = await send('update execute', rollout.id, 'pause', 'x', '--input-meta encoding=binary/encrypted');
    expect(refused.code).toBe(1);
    expect(refused.err).toContain('MALFORMED');
    expect(refused.err).toContain('cannot be decoded');
    await goesOn(rollout, ['signal approve was not obeyed: the payload cannot be decoded', 'signal pause was not obeyed: the payload cannot be decoded', 'signal rollback was not obeyed: the payload cannot be decoded', "unknown signal 'no-such-signal'"]);
  }, 120_000);

  test('unknown names', async () => {
    const rollout = await running('unknown');
    expect((await send('signal', rollout.id, 'aprove', '{"by": "ann", "ask": "wave-1/approval"}')).code).toBe(0);
    await bads(rollout, 1);
    const refused = await send('update execute', rollout.id, 'aprove', '{"by": "ann"}');
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('No registered handler for update: aprove')]);
    await goesOn(rollout, ["unknown signal 'aprove' (known: approve, reject,"]);
  }, 120_000);

  test('what comes before the plan is resolved is kept, and judged then', async () => {
    writeFileSync(join(world.home, 'early.json'), JSON.stringify(flags));
    writeFileSync(join(world.home, 'early-plan.json'), JSON.stringify(plan('early')));
    const together = (signal: string, input: string) => shell(`temporal workflow signal-with-start --signal-name ${signal} --signal-input '${input}' --type rollout --task-queue tidegate --workflow-id rollout/early --input-file early-plan.json`);
    const worker = world.workers[0]!;
    await worker.end('SIGTERM');
    for (const [signal, input] of [['pause', '{"by": 7}'], ['aprove', '{}'], ['pause', '{"by": "ann"}']] as const) expect((await together(signal, input)).code).toBe(0);
    worker.start();
    const rollout = new Rollout(world, 'early');
    expect((await bads(rollout, 2)).state).toBe('paused');
    await rollout.command('resume', { by: 'ann' });
    await rollout.untilStatus('the approval is asked', (status) => status.asks.some((ask) => ask.state === 'open'));
    await goesOn(rollout, ['signal pause was not obeyed', "unknown signal 'aprove'"]);
  }, 120_000);

  /** command, payload, code; each is refused as an update and recorded as a signal, and changes nothing */
  const malformed: readonly (readonly [(typeof commandNames)[number], string, string])[] = [
    ['pause', 'null', 'MALFORMED'], ['pause', '[]', 'MALFORMED'], ['pause', '"ann"', 'MALFORMED'], ['pause', '{}', 'NO_ACTOR'], ['pause', '{"by": 7}', 'NO_ACTOR'], ['pause', '{"by": " "}', 'NO_ACTOR'],
    ['pause', '{"by": "ann", "reason": 5}', 'MALFORMED'], ['pause', '{"by": "ann", "id": {}}', 'MALFORMED'],
    ['approve', '{"by": "ann"}', 'MALFORMED'], ['approve', '{"by": "ann", "ask": 7}', 'MALFORMED'], ['approve', '{"by": "ann", "ask": "__proto__"}', 'MALFORMED'], ['answer', '{"by": "ann", "ask": "wave-1/approval", "value": {}}', 'MALFORMED'], ['answer', '{"by": "ann", "ask": "wave-1/approval"}', 'MALFORMED'],
    ['withdraw', '{"by": "ann", "ask": "constructor"}', 'MALFORMED'],
    ['extend', '{"by": "ann", "byMs": "24h"}', 'MALFORMED'], ['extend', '{"by": "ann"}', 'MALFORMED'], ['extend', '{"by": "ann", "byMs": -1}', 'MALFORMED'], ['extend', '{"by": "ann", "byMs": 1000, "phase": "wave-9"}', 'NO_SUCH_PHASE'],
    ['skip', '{"by": "ann"}', 'MALFORMED'], ['skip', '{"by": "ann", "what": ["soak"]}', 'MALFORMED'],
    ['rollback', '{"by": "ann", "too": "wave-1"}', 'MALFORMED'], ['rollback', '{"by": "ann", "phase": 1}', 'MALFORMED'], ['rollback', '{"by": "ann", "to": null}', 'MALFORMED'],
    ['stop', '{"by": "ann", "leaveExposed": "yes"}', 'MALFORMED'],
    ['report', '{"by": "ann"}', 'MALFORMED'], ['report', '{"by": "ann", "event": "data-corruption", "at": "yesterday"}', 'MALFORMED'], ['report', '{"by": "ann", "event": "no-such"}', 'NO_SUCH_EVENT'],
    ['report', '{"by": "ann", "event": "data-corruption", "at": 1796210100}', 'EVENT_TOO_OLD'],
    ['incident', '{"by": "ann"}', 'MALFORMED'], ['incident', '{"by": "ann", "what": " "}', 'MALFORMED'], ['incident', '{"by": "ann", "what": "x", "severity": "info"}', 'MALFORMED'], ['done', '{"by": "ann"}', 'MALFORMED'], ['done', '{"by": "ann", "what": "incident-1"}', 'NO_SUCH_INCIDENT'],
    ['amend', '{"by": "ann"}', 'MALFORMED'], ['amend', '{"by": "ann", "plan": "rollout: x"}', 'MALFORMED'],
  ];
  test.each(['signals', 'updates'] as const)('malformed commands as %s', async (how) => {
    const rollout = await running(`malformed-${how}`);
    const before = await rollout.status();
    for (const [name, payload, code] of malformed) {
      if (how === 'updates') {
        const { code: exit, err } = await send('update execute', rollout.id, name, payload);
        expect([name, payload, exit, err]).toEqual([name, payload, 1, expect.stringContaining(`type: ${code}`)]);
      } else {
        const seen = (await rollout.status()).journalHead.seq;
        expect((await send('signal', rollout.id, name, payload)).code).toBe(0);
        await rollout.untilStatus(`${name} ${payload} is recorded`, (status) => status.journalHead.seq > seen && status.badSignals.at(-1)!.startsWith(`signal ${name} was not obeyed`));
      }
    }
    const after = await rollout.status();
    // what is left out here moves by itself: the record, and the clock
    const still = ({ badSignals: _bad, journalHead: _head, unsent: _unsent, updatedAt: _at, evaluations: _looks, next: _next, ...rest }: Status) => rest;
    expect(still(after)).toEqual(still(before));
    await goesOn(rollout, how === 'signals' ? malformed.map(([name]) => `signal ${name} was not obeyed`) : []);
  }, 180_000);

  test('an answer to an ask that is past is refused with ASK_CLOSED, and opens nothing', async () => {
    const rollout = await running('past');
    await rollout.command('reject', { by: 'bob', ask: 'wave-1/approval' });
    await rollout.untilStatus('it is held', (status) => status.state === 'held');
    const refused = await send('update execute', rollout.id, 'approve', '{"by": "ann", "ask": "wave-1/approval"}');
    expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/'wave-1\/approval' is no longer open \(settled: reject\).*type: ASK_CLOSED/)]);
    expect((await send('signal', rollout.id, 'approve', '{"by": "ann", "ask": "wave-1/approval"}')).code).toBe(0);
    expect((await bads(rollout, 1)).state).toBe('held');
    await rollout.command('resume', { by: 'bob' });
    await rollout.untilStatus('it is asked again', (status) => status.asks.at(-1)!.state === 'open');
    await goesOn(rollout, ["'wave-1/approval' is no longer open"]);
  }, 120_000);

  test('a second live rollout of one id is refused by Temporal, and under another workflow id by the claim', async () => {
    const rollout = await running('twice');
    const again = await begin('twice');
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('already running')]);
    expect((await shell('temporal workflow start --type rollout --task-queue tidegate --workflow-id another --input-file twice-plan.json')).code).toBe(0);
    const ended = await shell('temporal workflow result --workflow-id another');
    expect(ended.code).toBe(1);
    expect(ended.out).toContain('rollout/twice is held by the rollout twice (workflow rollout/twice)');
    await goesOn(rollout, []);
  }, 120_000);

  test('an invalid plan fails with PLAN_INVALID and every error, and moves nothing', async () => {
    expect((await begin('invalid', { ...plan('Not An Id'), owner: 'carl', phases: [{ phase: 'wave-1', move: { chekout: '10%' }, soak: 'soon' }] })).code).toBe(0);
    const { code, out } = await shell('temporal workflow result --workflow-id rollout/invalid');
    expect(code).toBe(1);
    for (const part of ['4 errors; nothing was moved', 'owner: ', 'phases[0].move.chekout: ', 'phases[0].soak: “soon” is no soak', 'rollout: found “Not An Id”']) expect(out).toContain(part);
    expect((await shell('temporal workflow show --workflow-id rollout/invalid --output json')).out).toContain('"type": "PLAN_INVALID"');
    await until('it is found as failed', async () => (await shell("temporal workflow list --query \"RolloutOutcome = 'failed'\"")).out.includes('rollout/invalid'));
  }, 60_000);

  test.each([['a text', 'ann'], ['nothing', null], ['a starter without a name', { startedBy: 'ann' }], ['an unknown key', { day: '2026-01-05' }], ['no such day', { day1: 'tomorrow' }], ['variables as a list', { vars: ['A=1'] }], ['an id that is none', { id: 'Not An Id' }]])('start options that are %s fail the start and say so', async (what, options) => {
    const id = `options-${what.replaceAll(' ', '-')}`;
    expect((await begin(id, plan(id), options)).code).toBe(0);
    const { code, out } = await shell(`temporal workflow result --workflow-id rollout/${id}`, 15_000);
    expect([code, out]).toEqual([1, expect.stringMatching(/Message: .*nothing was moved/)]);
  }, 60_000);

  test.each([['by somebody else', { startedBy: { by: 'bob' } }, 'bob may not'], ['by nobody in particular', {}, 'nobody said who starts it']])('a plan that only ann starts is refused when it is started %s, and claims nothing', async (how, options, why) => {
    const id = `only-ann-${how.replaceAll(' ', '-')}`;
    expect((await begin(id, { ...plan(id), 'starts only by': 'ann' }, options)).code).toBe(0);
    const { code, out } = await shell(`temporal workflow result --workflow-id rollout/${id}`, 15_000);
    expect([code, out]).toEqual([1, expect.stringContaining(`this plan is started only by ann; ${why}`)]);
    expect((await shell(`temporal workflow show --workflow-id rollout/${id} --output json`)).out).toContain('"type": "START_NOT_ALLOWED"');
  }, 60_000);

  test('a start with a third input fails and says so', async () => {
    writeFileSync(join(world.home, 'third.json'), JSON.stringify(plan('third')));
    expect((await shell("echo '{}' > empty.json; temporal workflow start --type rollout --task-queue tidegate --workflow-id rollout/third --input-file third.json --input-file empty.json --input-file empty.json")).code).toBe(0);
    const { code, out } = await shell('temporal workflow result --workflow-id rollout/third', 15_000);
    expect([code, out]).toEqual([1, expect.stringContaining('a start takes two inputs')]);
  }, 60_000);
});
