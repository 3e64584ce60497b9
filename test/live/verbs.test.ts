// Every verb as a real process on real clocks, beside `tidegate up` in a home of its own: what a person types, what stands on the screen, the
// exit code. What is printed as the next command line is typed as printed. What each screen looks like in detail: test/cli.
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../processes/world.js';
import { describeNeeding } from '../setup/needs.js';

const program = join(import.meta.dirname, '../../bin/tidegate.js');
const plan = `rollout: waves
owner: ann
people: { ann: { name: Ann }, bob: { name: Bob } }
targets:
  checkout: { flagd: { file: flags.json, flag: new-checkout, by: userId }, safer: lower }
metrics:
  comfort: { person: ann, question: Can you see the error rate? }
events: { slow-page: A page was slow, data-corruption: Customer data was damaged }
triggers: { warning: [event: slow-page], emergency: [event: data-corruption] }
preparation: [{ item: The flag file can be restored by hand, from: bob }]
phases:
  - phase: wave-1
    enter: [comfort = yes]
    approval: { from: [ann, bob], needs: 2, within: 1h }
    move: { checkout: 10% }
    soak: 1h
    watch: every 1s
  - phase: wave-2
    move: { checkout: 50% }
    soak: 1h
    watch: every 1s
`;

interface Said { readonly code: number | null; readonly out: string; readonly err: string }

