// What the documents of the five plans ask in passing, beside the rows that are rehearsed: numbers, addresses, people, commands, lists. Each is read
// off the plan as it is resolved; what carrying it out means is proved in the files of the plans and, by form, in test/workflows and test/judgement.
import { expect, it } from 'vitest';
import { createHttpClient } from '../../src/http/client.js';
import type { ResolvedPlan } from '../../src/plan/types.js';
import { createProbe } from '../../src/sources/probe.js';
import { startStandIn } from '../servers/stand-in.js';
import { metricRef } from '../sources/conformance.js';
import { day, hour, minute } from '../workflows/world.js';
import { resolved } from './examples.js';

const triage = resolved('triage-1323', { variant: 'cloud-run' });
const sihat = resolved('sihat-tcm');
const mbct = resolved('mbct-assessments');
const advocacy = resolved('patient-advocacy');
const patches = resolved('batch-patches');

const metric = (plan: ResolvedPlan, name: string) => plan.metrics.find((one) => one.name === name)!;
const phase = (plan: ResolvedPlan, name: string) => plan.phases.find((one) => one.phase === name)!;
const incident = (plan: ResolvedPlan, severity: string) => plan.incidents.find((one) => one.severity === severity)!;
const criteria = (plan: ResolvedPlan): string[] => plan.grades.flatMap((grade) => grade.criteria.map(({ condition }) => condition.text));
const tasks = (plan: ResolvedPlan) => Object.fromEntries(plan.reviews.map((review) => [review.title, review.tasks.length]));
const targets = (plan: ResolvedPlan): Record<string, string | null> => Object.fromEntries(plan.metrics.filter(({ levels }) => levels.target !== null).map(({ name, levels }) => [name, levels.target]));
const emails = (plan: ResolvedPlan, ids: readonly string[]) => ids.map((id) => plan.people.find((one) => one.id === id)!.contacts['email']);

it('A19: each of the five signs of degradation is looked for, and says what to do about it', () => {
  const signs = triage.triggers.filter(({ mitigation, severity }) => mitigation !== '' && severity === 'warning').map(({ condition, mitigation }) => `${condition.text}: ${mitigation}`).sort();
  expect(signs).toEqual([
    expect.stringMatching(/^error_rate > 2%: .*failing endpoints/), expect.stringMatching(/^increase\(cpu_seconds over 1h\) > 2700: Memory leak/), expect.stringMatching(/^increase\(timeouts over 1h\) > 10: .*connection pools/),
    expect.stringMatching(/^memory > baseline \+ 50%: Memory leak/), expect.stringMatching(/^p95_latency > 5000ms for 10m: Slow database: add indexes/), expect.stringMatching(/^p99_latency > (2x baseline|baseline \+ 100%): Concurrent load: add caching/),
  ]);
});

it('A20: staging is the first week, alpha the next two, beta three, production the rest', () => {
  expect(triage.phases.map(({ starts }) => Math.floor((starts! - triage.day1) / day))).toEqual([0, 7, 21, 42]);
  expect(triage.phases.map(({ soak }) => soak.ms / day)).toEqual([4, 13, 19, 35]);
});

it('A21: three percentiles, errors, requests and their rate are read, and all three health addresses; a component that is not ok is named', async () => {
  expect(['p50_latency', 'p95_latency', 'p99_latency', 'errors', 'requests', 'rps'].map((name) => metric(triage, name).settings['at'])).toEqual(['latency.p50_ms', 'latency.p95_ms', 'latency.p99_ms', 'latency.errors', 'latency.requests', 'latency.rps']);
  expect(['alive', 'uptime', 'healthy'].map((name) => new URL(String(metric(triage, name).settings['url'])).pathname)).toEqual(['/healthz', '/readyz', '/health']);
  const service = await startStandIn(() => ({ status: 200, body: { status: 'ready', components: { collective: { status: 'ok' }, simulation: { status: 'degraded' } } } }));
  const ref = metricRef({ ...metric(triage, 'uptime').settings, url: `${service.origin}/readyz` }, { timeoutMs: 5_000 });
  const [found] = await createProbe(createHttpClient()).measure(ref, 0, 1_000, new AbortController().signal);
  await service.close();
  expect(found!.measurement).toMatchObject({ value: 0, detail: expect.stringMatching(/components\.simulation\.status is 'degraded' instead of 'ok'$/) as string });
});

