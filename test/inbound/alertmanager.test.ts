// Alerts: each firing one that names a rollout is its event, once, however often Alertmanager repeats it; one bad alert spoils no other.
import { afterEach, expect, test } from 'vitest';
import { FinalError, TransientError } from '../../src/errors.js';
import { kebab } from '../../src/inbound/alertmanager.js';
import { alertOf, InboundWorld, secrets, startedAt } from './world.js';

let world: InboundWorld;
afterEach(() => world.close());
const codes = (answer: Awaited<ReturnType<InboundWorld['alertmanager']>>): unknown => answer.body.alerts!.map(({ ok, code }) => [ok, code]);

test('a firing alert is the rollout\'s report, under an id of its fingerprint and its beginning: a repeat is the same command', async () => {
  world = await InboundWorld.open();
  for (const _ of [1, 2]) expect(await world.alertmanager([alertOf()])).toMatchObject({ status: 200, body: { ok: true, code: 'DONE', message: '1 reported, 0 ignored, 0 not taken.' } });
  const id = 'alertmanager/a1b2c3d4e5f60718/2026-12-03T16:59:00.123456789Z';
  const command = { rollout: 'shop', name: 'report', updateId: id, payload: { by: 'alertmanager', identity: 'inbound:/v1/alertmanager', event: 'data-corruption', eventId: id, id, reason: 'Orders are lost' } };
  expect(world.told).toEqual([command, command]);
  await world.alertmanager([alertOf({ startsAt: '2026-12-03T17:30:00Z' })]);
  expect(world.told[2]!.updateId).toBe('alertmanager/a1b2c3d4e5f60718/2026-12-03T17:30:00Z');
});

test('the event is the label event, else the alert\'s name as plans write names; the rollout\'s label can be another', async () => {
  world = await InboundWorld.open({}, { env: { TIDEGATE_INBOUND_ROLLOUT_LABEL: 'release' } });
  await world.alertmanager([alertOf({ labels: { alertname: 'X', event: 'slow-page', release: 'shop', rollout: 'wrong' } })]);
  expect(world.told).toMatchObject([{ rollout: 'shop', payload: { event: 'slow-page' } }]);
  expect(['DataCorruption', 'HTTPErrorsHigh', 'disk_full (prod)', 'P99Latency5m', 'already-so'].map(kebab)).toEqual(['data-corruption', 'http-errors-high', 'disk-full-prod', 'p99-latency5m', 'already-so']);
});

test('what is over, or names no rollout, is left alone', async () => {
  world = await InboundWorld.open();
  const answer = await world.alertmanager([alertOf({ status: 'resolved' }), alertOf({ labels: { alertname: 'Other' } })]);
  expect([answer.status, answer.body.ok, answer.body.code, codes(answer), world.told]).toEqual([200, true, 'NOTHING_TO_DO', [[true, 'RESOLVED'], [true, 'NO_ROLLOUT']], []]);
});

test('an alert that the plan has no event for is refused with the reason, and counted; the others go on', async () => {
  world = await InboundWorld.open({ command: async (_rollout, _name, payload) => { if ((payload as { event: string }).event !== 'data-corruption') throw new FinalError({ code: 'NO_SUCH_EVENT', what: "the plan knows no event 'disk-full' (data-corruption). Nothing was changed." }); return { did: 'reported', undo: null }; } });
  const answer = await world.alertmanager([alertOf({ labels: { alertname: 'DiskFull', rollout: 'shop' }, fingerprint: 'f1' }), alertOf(), alertOf({ labels: { rollout: 'shop' }, fingerprint: 'f2' })]);
  expect([answer.status, answer.body.ok, answer.body.message]).toEqual([200, true, '1 reported, 0 ignored, 2 not taken.']);
  expect(answer.body.alerts).toMatchObject([{ fingerprint: 'f1', ok: false, code: 'NO_SUCH_EVENT', message: expect.stringContaining("no event 'disk-full'") }, { ok: true, code: 'DONE', message: 'reported' }, { fingerprint: 'f2', ok: false, code: 'NO_EVENT' }]);
  const metrics = await world.metrics();
  for (const series of ['alerts_total{result="refused"} 2', 'alerts_total{result="accepted"} 1', 'requests_total{route="/v1/alertmanager",result="accepted"} 1']) expect(metrics).toContain(`tidegate_inbound_${series}`);
  const alone = await world.alertmanager([alertOf({ labels: { alertname: 'DiskFull', rollout: 'shop' } })]);
  expect([alone.status, alone.body.ok, alone.body.code]).toEqual([422, false, 'NO_SUCH_EVENT']);
});

