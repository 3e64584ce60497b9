// What holds for every route: bounds before belief, one form of answer, counted, logged without content, ended in order. Over real sockets.
import { connect } from 'node:net';
import { createServer } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { FinalError, TransientError } from '../../src/errors.js';
import { maxBodyBytes, serveInbound } from '../../src/inbound/listener.js';
import { RateLimit } from '../../src/inbound/rate.js';
import { createLog } from '../../src/log/log.js';
import { noMeters } from '../../src/metrics/port.js';
import { alertOf, InboundWorld, now, secrets, signatureOf, type Answered } from './world.js';

let world: InboundWorld | null = null;
afterEach(async () => { await world?.close(); world = null; });
const event = { rollout: 'shop', event: 'data-corruption', id: 'one' };
const json = { 'content-type': 'application/json' };

/** Writes to the socket as a bad client would; answers all that came back until it was closed. */
function raw(write: (send: (text: string) => void) => void, address = world!.address): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(address);
    const socket = connect({ host: hostname, port: Number(port) });
    let text = '';
    socket.on('data', (chunk) => { text += chunk.toString(); }).once('close', () => resolve(text)).once('error', (error) => (text === '' ? reject(error) : resolve(text)));
    socket.once('connect', () => write((part) => socket.write(part)));
  });
}

test('a body over 256 KiB is refused by its announced length before it is read, and one that lies about it while it is read', async () => {
  world = await InboundWorld.open();
  const announced = await raw((send) => send(`POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${maxBodyBytes + 1}\r\n\r\n{`));
  expect(announced).toMatch(/^HTTP\/1.1 413 [\s\S]*"code":"TOO_LARGE"/);
  const chunk = `${(64 * 1024).toString(16)}\r\n${'x'.repeat(64 * 1024)}\r\n`;
  const chunked = await raw((send) => { send('POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n'); for (let n = 0; n < 5; n++) send(chunk); });
  expect(chunked).toMatch(/^HTTP\/1.1 413 [\s\S]*"code":"TOO_LARGE"/);
  const whole = await world.post('/v1/events', 'x'.repeat(maxBodyBytes), json);
  expect(whole.body.code).toBe('SIGNATURE_MISSING');
});

test('a body that trickles in is cut, and the sender is told', async () => {
  world = await InboundWorld.open({}, { listener: { bodyWithinMs: 100 } });
  const answer = await raw((send) => send('POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{'));
  expect(answer).toMatch(/^HTTP\/1.1 408 [\s\S]*"code":"TOO_SLOW"/);
  expect(world.told).toEqual([]);
});

test('a body that breaks off is never acted on', async () => {
  world = await InboundWorld.open();
  const body = JSON.stringify(event);
  await new Promise<void>((resolve) => {
    const { hostname, port } = new URL(world!.address);
    const socket = connect({ host: hostname, port: Number(port) }, () => { socket.write(`POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntidegate-signature: ${signatureOf(body, secrets.secret, now)}\r\ncontent-length: ${body.length + 1}\r\n\r\n${body}`, () => { socket.destroy(); resolve(); }); });
  });
  await vi.waitUntil(() => world!.log.some((line) => line.includes('CUT_OFF')), { timeout: 5_000 });
  expect(world.told).toEqual([]);
});

test('only POST with the route\'s own type of body is taken, and there is nothing but the routes', async () => {
  world = await InboundWorld.open();
  const get = await fetch(`${world.address}/v1/events`);
  expect([get.status, get.headers.get('allow'), (await get.json() as { code: string }).code]).toEqual([405, 'POST', 'ONLY_POST']);
  expect((await world.post('/v1/events', '{}', { 'content-type': 'text/plain' })).status).toBe(415);
  expect((await world.post('/v1/events', 'payload={}', { 'content-type': 'application/x-www-form-urlencoded' })).status).toBe(415);
  expect((await world.post('/v1/slack', '{}', json)).status).toBe(415);
  expect((await world.post('/v1/events', '{}', { ...json, 'content-encoding': 'gzip' })).status).toBe(415);
  expect((await world.post('/v1/events', '{}', { 'content-type': 'application/json; charset=utf-8' })).body.code).toBe('SIGNATURE_MISSING');
  for (const path of ['/', '/v1', '/v1/events/', '/constructor', '/healthz']) expect((await world.post(path, '{}', json)).body, path).toMatchObject({ ok: false, code: 'NO_SUCH_ROUTE' });
});