it('A22: everybody of the path has an address', () => { expect(emails(triage, triage.escalation)).toEqual(['oncall@1323.example', 'tech@1323.example', 'clinical@1323.example', 'director@1323.example', 'dmh@moph.example']); });

it('A23: production is watched day and night, and whoever has the rotation is called first', () => {
  expect([phase(triage, 'production').cadenceMs, triage.hours, triage.escalation[0]]).toEqual([15 * minute, null, 'engineer']);
  expect(triage.people.find(({ id }) => id === 'engineer')!.contacts['phone']).toBe('rotation');
});

it('B14: the commands of a phase cannot take longer than the hours that it has', () => {
  const most = sihat.phases.map(({ checks, before, after }) => [...checks.map(({ command }) => command), ...before.map(({ run }) => run), ...after.map(({ run }) => run)].reduce((sum, { timeoutMs }) => sum + timeoutMs, 0));
  const allowed = [2, 3, 2.5, 2, 3, 2.5, 4].map((hours) => hours * hour);
  for (const [index, ms] of most.entries()) expect(ms, sihat.phases[index]!.phase).toBeLessThanOrEqual(allowed[index]!);
});

it('B15: the application is installed before phase 1, and its five variables are as they must be', () => {
  expect(sihat.phases[0]!.preparation).toMatchObject([{ command: { run: 'npm install', cwd: 'sihat-tcm-web' } }]);
  const check = sihat.preparation.find(({ question }) => question === 'Environment variables validated')!.check!;
  expect(check).toMatchObject({ kind: 'environment', source: { file: 'sihat-tcm-web/.env.production' } });
  expect(check.kind === 'environment' ? Object.fromEntries(check.has.map(({ key, value }) => [key, value])) : null).toEqual({ FEATURE_FLAGS_ENABLED: 'true', FEATURE_FLAGS_ENVIRONMENT: 'production', DEPLOYMENT_PHASE: 'phase_1_medical_safety', MONITORING_ENABLED: 'true', ROLLBACK_ENABLED: 'true' });
});

it('B16: healthy is what the health endpoint says of itself', () => { expect(metric(sihat, 'availability').settings).toMatchObject({ url: 'https://sihat-tcm.com/api/health', fields: { status: 'healthy' } }); });

it('B17: five technical, four business and four medical figures have their targets, and the grade asks for all of them', () => {
  const wanted = {
    error_rate: '< 0.5%', response_time: '< 1500ms', throughput: '> 200 req/min', memory: '< 70%', cpu: '< 60%', satisfaction: '> 92%', adoption: '> 80%', support_tickets: '< 10 /day', retention: '> 95%',
    emergency_accuracy: '> 98%', drug_interaction_accuracy: '> 99%', safety_coverage: '> 99%', false_positives: '< 2%',
  };
  expect(targets(sihat)).toEqual({ ...wanted, availability: '> 99.9%' });
  for (const [name, target] of Object.entries(wanted)) expect(criteria(sihat).map((text) => text.replace(' ', ''))).toContain(`${name} ${target}`.replace(' ', ''));
  expect(metric(sihat, 'flag_usage').settings['at']).toBe('featureFlagUsage');
});

it('B18: a warning has the way back prepared', () => {
  const warnings = sihat.triggers.filter(({ severity }) => severity === 'warning');
  expect(warnings.map(({ condition, mitigation }) => [condition.text, mitigation])).toEqual([['error_rate > 1%', 'Prepare the rollback plan'], ['response_time > 2000ms', 'Prepare the rollback plan'], ['satisfaction < 88%', 'Prepare the rollback plan']]);
});

