// The four plans beside batch-patches, each live from its start to its end, as they stand in examples/: nothing is changed but where things are
// (--var) and the pace (docs/pace.md). Services, programs and people are stand-ins that do what they say.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FlagdCore } from '@openfeature/flagd-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Ground, type World } from '../processes/world.js';
import { describeNeeding } from '../setup/needs.js';
import { carriedThrough, install, ran, serve, type Ended } from './trial.js';

const moves = ({ status }: Ended): readonly string[] => status.moves.map(({ phase, target, after, direction }) => `${phase}: ${target} ${direction === 'forward' ? '' : 'back '}${String(after)}`);
const texts = ({ entries }: Ended, kind: string): readonly string[] => entries.filter((entry) => entry.kind === kind).map(({ text }) => text);

describeNeeding(['temporal-cli'], 'a shipped plan at a pace', () => {
  let ground: Ground;
  beforeAll(async () => { ground = await Ground.open(); });
  afterAll(async () => { await ground?.close(); });

  const closing: (() => Promise<unknown>)[] = [];
  async function inWorld(name: string, story: (world: World) => Promise<void>): Promise<void> {
    try { await story(await ground.world({ name })); } finally { for (const close of closing.splice(0).reverse()) await close(); }
  }

  test('triage-1323: eleven weeks from ten calls a day to all of them', () => inWorld('triage', async (world) => {
    const env = join(world.home, 'production.env');
    writeFileSync(env, 'CALLS_PER_DAY=0\n');
    writeFileSync(world.flags, JSON.stringify({ flags: { triage_1323: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting: { fractional: [{ var: 'callerId' }, ['on', 0], ['off', 100]] } } } }));
    // It keeps the limit that it read last, until it is told to read again.
    const readLimit = (): number => Number(/^CALLS_PER_DAY=(\d+)$/m.exec(readFileSync(env, 'utf8'))![1]);
    const service = { limit: 0, requests: 1_000 };
    const metrics = () => { service.requests += 50; return { latency: { p50_ms: 210, p95_ms: 900, p99_ms: 1_300, errors: Math.round(service.requests / 1_000), requests: service.requests, rps: 12 } }; };
    const api = await serve((path, { method, headers }) => {
      switch (path) {
        case '/readyz': return { body: { status: 'ready', components: { collective: { status: 'ok' }, simulation: { status: 'ok' } } } };
        case '/healthz': return { body: { status: 'ok' } };
        case '/metrics': return headers.accept?.startsWith('application/json') === true ? { body: metrics() } : { body: '# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 4e8\n# TYPE triage_timeouts_total counter\ntriage_timeouts_total 3\n' };
        case '/limits/calls-per-day': return { body: String(service.limit) };
        case '/reload': if (method === 'POST') service.limit = readLimit(); return { body: { limit: service.limit } };
        default: return undefined;
      }
    });
    const staging = await serve((path) => (path === '/healthz' ? { body: { status: 'ok', deployed: ran(world.home).includes('cloud-run.sh staging') } } : undefined));
    closing.push(() => api.close(), () => staging.close());
    install(world.home, {
      'ci/coverage.sh': 'echo "83% of lines"', 'ci/safety-tests.sh': 'echo "41 tests, all pass"', 'ci/benchmarks.sh': 'echo "p95 0.9 s"', 'ci/find-secrets.sh': '! grep -rn "BEGIN PRIVATE KEY" production.env',
      'ci/smoke.sh': 'curl -fsS "$1/healthz" | grep -q "\\"deployed\\":true"',
      'deploy/cloud-run.sh': 'echo "$*" > "deployed-$1"', 'deploy/reload.sh': `curl -fsS -X POST '${api.origin}/reload'`,
      'deploy/verify-backup.sh': 'tar -czf backup.tgz production.env && tar -tzf backup.tgz | grep -q production.env', 'deploy/manual-fallback.sh': 'echo "$1" > fallback',
    });
    world.worker({ env: { TIDEGATE_COMMANDS: '*' } });
    const made = await carriedThrough(world, { plan: 'triage-1323.yaml', id: 'triage', pace: 100_000, as: 'technical-lead', vars: { variant: 'cloud-run', API: api.origin, STAGING: staging.origin, HOOK: `${world.outside.url}/critical` } }, 140_000);

    expect(made.status.outcome).toBe('completed');
    expect(moves(made)).toEqual(['alpha: calls-per-day 10', 'alpha: triage 100', 'beta: calls-per-day 50', 'beta: calls-per-day 100', 'production: calls-per-day unlimited']);
    // what users get, asked of those who give it
    expect([service.limit, readLimit()]).toEqual([1_000_000, 1_000_000]);
    const flags = new FlagdCore();
    flags.setConfigurations(readFileSync(world.flags, 'utf8'));
    expect(flags.resolveBooleanEvaluation('triage_1323', false, { callerId: 'caller-1', targetingKey: 'caller-1' }).value).toBe(true);
    expect(ran(world.home).filter((line) => !line.startsWith('reload.sh') && !line.startsWith('smoke.sh'))).toEqual(expect.arrayContaining(['coverage.sh --at-least 80', 'safety-tests.sh', 'benchmarks.sh', 'find-secrets.sh', 'verify-backup.sh', 'cloud-run.sh staging', 'cloud-run.sh production']));
    expect(ran(world.home)).toContain(`smoke.sh ${staging.origin}`);
    expect(readFileSync(join(world.home, 'deployed-production'), 'utf8')).toBe('production\n');
    // five testers, and three people before each of two phases; the director at the end
    expect(made.answers.filter((one) => one.includes('staging/decision'))).toHaveLength(5);
    expect(made.answers.filter((one) => one.includes('beta/decision')).length).toBeGreaterThanOrEqual(3);
    expect(made.answers.filter((one) => one.startsWith('director: production/decision')).length).toBeGreaterThanOrEqual(1);
    expect(made.said).toContain('100000 times as fast as planned');
    expect(texts(made, 'pace')).toHaveLength(7);
    expect(made.status.issues).toEqual([]);
  }), 180_000);
});
