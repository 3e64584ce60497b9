// A button in Slack: the person whom the plan knows answers the ask, once, and is told in words what came of it, also when that takes long.
import { afterEach, expect, test, vi } from 'vitest';
import { FinalError } from '../../src/errors.js';
import { createRoutes } from '../../src/inbound/index.js';
import { createHttpClient } from '../../src/http/client.js';
import { slackRoute } from '../../src/inbound/slack.js';
import { rememberLast } from '../../src/inbound/seen.js';
import { InboundWorld, now, planWith, pressOf, secrets } from './world.js';

let world: InboundWorld;
afterEach(() => world.close());
const knowsAnn = { planInForce: async () => planWith({ ann: 'U0123', bob: '${env:BOB_IN_SLACK}' }) };
const told = (count: number) => vi.waitUntil(() => world.said.length === count && world.said, { timeout: 5_000 });

test('pressing approve is the update approve by the person of the plan, with the Slack user as its identity', async () => {
  world = await InboundWorld.open({ ...knowsAnn, command: async () => ({ did: "'wave-1/approval' is settled: approve", undo: 'withdraw wave-1/approval takes it back until the first write' }) });
  expect(await world.pressed(pressOf({ replyTo: world.replyTo }))).toMatchObject({ status: 200, body: { ok: true, code: 'DONE' } });
  const id = 'slack/U0123/1796317200.000100';
  expect(world.told).toEqual([{ rollout: 'shop', name: 'approve', updateId: id, payload: { by: 'ann', identity: 'slack:U0123', ask: 'wave-1/approval', id } }]);
  expect(await told(1)).toEqual([{ response_type: 'ephemeral', replace_original: false, text: "✔ 'wave-1/approval' is settled: approve\nTo undo: withdraw wave-1/approval takes it back until the first write" }]);
});

test('reject is reject; every other button is an answer with its value; a secret reference in the plan\'s people counts as its value', async () => {
  world = await InboundWorld.open(knowsAnn, { planEnv: { BOB_IN_SLACK: 'W0777' } });
  await world.pressed(pressOf({ value: { rollout: 'shop', ask: 'a', value: 'reject' }, action: 'tidegate/answer', ts: '1' }));
  await world.pressed(pressOf({ user: 'W0777', value: { rollout: 'shop', ask: 'b', value: 'next-wave' }, ts: '2' }));
  await world.pressed(pressOf({ value: { rollout: 'shop', ask: 'c', value: 4 }, ts: '3' }));
  expect(world.told.map(({ name, payload }) => [name, payload['by'], payload['ask'], payload['value']])).toEqual([['reject', 'ann', 'a', undefined], ['answer', 'bob', 'b', 'next-wave'], ['answer', 'ann', 'c', 4]]);
});

test('somebody whom the plan does not know changes nothing and is told so; neither does one who would be two people', async () => {
  world = await InboundWorld.open({ planInForce: async () => planWith({ ann: 'U0123', bob: 'U0123', carl: 'U0999' }) });
  for (const user of ['U0555', 'U0999']) expect(await world.pressed(pressOf({ user, replyTo: world.replyTo }))).toMatchObject({ status: 200, body: { ok: false, code: 'UNKNOWN_PERSON', message: expect.stringContaining('does not know you') } });
  expect(await world.pressed(pressOf({ replyTo: world.replyTo }))).toMatchObject({ body: { ok: false, code: 'UNKNOWN_PERSON', message: expect.stringContaining('several people') } });
  expect(world.told).toEqual([]);
  expect((await told(3)).map(({ text, response_type }) => [response_type, text.includes('Nothing was changed.')])).toEqual([['ephemeral', true], ['ephemeral', true], ['ephemeral', true]]);
});

test('people of a person\'s own slack channel are known too, those of other channels are not', async () => {
  const own = planWith({});
  const people = own.people.map((person) => ({ ...person, channels: [{ provider: person.id === 'ann' ? 'slack' : 'webhook', settings: { people: { [person.id]: person.id === 'ann' ? 'U0001' : 'U0002' } } }] }));
  world = await InboundWorld.open({ planInForce: async () => ({ ...own, people }) });
  expect((await world.pressed(pressOf({ user: 'U0001' }))).body.code).toBe('DONE');
  expect((await world.pressed(pressOf({ user: 'U0002' }))).body.code).toBe('UNKNOWN_PERSON');
});

test('what the rollout refuses is said in its own words, as text that formats nothing', async () => {
  world = await InboundWorld.open({ ...knowsAnn, command: async () => { throw new FinalError({ code: 'ASK_CLOSED', what: "'wave-1/approval' is no longer open <!channel> & more." }); } });
  expect(await world.pressed(pressOf({ replyTo: world.replyTo }))).toMatchObject({ status: 200, body: { ok: false, code: 'ASK_CLOSED' } });
  expect((await told(1))[0]!.text).toBe("✖ 'wave-1/approval' is no longer open &lt;!channel&gt; &amp; more.");
  expect(await world.metrics()).toContain('tidegate_inbound_requests_total{route="/v1/slack",result="refused"} 1');
});