it('B19: in an emergency the stakeholders are briefed, the users told if they are concerned, and the status page says it', () => {
  expect(incident(sihat, 'emergency').firstSteps).toEqual(['Brief the stakeholders', 'Notify the users, if they are concerned']);
  expect(incident(sihat, 'emergency').tell).toEqual(['executive']);
  expect(sihat.channels.emergency.map(({ provider }) => provider)).toContain('statuspage');
});

it('B20: after it come the final steps, the retrospective, the handing over and the continuous improvement', () => { expect(tasks(sihat)).toEqual({ Completion: 4, Retrospective: 4, 'Knowledge transfer': 4, 'Continuous improvement': 5 }); });

it('B21: lead, technical lead and product owner have their addresses, the team has one, and so has the channel', () => {
  expect(emails(sihat, ['deployment-lead', 'tech-lead', 'product-owner'])).toEqual(['deployment-lead@sihat-tcm.com', 'tech-lead@sihat-tcm.com', 'product-owner@sihat-tcm.com']);
  expect(sihat.channels.warning.map(({ settings }) => settings['channel'] ?? settings['to'])).toEqual(['#sihat-tcm-deployment', 'deployment-team@sihat-tcm.com']);
});

it('C13: critical, warning and info have the places that the document names', () => {
  const places = (['critical', 'warning', 'info'] as const).map((severity) => mbct.channels[severity].map(({ provider, settings }) => settings['channel'] ?? provider));
  expect(places).toEqual([['#crisis-team', '#on-call-engineering', 'pagerduty'], ['#engineering', '#clinical-team'], ['#monitoring']]);
});

it('C19: the figures of crisis, performance and clinical accuracy have the limits that the document gives', () => {
  const limits = Object.fromEntries(mbct.metrics.filter(({ levels }) => levels.target ?? levels.warning ?? levels.critical).map(({ name, levels }) => [name, [levels.target, levels.warning ?? levels.critical]]));
  expect(limits).toMatchObject({
    hotline: [null, '= down'], crisis_detection: [null, '< 99.9%'], emergency_contacts: [null, '< 99.5%'],
    app_launch: ['< 2000ms', '> 3000ms'], crisis_button: ['< 150ms', '> 200ms for 1m'], assessment_load: ['< 250ms', '> 300ms'], breathing_fps: ['>= 60 fps', '< 55 fps'],
    phq9: ['= 100%', '< 99.9%'], gad7: ['= 100%', '< 99.9%'], crisis_thresholds: ['= 100%', '< 99.9%'], therapeutic_timing: ['= 100%', '< 99.5%'],
  });
});

it('C20: every reason to go back at once is a trigger that does', () => {
  const back = mbct.triggers.filter(({ reaction }) => reaction.kind === 'rollback').map(({ condition }) => condition.text);
  expect(back).toEqual([
    'crisis_response > 200ms for 1m', 'hotline = down', 'phq9 < 100%', 'gad7 < 100%', 'crashes > 1%', 'response_time > 2x baseline', 'event: crisis-detection-failure', 'event: scoring-error', 'event: data-corruption',
    'event: phi-exposure', 'event: authentication-bypass', 'event: unauthorised-access', 'event: memory-leak',
  ]);
  expect(mbct.invariants.map(({ condition }) => condition.text)).toContain('emergency_contacts >= 99.5%');
});

it('C21: help without a network is signed for before anything moves', () => { expect(mbct.preparation.find(({ question }) => question.startsWith('Offline crisis mode'))).toMatchObject({ kind: 'sign-off', from: ['crisis-lead'] }); });

it('C22: each store gets its build, its metadata and its submission', () => {
  const stores = mbct.preparation.filter(({ group }) => group === 'Stores').map(({ command }) => String(command!.run));
  expect(stores).toEqual(['ios', 'android'].map((platform) => `eas build --platform ${platform} --profile production && npm run appstore:prepare-metadata -- --platform ${platform} && eas submit --platform ${platform} --profile production`));
});

