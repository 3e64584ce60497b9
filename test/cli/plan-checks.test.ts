// `targets PLAN` and `doctor PLAN` with the real providers: what stands where, what answers, what is wrong and what to do; nothing is changed,
// nothing is sent, no secret is shown.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openPlans } from '../../src/cli/plans-part.js';
import { checkPlan } from '../../src/cli/plan-checks-part.js';
import { openTargets } from '../../src/cli/targets-part.js';
import { startFaultServer, type FaultServer } from '../sources/fault-server.js';
import { servePrometheus } from '../sources/prometheus-double.js';
import { type } from './fake-cli.js';

let dir: string;
let server: FaultServer;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'tidegate-plan-checks-'));
  writeFileSync(join(dir, 'flags.json'), JSON.stringify({ flags: { shop: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' } } }));
  server = await startFaultServer();
  servePrometheus(server, '/prom', (_at, query) => (query === 'two' ? [{ labels: { a: '1' }, value: '1' }, { labels: { a: '2' }, value: '2' }] : query === 'none' ? [] : [{ labels: {}, value: query === 'nan' ? 'NaN' : '0.023' }]));
});
afterAll(async () => { await server?.close(); rmSync(dir, { recursive: true, force: true }); });

const secret = 's3cret-of-the-source';
const head = 'rollout: shop\nowner: ann\npeople: { ann: {}, bob: {} }\n';
const phases = (target: string): string => `phases:\n  - { phase: wave-1, move: { ${target} }, soak: 1h, watch: every 1m }\n`;
const flagd = (): string => `flagd: { file: '${join(dir, 'flags.json')}', flag: shop, by: userId }`;

async function typed(line: string, plan: string, env: Record<string, string> = {}) {
  const given = { TIDEGATE_HOME: join(dir, 'home'), ...env };
  const cli = { env: given, cwd: dir };
  const said = await type(line, { files: { 'p.yaml': plan }, env: given, cwd: dir, columns: 400, parts: { plans: async () => openPlans(cli), targets: async () => openTargets(cli), planChecks: (resolved, withinMs) => checkPlan(resolved, withinMs, { ...cli, now: Date.now }) } });
  expect(`${said.stdout}${said.stderr}`).not.toContain(secret);
  return said;
}
const checksOf = (said: { stdout: string }) => (JSON.parse(said.stdout) as { checks: { name: string; ok: boolean; needed: boolean; found: string; todo: string | null }[] }).checks;

describe('targets PLAN', () => {
  test('shows what each target stands at, with how it was read, and changes nothing', async () => {
    const before = readFileSync(join(dir, 'flags.json'), 'utf8');
    const plan = `${head}targets:\n  checkout: { ${flagd()}, safer: lower }\n  poster: { manual: 'Hang up {value}', safer: none }\n${phases('checkout: 10%')}`;
    const plain = await typed('targets p.yaml', plan);
    expect([plain.exitCode, plain.stdout]).toEqual([0, expect.stringMatching(/^✔ {2}checkout {2}0 % {9}.*10,?000 users.*\n\? {2}poster {4}people say {2}somebody has to say/m)]);
    const json = await typed('targets p.yaml --json', plan);
    expect([json.exitCode, JSON.parse(json.stdout)]).toMatchObject([0, { rollout: 'shop', ok: true, targets: [{ target: 'checkout', provider: 'flagd', state: 'read', value: 0, unit: '%', code: null }, { target: 'poster', state: 'person', value: null }] }]);
    expect(readFileSync(join(dir, 'flags.json'), 'utf8')).toBe(before);
  });

  test('one that cannot be read is named with what to do and exits 1; the others are shown all the same', async () => {
    const plan = `${head}targets:\n  checkout: { ${flagd()}, safer: lower }\n  gone: { flagd: { file: '${join(dir, 'no-such.json')}', flag: x }, safer: lower }\n  far: { command: { write: 'true', read: 'echo 1', verify: 'true' }, safer: lower, on: elsewhere }\n${phases('checkout: 10%')}`;
    const plain = await typed('targets p.yaml', plan);
    expect([plain.exitCode, plain.stderr]).toEqual([1, expect.stringContaining('2 targets of 3 could not be read.')]);
    expect(plain.stdout).toMatch(/✔ {2}checkout[\s\S]*✖ {2}gone[\s\S]*do: [\s\S]*✖ {2}far.*belongs to host elsewhere/);
    const json = await typed('targets p.yaml --json', plan);
    expect([json.exitCode, JSON.parse(json.stdout)]).toMatchObject([1, { ok: false, targets: [{ state: 'read' }, { state: 'unread', code: expect.stringMatching(/^[A-Z_]+$/) }, { state: 'unread', code: 'OTHER_HOST' }] }]);
  });

  test('one that hangs is given up at its own limit, and the others do not wait for it', async () => {
    const plan = `${head}targets:\n  checkout: { ${flagd()}, safer: lower }\n  slow: { command: { write: 'true', read: 'sleep 60', verify: 'true' }, safer: lower }\n${phases('checkout: 10%')}`;
    const said = await typed('targets p.yaml --within 1s --json', plan, { TIDEGATE_COMMANDS: '*' });
    expect([said.exitCode, JSON.parse(said.stdout)]).toMatchObject([1, { targets: [{ state: 'read', value: 0 }, { target: 'slow', state: 'unread' }] }]);
  }, 20_000);

  test('a provider that does not obey its signal cannot keep it waiting either', async () => {
    const { endedWithin } = await import('../../src/cli/ended-within.js');
    await expect(endedWithin(1, new Promise(() => {}), () => new Error('late'))).rejects.toThrow('late');
    await expect(endedWithin(1_000, Promise.resolve('in time'), () => new Error('late'))).resolves.toBe('in time');
  });

  test('an invalid plan is refused with its errors, and nothing is read', async () => {
    const said = await typed('targets p.yaml', `${head}targets: {}\nphases: []\n`);
    expect([said.exitCode, said.stdout, said.stderr]).toEqual([1, '', expect.stringMatching(/p\.yaml:\d+:\d+: [\s\S]*PLAN_INVALID/)]);
  });
});

describe('doctor PLAN', () => {
  const metrics = (): string => `sources: { prometheus: { url: '${server.origin}/prom' } }
metrics:
  error_rate: { prometheus: { query: one }, reads: ratio, unit: '%' }
  split: { prometheus: { query: two } }
  silent: { prometheus: { query: none } }
  odd: { prometheus: { query: nan } }
  locked: { json: { url: '${server.origin}/401/x', at: v, headers: { X-Key: '\${env:SOURCE_KEY}' } } }
  comfort: { person: ann, question: Well? }
`;

  test('each metric is measured once: a value, or why there is none and what to do', async () => {
    const plan = `${head}targets:\n  checkout: { ${flagd()}, safer: lower }\n${metrics()}${phases('checkout: 10%')}`;
    const asked = server.asked.length;
    const said = await typed('doctor p.yaml --json', plan, { SOURCE_KEY: secret });
    const found = Object.fromEntries(checksOf(said).map((check) => [check.name, [check.ok, check.needed, check.found]]));
    expect(found).toMatchObject({
      'secret SOURCE_KEY': [true, true, 'set here'],
      'target checkout': [true, true, expect.stringMatching(/^stands at 0 % \(/)],
      'metric error_rate': [true, true, expect.stringMatching(/^2\.3 %/)],
      'metric split': [false, true, 'answers 2 series where one is needed'],
      'metric silent': [false, true, expect.stringMatching(/^no data: /)],
      'metric odd': [false, true, 'answers NaN'],
      'metric locked': [false, true, expect.stringMatching(/^unauthorized: /)],
      'metric comfort': [true, false, 'asked of ann when it is needed; nothing to measure'],
      'channel terminal (info, warning, critical, emergency, asks)': [true, true, 'settings are sound; nothing was sent'],
    });
    expect(checksOf(said).every((check) => check.ok === (check.todo === null))).toBe(true);
    expect([said.exitCode, JSON.parse(said.stdout)]).toMatchObject([1, { ok: false, rollout: 'shop' }]);
    const queries = server.asked.slice(asked).filter((one) => one.path.startsWith('/prom')).map((one) => new URLSearchParams(one.body).get('query'));
    expect(queries.filter((query) => query === 'one')).toHaveLength(1);
  });

  test('a secret that is not set is named once for itself and where it is needed, and a sound plan is told so', async () => {
    const plan = `${head}channels: { info: [{ webhook: '\${env:HOOK}' }] }\ntargets:\n  checkout: { ${flagd()}, safer: lower }\n${phases('checkout: 10%')}`;
    const without = await typed('doctor p.yaml', plan);
    expect([without.exitCode, without.stdout]).toEqual([1, expect.stringMatching(/✖ wrong +secret HOOK +not set here\n +do: Set HOOK[\s\S]*✖ wrong +channel webhook \(info[\s\S]*Something that shop calls is wrong/)]);
    const sent = server.asked.length;
    const withIt = await typed('doctor p.yaml', plan, { HOOK: `${server.origin}/hook/${secret}` });
    expect([withIt.exitCode, withIt.stdout]).toEqual([0, expect.stringContaining('Everything that shop calls from here answers. Nothing was changed and nothing was sent.')]);
    expect(server.asked.length).toBe(sent);
    const wrong = await typed('doctor p.yaml', plan, { HOOK: `ftp-${secret}` });
    expect([wrong.exitCode, wrong.stdout]).toEqual([1, expect.stringMatching(/channel webhook.*url/)]);
  });

  test('a command that this host would refuse is found before the night in which it is needed; nothing is run', async () => {
    const mark = join(dir, 'was-run');
    const plan = `${head}targets:\n  checkout: { ${flagd()}, safer: lower }\nrollback:\n  within: 30s\n  if that fails:\n    - { step: Restart, run: 'touch ${mark}' }\n    - { step: Elsewhere, run: 'true', on: elsewhere }\n${phases('checkout: 10%')}`;
    const refused = await typed('doctor p.yaml --json', plan);
    expect([refused.exitCode, checksOf(refused).filter(({ name }) => name.startsWith('command '))]).toMatchObject([1, [{ name: 'command Restart', ok: false, needed: true, todo: expect.stringContaining('TIDEGATE_COMMANDS') }, { name: 'command Elsewhere', ok: false, needed: false, found: `runs on host elsewhere, this one is ${hostname()}` }]]);
    expect((await typed('doctor p.yaml', plan, { TIDEGATE_COMMANDS: 'touch' })).exitCode).toBe(0);
    expect(() => readFileSync(mark)).toThrow();
  });

  test('a value that a target cannot hold, and a target that cannot be read, are wrong', async () => {
    const plan = `${head}targets:\n  checkout: { flagd: { file: '${join(dir, 'no-such.json')}', flag: shop }, safer: lower }\n${phases('checkout: 10%')}`;
    const said = await typed('doctor p.yaml --json', plan);
    expect([said.exitCode, checksOf(said)[0]]).toMatchObject([1, { name: 'target checkout', ok: false, todo: expect.any(String) }]);
  });

  test('what belongs to the machine and what belongs to a plan are not mixed', async () => {
    expect((await typed('doctor p.yaml --fix', head)).stderr).toContain('--fix repairs this machine');
    expect((await typed('doctor --within 5s', head)).stderr).toContain('belong to a PLAN');
  });
});
