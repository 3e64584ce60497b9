// mbct-assessments, live at a pace on real parts: an nginx that splits by device between a blue and a green application, a PostgreSQL that is backed
// up, migrated and restored, flags that an OpenFeature client evaluates, Slack and PagerDuty by stand-ins. What the programs of the plan do is in `programs`.
import { readFileSync, mkdirSync, writeFileSync, existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FlagdCore } from '@openfeature/flagd-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Ground, type World } from '../processes/world.js';
import { query, startPostgres, type Postgres } from '../servers/postgres.js';
import { routingKey, startPagerDuty } from '../servers/pagerduty.js';
import { slackToken, startSlack } from '../servers/slack.js';
import { describeNeeding, pathOf } from '../setup/needs.js';
import { startNginx, type RealNginx } from '../targets/real-nginx.js';
import { carriedThrough, install, ran, serve, type Ended, type Start } from './trial.js';

const columns = (database: string) => query<{ column_name: string; is_nullable: string }>(database, `select column_name, is_nullable from information_schema.columns where table_name = 'assessments' order by 1`);
const texts = ({ entries }: Ended, kind: string): readonly string[] => entries.filter((entry) => entry.kind === kind).map(({ text }) => text);

/** What the plan calls on, by what it is to do. $DATABASE_URL comes from the plan, and only to the steps that it names it for. */
const programs = (nginx: RealNginx, api: string, green: string): Readonly<Record<string, string>> => ({
  'programs/nginx': `exec ${nginx.binary} -p ${nginx.dir} -c ${nginx.config} "$@"`,
  'programs/eas': 'case "$1" in build) echo "$3" >> ../builds ;; submit) grep -qx "$3" ../builds ;; *) exit 1 ;; esac',
  'programs/npm': [
    'grep -q "\\"$2\\":" package.json', 'case "$2" in',
    'deploy:backup-production) pg_dump "$DATABASE_URL" > ../backup.sql ;;', 'backup:verify-integrity) grep -q "CREATE TABLE public.assessments" ../backup.sql ;;',
    'backup:create-pre-migration) pg_dump --clean --if-exists "$DATABASE_URL" > ../before-migration.sql ;;', 'backup:test-restore) test -s ../before-migration.sql ;;',
    'deploy:restore-database) psql -q -v ON_ERROR_STOP=1 "$DATABASE_URL" < ../before-migration.sql ;;',
    'deploy:maintenance-mode) if [ "$4" = --off ]; then rm -f ../maintenance; else touch ../maintenance; fi ;;',
    `validate:crisis-authority) curl -fsS '${api}/crisis/988/status' | grep -q '"available":true' ;;`,
    'deploy:production-phased) touch ../green-is-deployed ;;', `deploy:verify-production) curl -fsS '${green}/health' ;;`, 'esac',
  ].join('\n'),
  'app/scripts/verify-backup-systems.sh': 'which pg_dump psql',
  'app/scripts/migrate.sh': [
    'sql() { psql -At -v ON_ERROR_STOP=1 "$DATABASE_URL" -c "$1"; }', 'found() { sql "select is_nullable from information_schema.columns where table_name = \'assessments\' and column_name = \'crisis_signal\'"; }',
    'case "$1" in', 'up) sql "alter table assessments add column if not exists crisis_signal jsonb" ;;', 'is-applied) test -n "$(found)" ;;', 'check) test "$(found)" = YES ;;',
    'down) sql "alter table assessments drop column if exists crisis_signal" ;;', 'esac',
  ].join('\n'),
});