describeNeeding(['temporal-cli'], 'the verbs, beside tidegate up', () => {
  let dir: string;
  let up: ChildProcess;
  let upEnded: Promise<number | null>;
  let upSaid = '';
  const children = new Set<ChildProcess>();

  const child = (args: readonly string[]): ChildProcess => {
    const env = { PATH: process.env['PATH'], HOME: dir, USER: 'ann', TIDEGATE_HTTP: '127.0.0.1:0', ...(process.env['TIDEGATE_TEMPORAL_CLI'] === undefined ? {} : { TIDEGATE_TEMPORAL_CLI: process.env['TIDEGATE_TEMPORAL_CLI'] }), ...(process.env['TIDEGATE_TEST_SERVER'] === undefined ? {} : { TIDEGATE_TEST_SERVER: process.env['TIDEGATE_TEST_SERVER'] }) };
    const started = spawn(process.execPath, [program, ...args], { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    children.add(started);
    started.once('close', () => children.delete(started));
    return started;
  };
  const running = (args: readonly string[]) => {
    const started = child(args);
    let out = '';
    let err = '';
    started.stdout!.on('data', (chunk: Buffer) => { out += chunk.toString(); });
    started.stderr!.on('data', (chunk: Buffer) => { err += chunk.toString(); });
    const ended = new Promise<Said>((resolve) => started.once('close', (code) => resolve({ code, out, err })));
    return { started, ended, out: () => out };
  };
  const typed = (line: string): Promise<Said> => running(line.split(' ')).ended;
  /** Types a line that must go well and say this. */
  const well = async (line: string, says: RegExp, code = 0): Promise<Said> => {
    const said = await typed(line);
    expect([line, said.code, said.code === code ? '' : said.err]).toEqual([line, code, '']);
    expect(said.out).toMatch(says);
    return said;
  };
  const refused = async (line: string, says: RegExp): Promise<void> => {
    const said = await typed(line);
    expect([line, said.code, said.out]).toEqual([line, 1, '']);
    expect(said.err).toMatch(says);
  };
  interface Shown { readonly state: string; readonly phase: string; readonly soak: { readonly needed: number } | null; readonly asks: readonly { readonly ask: string; readonly state: string }[]; readonly targets: { readonly checkout: { readonly value: unknown } }; readonly phases: readonly { readonly phase: string }[] }
  const shown = async (id = 'waves'): Promise<Shown & { readonly code: number | null }> => { const { code, out } = await typed(`status ${id} --json`); return { ...(JSON.parse(out) as Shown), code }; };
  /** Waits until its status says so; answers the exit code. */
  const stands = async (what: string, condition: (status: Shown) => boolean, id = 'waves'): Promise<number | null> => {
    let last: Awaited<ReturnType<typeof shown>> | null = null;
    await until(what, async () => condition(last = await shown(id)), 30_000, 100, () => JSON.stringify(last).slice(0, 400));
    return last!.code;
  };
  const asked = (ask: string) => (status: Shown): boolean => status.asks.some((one) => one.ask === ask && one.state === 'open');
  /** A command line as it was printed for people, found by its beginning. */
  const printed = (said: Said, line: RegExp): string => line.exec(said.out)?.[1] ?? `--no-such-line-as ${line.source}`;
  const share = (): string => /\["on",\s*(\d+)\]/.exec(readFileSync(join(dir, 'flags.json'), 'utf8'))?.[1] ?? 'none';

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'tidegate-verbs-'));
    writeFileSync(join(dir, 'flags.json'), JSON.stringify({ flags: { 'new-checkout': { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' } } }));
    writeFileSync(join(dir, 'plan.yaml'), plan);
    writeFileSync(join(dir, 'bad.yaml'), plan.replace('soak: 1h', 'soak: soon').replace('owner: ann', 'owner: carl'));
    writeFileSync(join(dir, 'amended.yaml'), plan.replace('wave-2', 'everybody'));
    writeFileSync(join(dir, 'hotfix.yaml'), plan.slice(0, plan.indexOf('preparation:')).replace('waves', 'hotfix') + 'phases: [{ phase: everybody, move: { checkout: 100% }, soak: 1h, watch: every 1s }]\n');
    up = child(['up']);
    upEnded = new Promise((resolve) => up.once('close', resolve));
    for (const stream of [up.stdout!, up.stderr!]) stream.on('data', (chunk: Buffer) => { upSaid += chunk.toString(); });
    await until('it is up', () => upSaid.includes('Tidegate is up.'), 60_000, 50, () => upSaid);
  });
  afterAll(() => {
    for (const one of children) one.kill('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  });

  test('before: validate, schema, doctor, and what is refused', async () => {
    await well('validate plan.yaml', /✔ plan\.yaml: waves, 2 phases, 1 target/);
    const bad = await typed('validate bad.yaml');
    expect([bad.code, bad.out]).toEqual([1, expect.stringMatching(/bad\.yaml:2:8: .*carl[\s\S]*bad\.yaml:16:11: .*soon/)]);
    expect(JSON.parse((await well('schema', /"\$schema"/)).out)).toHaveProperty('properties.phases');
    const doctor = JSON.parse((await typed('doctor --json')).out) as { ok: boolean; checks: { name: string; ok: boolean }[] };
    expect(doctor.checks.filter((check) => ['settings', 'Temporal', 'Temporal CLI', 'search attributes', 'journal'].includes(check.name)).map((check) => [check.name, check.ok])).toEqual(expect.arrayContaining([['Temporal', true], ['search attributes', true], ['journal', true]]));
    expect((await typed('doctor')).code).toBe(doctor.ok ? 0 : 1);
    await refused('start bad.yaml', /bad\.yaml:2:8/);
    await refused('status nobody', /nobody/);
    await refused('stauts waves', /did you mean|Did you mean/i);
  }, 60_000);

  test('start, and the same again', async () => {
    await well('start plan.yaml --as ann --day-1 2027-03-01', /waves/);
    await refused('start plan.yaml --as ann', /waves[\s\S]*code\s+\w+/);
    await well('list', /waves\s+preparing/);
    expect(await stands('the item is asked', asked('preparation/0'))).toBe(2);
  }, 60_000);

  test('inbox, answer, approve, withdraw, reject: what is printed can be typed', async () => {
    const inbox = await well('inbox --as bob', /waves preparation\/0\n[\s\S]*\$ tidegate /);
    await well(printed(inbox, /\$ tidegate (.*)/), /✔ 'preparation\/0' is settled: done/);
    await stands('comfort is asked', asked('wave-1/comfort'));
    await refused('answer waves wave-1/comfort maybe --as ann', /ANSWER_NOT_OFFERED/);
    await refused('answer waves wave-1/comfort yes --as bob', /NOT_ASKED/);
    await well('answer waves wave-1/comfort yes --as ann', /settled: yes/);
    await stands('the approval is asked', asked('wave-1/approval'));
    await well('approve waves wave-1/approval --as ann -m fine', /has 1 of 2[\s\S]*withdraw wave-1\/approval/);
    await well('withdraw waves wave-1/approval --as ann', /withdrawn/);
    await well('reject waves wave-1/approval --as bob', /settled: reject/);
    expect(await stands('it is held', (status) => status.state === 'held')).toBe(3);
    const why = await well('why waves', /rejected/);
    await well(`${printed(why, /tidegate (resume \w+)/)} --as bob`, /goes on/);
    await stands('it is asked again', asked('wave-1/approval/2'));
    await well('approve waves wave-1/approval/2 --as ann', /1 of 2/);
    expect(JSON.parse((await well('approve waves wave-1/approval/2 --as bob --json', /"did"/)).out)).toMatchObject({ rollout: 'waves', command: 'approve', did: expect.stringContaining('settled') });
    expect(await stands('wave-1 soaks', (status) => status.state === 'soaking')).toBe(0);
    expect(share()).toBe('10');
  }, 120_000);

  test('status, why, next, list, inbox: what is seen', async () => {
    await well('status waves', /waves[\s\S]*wave-1[\s\S]*10\s?%/);
    await well('why waves', /soaks/);
    await well('next waves', /wave-2/);
    await well('list', /waves\s+soaking\s+wave-1/);
    expect((await typed('inbox')).err).toContain('Nothing is asked');
    expect(JSON.parse((await well('list --json', /rollouts/)).out)).toMatchObject({ rollouts: [{ rollout: 'waves', state: 'soaking', phase: 'wave-1', owner: 'ann' }] });
  }, 60_000);

  test('watch tells each change, and Ctrl-C leaves the rollout alone', async () => {
    const watching = running(['watch', 'waves', '--every', '250ms']);
    await until('it shows the rollout', () => watching.out().includes('soaking'));
    const paused = await well('pause waves --as ann -m lunch', /✔ paused: [\s\S]*To undo: tidegate resume waves/);
    await until('it shows the pause', () => /paused/.test(watching.out()), 30_000, 50, watching.out);
    watching.started.kill('SIGINT');
    expect((await watching.ended).code).toBe(130);
    expect(await stands('it is paused', (status) => status.state === 'paused')).toBe(3);
    await well('why waves', /paused by ann: lunch/);
    await well(`${printed(paused, /To undo: tidegate (.*)/)} --as ann`, /goes on \(was: paused by ann: lunch\)/);
    await refused('resume waves --as ann', /NOTHING_TO_RESUME/);
    expect(await stands('it soaks', (status) => status.state === 'soaking')).toBe(0);
  }, 60_000);

  test('extend, report, skip, amend', async () => {
    await well('extend waves 30m --as ann', /wave-1 soaks 30 min longer/);
    await stands('the soak is longer', (status) => status.soak?.needed === 5_400_000);
    await refused('extend waves 30m --phase wave-9 --as ann', /NO_SUCH_PHASE/);
    await well('report waves slow-page --event-id t-1 --as bob', /slow-page is reported/);
    await well('report waves slow-page --event-id t-1 --as ann', /reported already/);
    await refused('report waves no-such-event --as bob', /NO_SUCH_EVENT/);
    await refused('skip waves soak --as carl', /NOT_ALLOWED/);
    await refused('amend waves bad.yaml --as ann', /bad\.yaml:2:8/);
    await well('amend waves amended.yaml --as ann', /the new plan is being resolved/);
    await stands('it is amended', (status) => status.phases.at(-1)!.phase === 'everybody');
    await well('skip waves soak --as ann --id REQ-1', /skipped soak[\s\S]*cannot be undone/);
    expect(await stands('the next phase soaks', (status) => status.state === 'soaking' && status.phase === 'everybody')).toBe(0);
    await well('skip waves soak --as ann --id REQ-1', /was obeyed before|skipped soak/);
    expect([(await shown()).state, share()]).toEqual(['soaking', '50']);
  }, 60_000);

  test('rollback to a phase, on again, and to the start', async () => {
    await refused('rollback waves --to wave-9 --as bob', /NO_SUCH_PHASE/);
    await well('rollback waves --to wave-1 --as bob', /rolling back everybody and all after it now[\s\S]*To undo: tidegate resume waves/);
    await stands('it is held at wave-1', (status) => status.state === 'held' && status.targets.checkout.value === 10);
    expect(share()).toBe('10');
    await well('resume waves --as bob', /goes on/);
    await stands('it soaks again', (status) => status.state === 'soaking' && status.targets.checkout.value === 50);
    await well('rollback waves --as bob --reason enough', /rolling back to the start now/);
    expect(await stands('it is over', (status) => status.state === 'rolled-back')).toBe(4);
    expect(share()).toBe('0');
    expect((await typed('watch waves')).code).toBe(4);
    await well('why waves', /rolled-back/);
  }, 60_000);

  test('journal: the report, its check, its export', async () => {
    await well('journal waves', /waves[\s\S]*rolled-back/);
    await well('journal waves --verify', /✔ the chain of \d+ entries is unbroken; its head is [0-9a-f]{64}, and is the one the rollout keeps in Temporal/);
    await well('journal waves --export record.jsonl', /entries written to .*record\.jsonl/);
    const lines = readFileSync(join(dir, 'record.jsonl'), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { kind: string; text: string });
    expect([lines[0]!.kind, lines.at(-1)!.kind]).toEqual(['started', 'ended']);
    expect(lines.filter((line) => line.kind === 'command-given').map((line) => line.text.split(':')[0])).toEqual([
      'bob gave answer', 'ann gave answer', 'ann gave approve', 'ann gave withdraw', 'bob gave reject', 'bob gave resume', 'ann gave approve', 'bob gave approve', 'ann gave pause', 'ann gave resume',
      'ann gave extend', 'bob gave report', 'ann gave report', 'ann gave amend', 'ann gave skip', 'bob gave rollback', 'bob gave resume', 'bob gave rollback']);
  }, 60_000);

  test('stop says what it would leave exposed, and an event takes everything back', async () => {
    await well('start hotfix.yaml --as ann', /hotfix/);
    await stands('it soaks', (status) => status.state === 'soaking', 'hotfix');
    await refused('stop hotfix --as ann', /would leave exposed: checkout[\s\S]*STILL_EXPOSED/);
    await well('report hotfix data-corruption --as bob', /it rolls back now/);
    expect(await stands('it is over', (status) => status.state === 'rolled-back', 'hotfix')).toBe(4);
    await well('start hotfix.yaml --as ann', /hotfix/);
    await stands('it soaks', (status) => status.state === 'soaking', 'hotfix');
    await well('stop hotfix --leave-exposed --as ann', /stopped; left exposed: checkout/);
    expect(await stands('it is over', (status) => status.state === 'stopped', 'hotfix')).toBe(0);
    expect(share()).toBe('100');
    await until('the list has all three', async () => { const { out } = await typed('list --all'); return /hotfix\s+rolled-back/.test(out) && /hotfix\s+stopped/.test(out) && /waves\s+rolled-back/.test(out); });
  }, 60_000);

  test('Ctrl-C ends the stack with 130; then the record can still be read, and everything else says what is missing', async () => {
    up.kill('SIGINT');
    expect(await upEnded).toBe(130);
    await well('journal waves --verify', /unbroken/);
    const { code, out, err } = await typed('status waves');
    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/tidegate up|TEMPORAL_ADDRESS/);
  }, 60_000);
});
