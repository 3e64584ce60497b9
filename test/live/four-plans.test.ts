// Three of the plans beside batch-patches, each live from its start to its end, as they stand in examples/: nothing is changed but where things are
// (--var) and the pace (docs/pace.md). Services, programs and people are stand-ins that do what they say.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FlagdCore } from '@openfeature/flagd-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageRoot } from '../../src/engine/package-root.js';
import { Ground, type World } from '../processes/world.js';
import { slackToken, startSlack } from '../servers/slack.js';
import { describeNeeding } from '../setup/needs.js';
import { startPrometheus } from '../sources/real-prometheus.js';
import { mailPassword, openMailbox } from './mailbox.js';
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
        case '/health': case '/healthz': return { body: { status: 'ok' } };
        case '/metrics': return headers.accept?.startsWith('application/json') === true ? { body: metrics() } : { body: '# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes 4e8\n# TYPE triage_timeouts_total counter\ntriage_timeouts_total 3\n# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 41.5\n' };
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

  // By a stand-in for the docker CLI: what it says runs is what the service answers for.
  describeNeeding(['prometheus', 'promtool'], 'patient-advocacy', () => test('over staging to four replicas of production, by the pipeline', () => inWorld('advocacy', async (world) => {
    const at = (...path: string[]): string => join(world.home, ...path);
    for (const [dir, mode] of [['staging', 'staging'], ['production', 'production']] as const) {
      mkdirSync(at(dir), { recursive: true });
      writeFileSync(at(dir, 'compose.yaml'), `services:\n  api:\n    image: advocacy/api:0.1.0\n    deploy:\n      replicas: 1\n`);
      writeFileSync(at(dir, '.env'), `APP_ENV=${mode}\nSECRET_KEY=trial-secret\nMEDGEMMA_API_KEY=trial-key\nUSE_MOCKS=false\nLOG_FORMAT=json\nMEDGEMMA_MODEL_ID=medgemma-4b-it-1\n`);
      install(world.home, { [`${dir}/scripts/model-is.sh`]: 'grep -qx "model=$1" running' });
    }
    install(world.home, {
      'scripts/setup.sh': 'echo ready > prepared', 'scripts/start_server.sh': 'test "$*" = "development --check" && grep -qx ready prepared && echo started > mocked',
      'programs/docker': [
        'file=compose.yaml', 'if [ "$2" = -f ]; then file=$3; cd "$(dirname "$3")"; shift 2; fi',
        'image=$(sed -n "s/^ *image: *//p" "$file"); replicas=$(sed -n "s/^ *replicas: *//p" "$file")',
        'case "$2" in', 'up) printf "image=%s\\nreplicas=%s\\nmodel=%s\\n" "$image" "$replicas" "$(sed -n s/^MEDGEMMA_MODEL_ID=//p .env)" > running.new && mv running.new running ;;',
        'ps) . ./running; n=0; while [ $n -lt "$replicas" ]; do n=$((n+1)); printf \'{"Name":"api-%s","Image":"%s","Service":"api","State":"running","Health":""}\\n\' $n "$image"; done ;;',
        '*) exit 1 ;;', 'esac',
      ].join('\n'),
    });
    const docker = (dir: string): void => { execFileSync(at('programs/docker'), ['compose', 'up', '-d', 'api'], { cwd: at(dir) }); };
    docker('staging');
    docker('production');
    const running = (dir: string): Record<string, string> => Object.fromEntries(readFileSync(at(dir, 'running'), 'utf8').trim().split('\n').map((line) => line.split('=') as [string, string]));
    const health = (dir: string) => ({ body: { status: 'ok', env: dir, version: running(dir)['image']!.split(':')[1] } });
    let predictions = 0;
    const production = await serve((path) => {
      if (path === '/health') return health('production');
      if (path !== '/metrics') return undefined;
      predictions += 40;
      return { body: ['# TYPE prediction_latency_ms histogram', ...[250, 500, 1_000, 2_000].map((le) => `prediction_latency_ms_bucket{le="${le}"} ${le >= 500 ? predictions : Math.round(predictions / 2)}`), `prediction_latency_ms_bucket{le="+Inf"} ${predictions}`, `prediction_latency_ms_sum ${predictions * 300}`, `prediction_latency_ms_count ${predictions}`,
        '# TYPE prediction_confidence gauge', 'prediction_confidence 0.91', '# TYPE escalations_total counter', 'escalations_total 3', '# TYPE retrievals_total counter', `retrievals_total ${predictions}`, '# TYPE response_has_disclaimer gauge', 'response_has_disclaimer 1', '# TYPE pii_leaks_total counter', 'pii_leaks_total 0', ''].join('\n') };
    });
    const staging = await serve((path) => (path === '/health' ? health('staging') : undefined));
    const prometheus = await startPrometheus([], new URL(production.origin).host, { job: 'advocacy' });
    closing.push(() => production.close(), () => staging.close(), () => prometheus.close());
    const env = { TIDEGATE_COMMANDS: '*', PATH: `${at('programs')}:${process.env['PATH']}` };
    for (const host of ['staging-1', 'production-1']) world.worker({ name: host, env: { ...env, TIDEGATE_HOST: host } });
    const made = await carriedThrough(world, { plan: 'patient-advocacy.yaml', id: 'advocacy', pace: 10_000, as: 'pipeline', vars: { API: production.origin, STAGING: staging.origin, PROMETHEUS: prometheus.origin, HOOK: `${world.outside.url}/critical`, STAGING_DIR: at('staging'), DIR: at('production') } });

    expect(made.status.outcome).toBe('completed');
    expect(moves(made)).toEqual(['staging: staging-image 0.2.0', 'staging: staging-model medgemma-4b-it-2', 'production: production-image 0.2.0', 'production: production-model medgemma-4b-it-2', 'scaled: replicas 4']);
    expect([running('staging'), running('production')]).toEqual([{ image: 'advocacy/api:0.2.0', replicas: '1', model: 'medgemma-4b-it-2' }, { image: 'advocacy/api:0.2.0', replicas: '4', model: 'medgemma-4b-it-2' }]);
    expect(readFileSync(at('mocked'), 'utf8')).toBe('started\n');
    expect(ran(world.home)).toEqual(expect.arrayContaining(['start_server.sh development --check', 'model-is.sh medgemma-4b-it-2', 'docker compose up -d api']));
    expect(texts(made, 'check').some((text) => text.includes('The production environment is complete'))).toBe(true);
    expect(made.answers.filter((one) => one.includes('production/approval')).map((one) => one.split(':')[0]).sort()).toEqual(['clinician', 'platform-lead']);
    expect(made.status.issues).toEqual([]);
    expect(made.status.grades.map(({ grade, reached }) => [grade, reached])).toEqual([['slo', true]]);
    // values of the environment are told nowhere
    expect(JSON.stringify([made.status, made.entries])).not.toMatch(/trial-secret|trial-key/);
  }), 150_000));

  test('sihat-tcm: eighteen components in seven phases of eight weeks', () => inWorld('sihat', async (world) => {
    const at = (...path: string[]): string => join(world.home, ...path);
    const plan = readFileSync(join(packageRoot(), 'examples/sihat-tcm.yaml'), 'utf8');
    const named = (pattern: RegExp): readonly string[] => [...new Set([...plan.matchAll(pattern)].map(([, name]) => name!))];
    const flags = named(/flag: (\w+), by/g);
    const scripts = named(/npm run ([\w:-]+)/g);
    writeFileSync(world.flags, JSON.stringify({ flags: Object.fromEntries(flags.map((flag) => [flag, { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting: { fractional: [{ var: 'userId' }, ['on', 0], ['off', 100]] } }])) }));
    mkdirSync(at('app'));
    writeFileSync(at('app/package.json'), JSON.stringify({ scripts: Object.fromEntries(scripts.map((name) => [name, 'true'])) }));
    writeFileSync(at('app/.env.production'), 'FEATURE_FLAGS_ENABLED=true\nFEATURE_FLAGS_ENVIRONMENT=production\nDEPLOYMENT_PHASE=phase_1_medical_safety\nMONITORING_ENABLED=true\nROLLBACK_ENABLED=true\n');
    // A phase is valid when its flags were deployed, and all are when each was.
    install(world.home, { 'programs/npm': ['if [ "$1" = install ]; then mkdir node_modules; exit; fi', 'test -d node_modules && grep -q "\\"$2\\":" package.json', 'case "$2" in', 'deploy:flags) echo "$4" >> deployed ;;', 'validate:phase) grep -qxe "$4" deployed ;;', 'validate:all-phases) test "$(sort -u deployed | wc -l)" -eq 6 ;;', 'esac'].join('\n') });
    const metrics = {
      errorRate: 0.2, featureFlagUsage: 64, responseTime: 900, throughput: 320, memoryUsage: 51, cpuUsage: 38, userSatisfaction: 95, featureAdoption: 86, supportTicketsPerDay: 4, userRetention: 97, medical: { emergencyDetectionAccuracy: 99, drugInteractionAccuracy: 99.6, safetyValidationCoverage: 99.8, falsePositiveRate: 1.1 }, ai: { responseTime: 1_400, modelSelectionAccuracy: 95 },
      events: { processingLatency: 40 }, notifications: { engagement: 82 }, personalization: { accuracy: 91 }, devices: { connectionSuccess: 97 }, media: { captureSuccess: 98 }, accessibility: { compliance: 99 }, voice: { recognitionAccuracy: 93 },
    };
    const api = await serve((path) => (path === '/metrics' ? { body: metrics } : path === '/health' ? { body: { status: 'healthy' } } : path === '/alerts' ? { body: { alerts: [] } } : undefined));
    const slack = await startSlack();
    // It has no TLS, which the plan's address of a mail server asks for: nothing is given to it, and the rollout waits for no mail.
    const mailbox = await openMailbox();
    closing.push(() => api.close(), () => slack.close(), () => mailbox.close());
    world.worker({ env: { TIDEGATE_COMMANDS: '*', PATH: `${at('programs')}:${process.env['PATH']}`, SLACK_TOKEN: slackToken, SMTP_URL: `smtp://tidegate:${mailPassword}@127.0.0.1:${mailbox.port}`, PAGERDUTY_DEPLOYMENT: 'nobody-is-called-1', PAGERDUTY_EXECUTIVE: 'nobody-is-called-2', STATUSPAGE_TOKEN: 'nothing-is-told' } });
    const made = await carriedThrough(world, { plan: 'sihat-tcm.yaml', id: 'sihat', pace: 100_000, as: 'deployment-lead', day1: new Date(Date.now() + 8 * 86_400_000).toISOString().slice(0, 10), vars: { API: api.origin, APP: 'app', SLACK: 'C0PAYMENTS', SLACK_API: `${slack.origin}/api` } }, 140_000);

    expect(made.status.outcome).toBe('completed');
    expect(moves(made).filter((move) => move.startsWith('full-rollout'))).toHaveLength(18);
    expect(moves(made)).toHaveLength(36);
    const evaluated = new FlagdCore();
    evaluated.setConfigurations(readFileSync(world.flags, 'utf8'));
    expect(flags.filter((flag) => !evaluated.resolveBooleanEvaluation(flag, false, { userId: 'user-1', targetingKey: 'user-1' }).value)).toEqual([]);
    // every script that goes forward ran, and none that takes back
    const forward = scripts.filter((name) => !name.startsWith('rollback:'));
    expect(forward.filter((name) => !ran(world.home).some((line) => line.startsWith(`npm run ${name}`)))).toEqual([]);
    expect(ran(world.home).filter((line) => line.includes('rollback:'))).toEqual([]);
    expect(made.status.grades.map(({ grade, reached }) => [grade, reached])).toEqual([['success', true]]);
    expect(made.status.issues).toEqual([]);
    expect(slack.messages.length).toBeGreaterThan(20);
    expect(JSON.stringify([made.status, made.entries])).not.toMatch(new RegExp(`${slackToken}|${mailPassword}`));
  }), 180_000);
});