describeNeeding(['temporal-cli', 'nginx', 'postgres'], 'mbct-assessments at a pace', () => {
  let ground: Ground;
  let postgres: Postgres;
  beforeAll(async () => { [ground, postgres] = await Promise.all([Ground.open(), startPostgres()]); });
  afterAll(async () => { await ground?.close(); await postgres?.stop(); });

  /** The town: what the plan talks to. `hotline` is whether 988 can be reached. */
  async function inTown(name: string, story: (town: { readonly world: World; readonly nginx: RealNginx; readonly database: string; hotline: boolean; readonly slack: readonly string[]; readonly paged: () => number; onGreen(): Promise<number>; share(flag: string): number; run(more: Pick<Start, 'pace' | 'meanwhile' | 'says'>): Promise<Ended> }) => Promise<void>): Promise<void> {
    const world = await ground.world({ name });
    const at = (...path: string[]): string => join(world.home, ...path);
    const plan = readFileSync(join(import.meta.dirname, '../../examples/mbct-assessments.yaml'), 'utf8');
    const named = (pattern: RegExp): readonly string[] => [...new Set([...plan.matchAll(pattern)].map(([, one]) => one!))];
    const state = { hotline: true };
    const hotline = (path: string) => (path === '/crisis/988/status' ? { body: { available: state.hotline } } : undefined);
    const metrics = {
      crisis: { responseTimeMs: 120, detectionAccuracy: 100, emergencyContactsReachable: 100 }, clinical: { crisisThresholdDetection: 100, therapeuticTimingAccuracy: 100 },
      performance: { appLaunchTime: 1_500, crisisButtonResponse: 90, assessmentLoadTime: 180, breathingExerciseFps: 60, responseTime: 210, crashedSessions: 0.1, memory: 300 },
    };
    const api = await serve((path) => ({ '/metrics': { body: metrics }, '/ping': { body: 'pong' }, '/health': { body: { status: 'ok' } }, '/db/health': { body: { connected: true } }, '/assessments/accuracy-test': { body: { phq9Accuracy: 100, gad7Accuracy: 100 } } })[path] ?? hotline(path));
    const blue = await serve((path) => (path === '/health' ? { body: 'blue is well' } : hotline(path)));
    const green = await serve((path) => (!existsSync(at('green-is-deployed')) ? undefined : path === '/health' ? { body: 'green is well' } : hotline(path)));
    const [slack, pagerduty, nginx] = await Promise.all([startSlack(), startPagerDuty(), startNginx(0)]);
    for (const channel of named(/channel: '(#[\w-]+)'/g)) slack.channels.set(channel, { member: true, archived: false });
    try {
      mkdirSync(join(nginx.dir, 'tidegate'));
      await writeFile(join(nginx.dir, 'tidegate/side.conf'), 'split_clients "$http_x_device" $side { * blue; }\nmap "" $side_share { default "0"; }\n');
      let config = (await readFile(nginx.config, 'utf8')).replace(nginx.file, join(nginx.dir, 'tidegate/side.conf'));
      for (const [upstream, socket, { origin }] of [['green', 'new', green], ['blue', 'old', blue]] as const) config = config.replace(`upstream ${socket} { server unix:${nginx.dir}/${socket}.sock; }`, `upstream ${upstream} { server ${new URL(origin).host}; }`);
      await writeFile(nginx.config, config);
      await nginx.reload();
      const database = await postgres.createDatabase();
      await query(database, 'create table assessments (id serial primary key, phq9 int not null)');
      await query(database, 'insert into assessments (phq9) select 9 from generate_series(1, 100)');
      const flags = { crisisDetection: 100, hotline988Integration: 100, emergencyContacts: 100, enhancedAssessments: 0, newArchitectureOptimizations: 0, aiAssistedScoring: 0 };
      writeFileSync(world.flags, JSON.stringify({ flags: Object.fromEntries(Object.entries(flags).map(([flag, share]) => [flag, { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting: { fractional: [{ var: 'userId' }, ['on', share], ['off', 100 - share]] } }])) }));
      mkdirSync(at('app'));
      writeFileSync(at('app/package.json'), JSON.stringify({ scripts: Object.fromEntries(named(/npm run ([\w:-]+)/g).map((script) => [script, 'true'])) }));
      install(world.home, programs(nginx, api.origin, green.origin));
      world.worker({ env: { TIDEGATE_COMMANDS: '*', PATH: `${at('programs')}:${pathOf('postgres')}:${process.env['PATH']}`, SLACK_TOKEN: slackToken, PAGERDUTY_KEY: routingKey, DATABASE_URL: database } });
      await story({
        world, nginx, database, paged: () => pagerduty.alerts.length,
        get hotline() { return state.hotline; }, set hotline(now: boolean) { state.hotline = now; },
        get slack() { return slack.messages.map(({ channel, text }) => `${channel} ${text}`); },
        onGreen: async () => {
          let found = 0;
          for (let device = 0; device < 400; device++) if ((await (await fetch(`${nginx.origin}/health`, { headers: { 'x-device': `device-${device}`, connection: 'close' } })).text()).startsWith('green')) found++;
          return found / 4;
        },
        share: (flag) => {
          const evaluated = new FlagdCore();
          evaluated.setConfigurations(readFileSync(world.flags, 'utf8'));
          return Array.from({ length: 1_000 }, (_, user) => evaluated.resolveBooleanEvaluation(flag, false, { userId: `user-${user}`, targetingKey: `user-${user}` }).value).filter(Boolean).length / 10;
        },
        run: (more) => carriedThrough(world, { ...more, plan: 'mbct-assessments.yaml', id: 'mbct', as: 'release-lead', launch: 'now', vars: { API: api.origin, BLUE: blue.origin, GREEN: green.origin, BALANCER: nginx.origin, NGINX: nginx.dir, NGINX_PID: nginx.settings()['pid'] as string, NGINX_SHARE: `${nginx.origin}/share`, APP: 'app', SLACK_API: `${slack.origin}/api`, PAGERDUTY_API: `${pagerduty.origin}/v2` } }, 200_000),
      });
    } finally { await Promise.all([nginx.end(), ...[api, blue, green, slack, pagerduty].map((one) => one.close())]); }
  }

  test('from two hours before the launch to everybody on green', () => inTown('mbct', async (town) => {
    const made = await town.run({ pace: 100_000 });
    expect(made.status.outcome).toBe('completed');
    expect(made.status.moves.map(({ phase, target, after }) => `${phase}: ${target} ${String(after)}`)).toEqual([
      ...[['canary', 5], ['quarter', 25]].flatMap(([phase, share]) => [`${phase}: green ${share}`, `${phase}: app-stores ${share}`]), 'half: green 50', 'half: app-stores 50', 'half: new-architecture 50',
      'everybody: green 100', 'everybody: app-stores 100', 'everybody: enhanced-assessments 100', 'everybody: ai-assisted-scoring 5',
    ]);
    // what users get
    expect(await town.onGreen()).toBe(100);
    expect([town.share('enhancedAssessments'), town.share('crisisDetection')]).toEqual([100, 100]);
    expect(town.share('aiAssistedScoring')).toBeLessThan(8);
    // the database is migrated as it must be, and nothing of it is lost; maintenance mode is off again
    expect(await columns(town.database)).toContainEqual({ column_name: 'crisis_signal', is_nullable: 'YES' });
    expect(await query(town.database, 'select count(*)::int as n from assessments')).toEqual([{ n: 100 }]);
    expect(existsSync(join(town.world.home, 'maintenance'))).toBe(false);
    expect(ran(town.world.home)).toEqual(expect.arrayContaining(['npm run deploy:maintenance-mode --crisis-bypass-enabled', 'npm run deploy:maintenance-mode -- --off', 'eas submit --platform ios --profile production', 'eas submit --platform android --profile production', 'migrate.sh check enhanced-crisis-detection']));
    expect([...new Set(made.answers.filter((one) => one.includes('canary/approval')).map((one) => one.split(':')[0]))]).toHaveLength(2);
    expect(made.status.grades[0]!.criteria).toContainEqual(expect.objectContaining({ text: 'rollout.slowest_move < 5min', verdict: 'pass' }));
    expect(town.slack.some((text) => text.startsWith('#monitoring'))).toBe(true);
    expect(JSON.stringify([made.status, made.entries])).not.toMatch(new RegExp(`${slackToken}|${routingKey}|${town.database}`));
  }), 240_000);

  test('988 is down while half of the users are on green: blue has everybody again, and the database is as it was before the migration', () => inTown('mbct-in-trouble', async (town) => {
    let fell = false;
    let damage: Promise<unknown> = Promise.reject(new Error('nothing was damaged'));
    damage.catch(() => { /* it will be */ });
    const made = await town.run({
      pace: 10_000, says: { 'rollback/restore': 'approve' },
      meanwhile: ({ phases, moves }) => {
        if (!fell && (phases.find(({ phase }) => phase === 'half')?.movedAt ?? null) !== null) {
          fell = true;
          town.hotline = false;
          damage = query(town.database, 'insert into assessments (phq9) values (99)');
        }
        if (fell && moves.some(({ target, direction }) => target === 'green' && direction === 'back')) town.hotline = true;
      },
    });
    await damage;
    expect(made.status.outcome).toBe('rolled-back');
    expect(await town.onGreen()).toBe(0);
    expect(town.share('newArchitectureOptimizations')).toBe(0);
    expect((await columns(town.database)).map(({ column_name }) => column_name)).toEqual(['id', 'phq9']);
    expect(await query(town.database, 'select count(*)::int as n from assessments')).toEqual([{ n: 100 }]);
    const order = ['npm run deploy:stop-rollout', 'npm run validate:crisis-authority --emergency', 'npm run deploy:restore-database --point-in-time 1 hour ago', 'npm run notify:emergency-rollback', 'npm run incident:create-report'].map((line) => ran(town.world.home).lastIndexOf(line));
    expect(order, ran(town.world.home).join('\n')).not.toContain(-1);
    expect([...order].sort((a, b) => a - b)).toEqual(order);
    expect(town.paged()).toBeGreaterThan(0);
    expect(town.slack.some((text) => text.startsWith('#crisis-team'))).toBe(true);
    expect(texts(made, 'incident').length).toBeGreaterThan(0);
    expect(made.status.rollback).toMatchObject({ verified: true });
    expect(JSON.stringify([made.status, made.entries])).not.toMatch(new RegExp(`${slackToken}|${routingKey}|${town.database}`));
  }), 240_000);
});
