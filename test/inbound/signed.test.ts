// Events and readiness: who signs is heard, once, within five minutes; a pipeline speaks for nobody but those it stands for.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TransientError } from '../../src/errors.js';
import { rememberLast } from '../../src/inbound/seen.js';
import { InboundWorld, now, secrets, signatureOf } from './world.js';

let world: InboundWorld;
beforeEach(async () => { world = await InboundWorld.open(); });
afterEach(() => world.close());
const event = { rollout: 'shop', event: 'data-corruption', id: 'ticket-812' };
const ready = { rollout: 'shop', ask: 'preparation/0', by: 'ci', id: 'build-17' };

test('a signed event is the rollout\'s own report, with its id for the workflow\'s deduplication', async () => {
  expect(await world.signed('/v1/events', { ...event, by: 'support', reason: 'ticket 812', at: '2026-12-03T18:59:00+02:00' })).toMatchObject({ status: 200, body: { ok: true, code: 'DONE', message: 'report is done' } });
  expect(world.told).toEqual([{ rollout: 'shop', name: 'report', updateId: 'events/ticket-812', payload: { by: 'support', identity: 'inbound:/v1/events', event: 'data-corruption', eventId: 'ticket-812', id: 'events/ticket-812', reason: 'ticket 812', at: now - 60_000 } }]);
});

test('the secret before is good while secrets are changed; a third one is not', async () => {
  expect((await world.signed('/v1/events', event, { secret: secrets.old })).status).toBe(200);
  expect(await world.signed('/v1/events', { ...event, id: 'x' }, { secret: 'neither-of-the-two-secrets' })).toMatchObject({ status: 401, body: { ok: false, code: 'SIGNATURE_WRONG' } });
  const body = JSON.stringify({ ...event, id: 'y' });
  const both = `${signatureOf(body, 'neither-of-the-two-secrets', now)},${signatureOf(body, secrets.secret, now).split(',')[1]}`;
  expect((await world.signed('/v1/events', { ...event, id: 'y' }, { header: both })).status).toBe(200);
});

test('a signature is good for five minutes both ways and not a second longer', async () => {
  const at = async (offset: number): Promise<unknown> => { const { status, body } = await world.signed('/v1/events', { ...event, id: `at${offset}` }, { at: now + offset }); return [status, body.code]; };
  expect([await at(-300_000), await at(300_000)]).toEqual([[200, 'DONE'], [200, 'DONE']]);
  expect([await at(-301_000), await at(301_000)]).toEqual([[401, 'SIGNATURE_OLD'], [401, 'SIGNATURE_OLD']]);
});

test('one byte of body or time that was not signed is refused, and so is every header that cannot be meant', async () => {
  const body = JSON.stringify(event);
  const good = signatureOf(body, secrets.secret, now);
  const post = async (header: string, text = body): Promise<unknown> => { const { status, body: answer } = await world.post('/v1/events', text, { 'content-type': 'application/json', 'tidegate-signature': header }); return [status, answer.code]; };
  expect(await post(good, `${body} `)).toEqual([401, 'SIGNATURE_WRONG']);
  expect(await post(good.replace(/t=\d+/, `t=${now / 1000 - 1}`))).toEqual([401, 'SIGNATURE_WRONG']);
  expect(await post(good.replace(/v1=./, 'v1='))).toEqual([401, 'SIGNATURE_WRONG']);
  for (const header of ['', 't=,v1=', 'v1=aa', `t=${now / 1000}`, `${good},t=${now / 1000}`, good.replace('t=', 't=-'), good.replace('v1=', 'v0='), 'nonsense']) expect(await post(header), header).toEqual([401, 'SIGNATURE_MISSING']);
  expect(world.told).toEqual([]);
  expect(await post(good)).toEqual([200, 'DONE']);
});

test('what was accepted is a replay when it comes again; what could not be taken may come again under its id', async () => {
  expect((await world.signed('/v1/events', event)).status).toBe(200);
  expect(await world.signed('/v1/events', event)).toMatchObject({ status: 409, body: { ok: false, code: 'TAKEN_BEFORE' } });
  expect((await world.signed('/v1/events', { ...event, rollout: 'other' })).status).toBe(200);
  let away = true;
  const later = await InboundWorld.open({ command: async () => { if (away) throw new TransientError({ code: 'TEMPORAL_UNREACHABLE', what: 'Temporal does not answer.' }); return { did: 'reported', undo: null }; } });
  try {
    expect((await later.signed('/v1/events', event)).status).toBe(503);
    away = false;
    expect((await later.signed('/v1/events', event)).status).toBe(200);
    expect(later.told.map((one) => one.updateId)).toEqual(['events/ticket-812', 'events/ticket-812']);
  } finally { await later.close(); }
});

test('a body that is not what it should be is refused with what is wrong, and never repeated', async () => {
  const bad: [unknown, RegExp][] = [
    [{ ...event, id: undefined }, /^id: /], [{ ...event, id: '' }, /^id: /], [{ ...event, rollout: 'Shop/../x' }, /^rollout: this is no id/], [{ ...event, at: 'yesterday' }, /^at: milliseconds since 1970/], [{ ...event, secretish: 's3cr3t-value' }, /^the body: it has a field/],
    [{ ...event, by: ' ' }, /^by: /], [[event], /^the body: /], ['x', /^the body: /],
  ];
  for (const [document, wanted] of bad) {
    const { status, body, text } = await world.signed('/v1/events', document);
    expect([status, body.ok, body.message]).toEqual([400, false, expect.stringMatching(wanted)]);
    for (const hidden of ['s3cr3t', 'yesterday', '../x', 'secretish']) expect(text).not.toContain(hidden);
  }
  const text = '{"rollout": ';
  expect(await world.post('/v1/events', text, { 'content-type': 'application/json', 'tidegate-signature': signatureOf(text, secrets.secret, now) })).toMatchObject({ status: 400, body: { code: 'NOT_JSON' } });
  expect(world.told).toEqual([]);
});

test('a pipeline answers the ask of the person it stands for: yes where it says no value, else its value', async () => {
  expect((await world.signed('/v1/ready', ready)).status).toBe(200);
  expect((await world.signed('/v1/ready', { ...ready, value: 'not-applicable', reason: 'no schema change', id: 'build-18' })).status).toBe(200);
  const common = { by: 'ci', identity: 'inbound:/v1/ready', ask: 'preparation/0' };
  expect(world.told).toEqual([
    { rollout: 'shop', name: 'approve', updateId: 'ready/build-17', payload: { ...common, id: 'ready/build-17' } },
    { rollout: 'shop', name: 'answer', updateId: 'ready/build-18', payload: { ...common, id: 'ready/build-18', value: 'not-applicable', reason: 'no schema change' } },
  ]);
  expect((await world.signed('/v1/ready', ready)).status).toBe(409);
});

test('who signs for a pipeline cannot give a person\'s approval', async () => {
  expect(await world.signed('/v1/ready', { ...ready, by: 'ann', ask: 'wave-1/approval', value: 'approve' })).toMatchObject({ status: 403, body: { ok: false, code: 'NOT_SPOKEN_FOR' } });
  expect(world.told).toEqual([]);
});

test('the memory of ids is bounded: the oldest goes first', () => {
  const seen = rememberLast(2);
  for (const key of ['a', 'b', 'c']) seen.add(key);
  expect(['a', 'b', 'c'].map(seen.has)).toEqual([false, true, true]);
});