test('a route without its secret is not there at all', async () => {
  world = await InboundWorld.open({}, { env: { TIDEGATE_INBOUND_TOKEN: '', TIDEGATE_INBOUND_AS: '', TIDEGATE_SLACK_SIGNING_SECRET: '' } });
  expect((await world.alertmanager([alertOf()])).status).toBe(404);
  expect((await world.signed('/v1/ready', {})).status).toBe(404);
  expect((await world.pressed({})).status).toBe(404);
  expect((await world.signed('/v1/events', event)).status).toBe(200);
});

test('the engine out of reach is 503 with a time to come again; what the rollout refuses is final; an unknown rollout is 404', async () => {
  const errors: Record<string, Error> = {
    gone: new TransientError({ code: 'TEMPORAL_UNREACHABLE', what: 'Temporal does not answer.', where: 'temporal:7233' }),
    busy: new TransientError({ code: 'COMMAND_NOT_ACCEPTED', what: 'Not accepted.' }),
    fresh: new FinalError({ code: 'NOT_READY', what: 'the plan is still being resolved.' }),
    denied: new FinalError({ code: 'TEMPORAL_DENIED', what: 'Temporal denied the call.' }),
    shop: new FinalError({ code: 'NO_SUCH_EVENT', what: "the plan knows no event 'x'. Nothing was changed." }),
    ended: new FinalError({ code: 'ROLLOUT_ENDED', what: 'It has ended.' }),
    nobody: new FinalError({ code: 'NO_SUCH_ROLLOUT', what: 'There is no rollout nobody.' }),
    broken: new Error('secret detail'),
  };
  world = await InboundWorld.open({ command: async (rollout) => { throw errors[rollout]!; } });
  const outcome = async (rollout: string): Promise<unknown> => { const { status, body, headers } = await world!.signed('/v1/events', { ...event, rollout }); return [rollout, status, body.ok, body.code, headers.get('retry-after')]; };
  expect(await Promise.all(Object.keys(errors).map(outcome))).toEqual([
    ['gone', 503, false, 'TEMPORAL_UNREACHABLE', '10'], ['busy', 503, false, 'COMMAND_NOT_ACCEPTED', '10'], ['fresh', 503, false, 'NOT_READY', '10'], ['denied', 503, false, 'TEMPORAL_DENIED', '10'],
    ['shop', 422, false, 'NO_SUCH_EVENT', null], ['ended', 410, false, 'ROLLOUT_ENDED', null], ['nobody', 404, false, 'NO_SUCH_ROLLOUT', null], ['broken', 500, false, 'UNEXPECTED', null],
  ]);
  expect((await world.signed('/v1/events', { ...event, rollout: 'broken', id: 'two' })).text).not.toContain('secret detail');
});

test('a bug in a route is an answer and a line in the log, and the next request is served', async () => {
  world = await InboundWorld.open();
  const bad = await serveInbound({ at: { host: '127.0.0.1', port: 0 }, meters: noMeters, log: createLog({ level: 'silent' }), routes: [{ path: '/x', takes: 'application/json', verify: () => null, handle: async () => { throw new Error('boom'); } }] });
  try {
    for (const _ of [1, 2]) {
      const response = await fetch(`${bad.address}/x`, { method: 'POST', body: '{}', headers: json });
      expect([response.status, await response.json()]).toEqual([500, { ok: false, code: 'UNEXPECTED', message: 'Something in Tidegate went wrong; its log says what.' }]);
    }
  } finally { await bad.close(); }
});