it('C23: what the migration leaves for later is set: backfill, non-null, removal', () => { expect(mbct.reviews.find(({ title }) => title === 'Data migration')).toMatchObject({ who: ['dba'], every: 'once', tasks: { length: 3 } }); });

it('C24: after it come the analysis, the next deployment, and the investigation of an emergency', () => {
  expect(tasks(mbct)).toEqual({ 'Post-deployment analysis': 4, 'Data migration': 3, 'Next deployment': 4 });
  expect(incident(mbct, 'emergency').followUps.map(({ title }) => title)).toEqual(['Post-incident investigation']);
});

it('C25: success is no downtime of the crisis systems, full accuracy, the benchmarks met, satisfied users, an audit passed and security kept', () => {
  expect(criteria(mbct)).toEqual([
    'hotline >= 1 throughout', 'rollout.longest_unwatched < 300s', 'rollout.slowest_move < 5min', 'mean(phq9) = 100% throughout', 'mean(gad7) = 100% throughout', 'app_launch < 2000ms', 'crisis_button < 200ms', 'assessment_load < 300ms', 'breathing_fps >= 60fps',
    'feedback > 95%', 'compliance_audit = yes', 'security_posture = yes',
  ]);
  expect(mbct.completion!.compare).toEqual(['response_time', 'app_launch', 'crisis_button', 'assessment_load', 'crashes', 'memory']);
  expect(phase(mbct, 'everybody').decision).toMatchObject({ from: ['clinical-lead', 'psychologist'], otherwise: 'hold' });
});

it('C26: whoever is called has the commands that show the flags and switch an experiment off', () => {
  expect(incident(mbct, 'emergency').firstSteps.join('\n')).toMatch(/feature-flags:production-status[^]*feature-flags:emergency-disable -- --feature experimental/);
});

it('C28: the hotline is looked at on blue and on green, each by itself: green goes back, blue is asked about', () => {
  expect(['hotline_blue', 'hotline_green'].map((name) => metric(mbct, name).settings)).toMatchObject([{ url: 'http://blue:8080/crisis/988/status', field: 'available' }, { url: 'http://green:8080/crisis/988/status', field: 'available' }]);
  expect(phase(mbct, 'canary').triggers.map(({ condition, reaction }) => [condition.text, reaction.kind])).toEqual([['hotline_blue = down', 'ask'], ['hotline_green = down', 'rollback']]);
});

it('D11: development is set up once and started with mocks before staging is touched', () => {
  const { preparation, checks, moves } = phase(advocacy, 'development');
  expect([preparation.map(({ command }) => command!.run), checks.map(({ command }) => command.run), moves]).toEqual([['./scripts/setup.sh'], ['./scripts/start_server.sh development --check'], []]);
});

it('D12: where there is a GPU the containers are started with its profile', () => {
  const profiles = (vars: Record<string, string>): unknown[] => resolved('patient-advocacy', vars).targets.filter(({ provider }) => provider === 'compose').map(({ settings }) => settings['env']);
  expect([profiles({}), profiles({ PROFILES: 'gpu' })]).toEqual([Array(3).fill({ COMPOSE_PROFILES: '' }), Array(3).fill({ COMPOSE_PROFILES: 'gpu' })]);
});

it('D13: of the variables the five that are required are checked, and the three that have defaults are not', () => {
  const check = phase(advocacy, 'production').preparation.find(({ kind }) => kind === 'check')!.check!;
  expect(check.kind === 'environment' ? check.has.map(({ key, value }) => [key, value]) : null).toEqual([['SECRET_KEY', null], ['APP_ENV', 'production'], ['MEDGEMMA_API_KEY', null], ['USE_MOCKS', 'false'], ['LOG_FORMAT', 'json']]);
});

it('D14: before there are more replicas, sessions are where all of them see them, and the GPU has room', () => { expect(phase(advocacy, 'scaled').preparation.map(({ question }) => question.split(' ').slice(0, 2).join(' '))).toEqual(['Sessions are', 'The GPU']); });