test('when nobody answers for the rollout the person is told to press again', async () => {
  world = await InboundWorld.open();
  expect(await world.pressed(pressOf({ replyTo: world.replyTo }))).toMatchObject({ status: 503, body: { ok: false, code: 'NOT_ANSWERING' } });
  expect((await told(1))[0]!.text).toContain('No worker answers for shop now');
});

test('what takes longer than Slack waits is answered at once and told when it is known', async () => {
  let go = (): void => {};
  const waits = new Promise<void>((resolve) => { go = resolve; });
  world = await InboundWorld.open();
  const route = slackRoute({ secrets: [secrets.slack], env: {}, http: createHttpClient(), seen: rememberLast(), now: () => now, log: { warn: () => {} }, answerWithinMs: 20, rollouts: { see: async () => ({ row: { execution: 'running' }, status: null }), planInForce: async () => planWith({ ann: 'U0123' }), command: async () => { await waits; return { did: 'settled', undo: null }; } } });
  const first = await route.handle({ header: () => null, raw: Buffer.from(`payload=${encodeURIComponent(JSON.stringify(pressOf({ replyTo: world.replyTo })))}`) });
  expect([first.result, first.code, world.said]).toEqual(['deferred', 'ON_ITS_WAY', []]);
  go();
  expect((await first.late)?.result).toBe('accepted');
  expect(world.said.map((one) => one.text)).toEqual(['✔ settled']);
});

test('the same press delivered twice acts once and tells once; an answer that cannot be delivered changes nothing', async () => {
  world = await InboundWorld.open(knowsAnn);
  expect((await world.pressed(pressOf({ replyTo: world.replyTo }))).status).toBe(200);
  expect(await world.pressed(pressOf({ replyTo: world.replyTo }))).toMatchObject({ status: 409, body: { code: 'TAKEN_BEFORE' } });
  await told(1);
  expect((await world.pressed(pressOf({ ts: '9', replyTo: 'http://127.0.0.1:1/s3cretpath' }))).status).toBe(200);
  await vi.waitUntil(() => world.log.some((line) => line.includes('could not be told')), { timeout: 10_000 });
  expect(world.log.join('')).not.toContain('s3cretpath');
  expect([world.told.length, world.said.length]).toEqual([2, 1]);
});

test('only Slack is heard: a wrong signature, an old one, a body changed afterwards', async () => {
  world = await InboundWorld.open(knowsAnn);
  expect(await world.pressed(pressOf(), { secret: 'another-signing-secret' })).toMatchObject({ status: 401, body: { code: 'SIGNATURE_WRONG' } });
  expect(await world.pressed(pressOf(), { at: now - 301_000 })).toMatchObject({ status: 401, body: { code: 'SIGNATURE_OLD' } });
  expect(await world.post('/v1/slack', 'payload=%7B%7D', { 'content-type': 'application/x-www-form-urlencoded' })).toMatchObject({ status: 401, body: { code: 'SIGNATURE_MISSING' } });
  expect(world.told).toEqual([]);
});

test('other interactions of the same app are acknowledged and left alone; a button that is not ours to read is refused', async () => {
  world = await InboundWorld.open(knowsAnn);
  for (const payload of [pressOf({ type: 'view_submission' }), pressOf({ action: 'open-dashboard' }), pressOf({ action: 'tidegate/answering' })]) expect(await world.pressed(payload)).toMatchObject({ status: 200, body: { ok: true, code: 'NOTHING_TO_DO' } });
  for (const value of ['not json', { rollout: 'shop' }, { rollout: '../x', ask: 'a', value: 'approve' }]) expect((await world.pressed(pressOf({ value }))).status).toBe(400);
  expect(world.told).toEqual([]);
});

test('the signature of Slack\'s own published example is the one that is wanted here', async () => {
  world = await InboundWorld.open();
  const raw = Buffer.from('token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c');
  const headers: Record<string, string> = { 'x-slack-request-timestamp': '1531420618', 'x-slack-signature': 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503' };
  const settings = { at: { host: '127.0.0.1', port: 0 }, tokens: [], secrets: [], slackSecrets: [secrets.slack], rolloutLabel: 'rollout', mayBe: [] };
  const [route] = createRoutes({ settings, rollouts: null as never, env: {}, http: createHttpClient(), meters: { observeInboundAlert: () => {} }, log: { warn: () => {} }, now: () => 1_531_420_618_000 });
  expect(route!.verify({ raw, header: (name) => headers[name] ?? null })).toBeNull();
});