test('every request is counted by route and outcome, and neither log nor answer nor metric holds a secret or a body', async () => {
  world = await InboundWorld.open();
  const marked = { ...event, reason: 'marked-reason', by: 'marked-sender' };
  await world.signed('/v1/events', marked);
  await world.signed('/v1/events', marked);
  await world.signed('/v1/events', { ...marked, id: 'two' }, { secret: 'a-secret-that-is-wrong' });
  await world.signed('/v1/events', { ...marked, 'marked-field': 1 });
  await world.alertmanager([alertOf()], { authorization: 'Bearer a-token-that-is-wrong' });
  await world.post('/nowhere', '{}', json);
  const metrics = await world.metrics();
  for (const series of ['{route="/v1/events",result="accepted"} 1', '{route="/v1/events",result="replayed"} 1', '{route="/v1/events",result="unauthorized"} 1', '{route="/v1/events",result="invalid"} 1', '{route="/v1/alertmanager",result="unauthorized"} 1', '{route="none",result="invalid"} 1']) expect(metrics).toContain(`tidegate_inbound_requests_total${series}`);
  const all = `${metrics}${world.log.join('')}`;
  for (const hidden of [...Object.values(secrets), 'marked-', 'a-secret-that-is-wrong', 'a-token-that-is-wrong', 'data-corruption']) expect(all, hidden).not.toContain(hidden);
  expect(world.log.map((line) => JSON.parse(line) as Record<string, unknown>).find((line) => line['result'] === 'accepted')).toMatchObject({ msg: 'inbound', route: '/v1/events', rollout: 'shop', code: 'DONE', from: '127.0.0.1' });
  expect(world.log.map((line) => JSON.parse(line) as Record<string, unknown>).find((line) => line['result'] === 'unauthorized')).not.toHaveProperty('rollout');
});

test('what is under way when it closes is answered; what comes after is not taken', async () => {
  let go = (): void => {};
  const waits = new Promise<void>((resolve) => { go = resolve; });
  world = await InboundWorld.open({ command: async () => { await waits; return { did: 'done', undo: null }; } });
  const asked = world.signed('/v1/events', event);
  await vi.waitUntil(() => world!.told.length === 1, { timeout: 5_000 });
  let closed = false;
  const closing = world.closeListener().then(() => { closed = true; });
  await expect(fetch(world.address, { method: 'POST' })).rejects.toThrow();
  expect(closed).toBe(false);
  go();
  expect(await asked).toMatchObject({ status: 200, body: { ok: true, message: 'done' } });
  await closing;
});

test('a request that never ends does not keep the worker from stopping', async () => {
  world = await InboundWorld.open({ command: () => new Promise(() => {}) }, { listener: { closeWithinMs: 50 } });
  const asked = world.signed('/v1/events', event).then(() => 'answered', () => 'cut');
  await vi.waitUntil(() => world!.told.length === 1, { timeout: 5_000 });
  await world.closeListener();
  expect(await asked).toBe('cut');
});

test('a port that is taken refuses the start and names the setting', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  const error = await InboundWorld.open({}, { env: { TIDEGATE_INBOUND_ADDRESS: `127.0.0.1:${(other.address() as { port: number }).port}` } }).then(() => null, (e: unknown) => e);
  other.close();
  expect(error).toMatchObject({ code: 'PORT_TAKEN', message: expect.stringContaining('TIDEGATE_INBOUND_ADDRESS') });
});