it('D15: the quick way back starts the image that was cached, without a build, and looks whether it answers', () => {
  expect(advocacy.rollback.ladder[0]).toMatchObject({ run: { run: 'docker compose down && docker compose up -d --no-build', on: 'production-1' }, verify: { run: 'curl -fsS http://localhost:8000/health' }, ask: [] });
});

it('E21: who is in the first two waves is signed for before anything moves, since a share knows no groups', () => {
  expect(patches.preparation.find(({ question }) => question.startsWith('Wave 1 reaches internal users'))).toMatchObject({ kind: 'sign-off', from: ['oncall'], group: 'Who comes first' });
});

it('E22: between the waves the logs are acknowledged, the communications prepared, and support and commander stand by', () => {
  expect(patches.phases.map(({ preparation }) => preparation.map(({ from }) => from))).toEqual([[], [['oncall']], [], [['product-owner'], ['support-lead'], ['commander']]]);
});

it('E23: the grade asks for every end criterion of the two weeks', () => {
  expect(criteria(patches)).toEqual([
    'rollout.unplanned_rollbacks = 0', 'rollout.longest_critical < 30min', 'rollout.mttr < 15min', 'rollout.clean_baking >= 14d', 'error_rate < 2% throughout', 'mean(uptime) >= 99.9% throughout', 'events(data-corruption) = 0 throughout',
    'monthly_cost < 300 $/month', 'satisfaction > 4.5', 'comfort = yes',
  ]);
});

it('E24: every review has the tasks of its list', () => { expect(tasks(patches)).toEqual({ 'Week 1': 5, 'Weeks 2 to 4': 4, 'Alert thresholds': 1, Cost: 1, 'Security audit': 1, 'Disaster recovery drill': 1 }); });

it('E25: four people hold the stand-up, and any day of the waves and of the two weeks after them has one', () => {
  for (const standUp of patches.standUps) expect(standUp.from).toEqual(['commander', 'oncall', 'manager', 'product-owner']);
  expect(new Set(patches.standUps.flatMap(({ phases, weekdays }) => (weekdays.length === 7 ? phases : [])))).toEqual(new Set(['wave-1', 'wave-2', 'wave-3', 'wave-4', 'baking']));
});

it('E26: each wave has reasons of its own to go back, in force until the end', () => {
  expect(patches.phases.map(({ triggers }) => triggers.filter(({ severity }) => severity === 'emergency').map(({ condition }) => condition.text))).toEqual([
    ['error_rate > 10% for 5m', 'event: memory-leak'], ['error_rate > wave-1 + 5 points', 'p95_latency > baseline + 50%'], ['error_rate > 10%', 'memory > 2x baseline', 'cpu > baseline + 80%', 'events(customer-escalation) > 5'],
    ['events(customer-issue) > 1 over 1h', 'invariant_violations > 10', 'p99_latency > 1500ms for 5m', 'uptime < 99% over 1h'],
  ]);
  expect(patches.triggers.filter(({ severity }) => severity === 'emergency').map(({ condition }) => condition.text)).toEqual(['alerts(critical) > 0', 'event: data-corruption']);
});

it('E15, E20: trouble reaches the chat, the stakeholders by mail and the status page; what is asked reaches its people by mail', () => {
  const { critical, asks } = patches.channels;
  expect(critical.map(({ provider }) => provider)).toEqual(['terminal', 'log', 'webhook', 'email', 'statuspage']);
  expect(critical.find(({ provider }) => provider === 'email')!.settings['to']).toEqual(['oncall@company.com', 'manager@company.com', 'commander@company.com', 'product@company.com', 'security@company.com']);
  expect(asks.find(({ provider }) => provider === 'email')!.settings['people']).toMatchObject({ oncall: 'oncall@company.com', manager: 'manager@company.com', commander: 'commander@company.com', 'product-owner': 'product@company.com', 'security-lead': 'security@company.com' });
});