test('an alert that fired before the rollout began is not held against it', async () => {
  world = await InboundWorld.open();
  const answer = await world.alertmanager([alertOf({ startsAt: new Date(startedAt - 1).toISOString() }), alertOf({ startsAt: new Date(startedAt).toISOString() })]);
  expect([codes(answer), world.told.length]).toEqual([[[false, 'FIRED_BEFORE_START'], [true, 'DONE']], 1]);
});

test('when the engine is out of reach for one of them all is sent again, and nothing waits for each of the rest', async () => {
  world = await InboundWorld.open({
    see: async (rollout) => { if (rollout === 'nobody') throw new FinalError({ code: 'NO_SUCH_ROLLOUT', what: 'There is no rollout nobody.' }); return { row: { execution: 'running' }, status: rollout === 'silent' ? null : { startedAt } }; },
    command: async (rollout) => { if (rollout === 'stuck') throw new TransientError({ code: 'COMMAND_NOT_ACCEPTED', what: 'Not accepted.' }); return { did: 'reported', undo: null }; },
  });
  const named = (rollout: string, fingerprint: string): unknown => alertOf({ labels: { alertname: 'DataCorruption', rollout }, fingerprint });
  const answer = await world.alertmanager([named('stuck', 's1'), named('shop', 'a'), named('stuck', 's2'), named('nobody', 'n'), named('silent', 'q'), named('Not An Id', 'i')]);
  expect([answer.status, answer.headers.get('retry-after'), codes(answer)]).toEqual([503, '10', [[false, 'COMMAND_NOT_ACCEPTED'], [true, 'DONE'], [false, 'COMMAND_NOT_ACCEPTED'], [false, 'NO_SUCH_ROLLOUT'], [false, 'NOT_ANSWERING'], [false, 'NO_SUCH_ROLLOUT']]]);
  expect(world.told.map((one) => one.rollout).sort()).toEqual(['shop', 'stuck']);
  expect((await world.alertmanager([named('nobody', 'n')])).status).toBe(404);
});

test('without its token, or with another version of the webhook, nothing is done', async () => {
  world = await InboundWorld.open();
  for (const [headers, code] of [[{}, 'TOKEN_MISSING'], [{ authorization: `Basic ${secrets.token}` }, 'TOKEN_MISSING'], [{ authorization: `Bearer ${secrets.token}x` }, 'TOKEN_WRONG'], [{ authorization: `Bearer ${secrets.token.slice(1)}` }, 'TOKEN_WRONG']] as const) {
    const answer = await world.alertmanager([alertOf()], headers);
    expect([answer.status, answer.body.code]).toEqual([401, code]);
  }
  const post = (document: unknown): ReturnType<InboundWorld['post']> => world.post('/v1/alertmanager', JSON.stringify(document), { 'content-type': 'application/json', authorization: `Bearer ${secrets.token}` });
  expect((await post({ version: '3', alerts: [alertOf()] })).status).toBe(400);
  expect((await post({ version: '4', alerts: [alertOf({ startsAt: 'soon' })] })).body).toMatchObject({ code: 'MALFORMED', message: expect.stringContaining('alerts.0.startsAt') });
  expect(world.told).toEqual([]);
});