describe('a sender that asks too often', () => {
  const rates = { known: { burst: 3, perSecond: 0.01 }, strangers: { burst: 2, perSecond: 0.01 } };
  const many = async (count: number, send: (n: number) => Promise<Answered>): Promise<Answered[]> => { const answers: Answered[] = []; for (let n = 0; n < count; n++) answers.push(await send(n)); return answers; };
  const send = (n: number): Promise<Answered> => world!.signed('/v1/events', { ...event, id: `id-${n}` });

  test('is told to come again and when, nothing of it is acted on, and it is counted', async () => {
    world = await InboundWorld.open({}, { listener: { rates } });
    const answers = await many(5, send);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429]);
    expect(answers[3]).toMatchObject({ body: { ok: false, code: 'TOO_OFTEN' } });
    expect(answers.map(({ headers }) => Number(headers.get('retry-after')) > 50)).toEqual([false, false, false, true, true]);
    expect(world.told).toHaveLength(3);
    expect(await world.metrics()).toContain('tidegate_inbound_requests_total{route="/v1/events",result="limited"} 2');
  });
  test('is logged once, not as often as it asks', async () => {
    world = await InboundWorld.open({}, { listener: { rates } });
    await many(8, send);
    expect(world.log.filter((line) => line.includes('TOO_OFTEN'))).toHaveLength(1);
  });
  test('may go on after the time that it was told, and no sooner', () => {
    let at = 0;
    const limit = new RateLimit({ burst: 2, perSecond: 0.5 }, () => at);
    expect([limit.take('one'), limit.take('one'), limit.take('one')]).toEqual([null, null, { retryAfterS: 2, first: true }]);
    expect(limit.take('another')).toBeNull();
    at += 1_999;
    expect(limit.take('one')).toEqual({ retryAfterS: 1, first: false });
    at += 1;
    expect(limit.take('one')).toBeNull();
    at += 3_600_000;
    expect([limit.take('one'), limit.take('one'), limit.take('one')]).toEqual([null, null, { retryAfterS: 2, first: true }]);
  });
  test('at one route may still use another', async () => {
    world = await InboundWorld.open({}, { listener: { rates } });
    await many(4, send);
    expect((await world.signed('/v1/ready', { rollout: 'shop', ask: 'preparation/0', by: 'ci', id: 'build-1' })).status).toBe(200);
  });
  test('without proof of who it is takes nothing from those who have it, though both come from one address', async () => {
    world = await InboundWorld.open({}, { listener: { rates } });
    const strange = await many(4, () => world!.signed('/v1/events', event, { secret: 'a-secret-that-is-wrong' }));
    expect(strange.map(({ status }) => status)).toEqual([401, 401, 429, 429]);
    expect((await many(3, () => world!.alertmanager([alertOf()], { authorization: 'Bearer a-token-that-is-wrong' }))).map(({ status }) => status)).toEqual([401, 401, 429]);
    expect((await many(3, () => world!.post('/nowhere', '{}', json))).map(({ status }) => status)).toEqual([404, 404, 429]);
    expect((await many(3, send)).map(({ status }) => status)).toEqual([200, 200, 200]);
  });
  test('and is an Alertmanager gets a 503, after which alone it sends an alert again', async () => {
    world = await InboundWorld.open({}, { listener: { rates } });
    const answers = await many(4, (n) => world!.alertmanager([alertOf({ fingerprint: `print-${n}` })]));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 503]);
    expect([answers[3]!.body.code, Number(answers[3]!.headers.get('retry-after')) > 50]).toEqual(['TOO_OFTEN', true]);
  });
});

test('of the senders that are remembered the longest silent is forgotten first, so that any number of addresses takes bounded room', () => {
  let at = 0;
  const limit = new RateLimit({ burst: 1, perSecond: 0.001 }, () => at);
  expect(limit.take('first')).toBeNull();
  for (let n = 0; n < 998; n++) limit.take(`sender-${n}`);
  expect(limit.take('first')).toEqual({ retryAfterS: 1_000, first: true });
  for (let n = 1_000; n < 1_999; n++) limit.take(`sender-${n}`);
  expect(limit.take('first')).toEqual({ retryAfterS: 1_000, first: false });
  for (let n = 2_000; n < 3_000; n++) limit.take(`sender-${n}`);
  expect(limit.take('first')).toBeNull();
  at += 1_000_000;
  expect(limit.take('first')).toBeNull();
  expect(limit.take('first')).toMatchObject({ first: true });
});
