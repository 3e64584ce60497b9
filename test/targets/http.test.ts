// What is particular to a target behind an HTTP API: what a lost, late, foreign or angry answer means, and that a request says what the plan
// meant. What every target promises: http-conformance.test.ts. Whole plans for known services: http-recipes.test.ts.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHttpClient } from '../../src/http/client.js';
import type { JsonValue } from '../../src/plan/types.js';
import { createHttp } from '../../src/targets/http.js';
import type { TargetRef } from '../../src/targets/port.js';
import { context } from './conformance.js';
import { says, startSettingService, type SettingService } from './setting-service.js';

let service: SettingService;
beforeEach(async () => { service = await startSettingService(); });
afterEach(async () => { await service.close(); });

const provider = createHttp(createHttpClient());
const settings = (more: Record<string, unknown> = {}, write: Record<string, unknown> = {}): TargetRef['settings'] => ({
  read: { url: `${service.origin}/settings/share`, at: 'setting.value' }, write: { method: 'PUT', url: `${service.origin}/settings/share`, body: { value: '{{value}}' }, ...write } as JsonValue, ...more as Record<string, JsonValue>,
});
const target = (given: TargetRef['settings'] = settings(), writeTimeoutMs = 10_000): TargetRef => ({ id: 'cap', settings: given, writeTimeoutMs });
const failure = async (call: Promise<unknown>): Promise<unknown> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error);
const writes = (): typeof service.asked => service.asked.filter(({ method }) => method !== 'GET');
const ETAG = { 'if-match': 'etag' };

describe('a write whose outcome is lost', () => {
  it('lands after its timeout and is found by reading back, and is not written again', async () => {
    const arrived = new Promise<() => void>((resolve) => { service.trouble('PUT', (_asked, _response, go) => resolve(go), 1); });
    expect(await failure(provider.write(target(settings(), 1_500), 25, 10, context()))).toMatchObject({ code: 'HTTP_UNREACHABLE', name: 'TargetUnreachable', transient: true, message: expect.stringContaining('read back') });
    (await arrived)(); // the effect, after its client has gone
    expect((await provider.read(target(), context())).value).toBe(25);
    await provider.write(target(), 25, 10, context());
    expect(service.effects).toHaveLength(1);
  });

  it('and that never landed is written when it is tried again', async () => {
    service.trouble('PUT', (_asked, response) => { response.socket?.destroy(); }, 1);
    expect(await failure(provider.write(target(), 25, 10, context()))).toMatchObject({ code: 'HTTP_UNREACHABLE', name: 'TargetUnreachable' });
    expect(writes()).toHaveLength(1); // not repeated behind the caller's back
    await provider.write(target(), 25, 10, context());
    expect(service.effects).toEqual([{ name: 'share', value: 25, key: 'r/p/t/1/25' }]);
  });

  it('is unknown, not refused, for every 5xx, a web page, 408, 425', async () => {
    for (const status of [500, 502, 503, 504, 408, 425]) {
      service.trouble('PUT', says(status, { message: 'later' }), 1);
      expect(await failure(provider.write(target(), 25, 10, context())), String(status)).toMatchObject({ code: 'HTTP_TROUBLE', name: 'TargetUnreachable', message: expect.stringContaining(`${status}: later`) });
    }
    for (const status of [200, 403, 502]) {
      service.trouble('PUT', says(status, '<!doctype html><title>Sign in</title>'), 1);
      expect(await failure(provider.write(target(), 25, 10, context())), String(status)).toMatchObject({ code: 'HTTP_WEB_PAGE', name: 'TargetUnreachable' });
    }
    expect(service.effects).toEqual([]);
  });

  it('is not taken for done when the service accepts it and goes on with the old value', async () => {
    service.trouble('PUT', says(200, {}));
    expect(await failure(provider.write(target(settings(), 1_500), 25, 10, context()))).toMatchObject({ code: 'HTTP_NOT_READ_BACK', name: 'TargetUnreachable', message: expect.stringContaining('it reads 10') });
  });
});

describe('a read', () => {
  it('that lags behind the write is waited for', async () => {
    service.trouble('GET', (_asked, _response, go) => go(), 1);
    let behind = 3;
    service.trouble('GET', (_asked, response, go) => { if (behind-- > 0) says(200, { setting: { value: 10 } })(_asked, response, go); else go(); });
    await provider.write(target(), 25, 10, context());
    expect(behind).toBeLessThan(0);
    expect(service.effects).toHaveLength(1);
  });

  it('that fails between is asked again until the time is over', async () => {
    service.trouble('GET', (_asked, _response, go) => go(), 1);
    service.trouble('GET', says(503, { message: 'restarting' }), 2);
    await provider.write(target(), 25, 10, context());
    service.trouble('GET', (_asked, _response, go) => go(), 1);
    service.trouble('GET', says(503, { message: 'restarting' }));
    expect(await failure(provider.write(target(settings(), 1_500), 50, 25, context()))).toMatchObject({ code: 'HTTP_NOT_READ_BACK', message: expect.stringContaining('503: restarting') });
  });

  it('answers with the error that its answer means', async () => {
    const page = '<html><h1>Bad gateway</h1></html>';
    const cases: readonly (readonly [number, string | object, string, 'TargetRefused' | 'TargetUnreachable'])[] = [
      [200, page, 'HTTP_BAD_ANSWER', 'TargetUnreachable'], [502, page, 'HTTP_WEB_PAGE', 'TargetUnreachable'], [500, {}, 'HTTP_TROUBLE', 'TargetUnreachable'], [401, { message: 'who?' }, 'HTTP_REFUSED', 'TargetRefused'], [403, { error: 'no' }, 'HTTP_REFUSED', 'TargetRefused'],
      [404, { detail: 'gone' }, 'HTTP_REFUSED', 'TargetRefused'], [409, {}, 'HTTP_REFUSED', 'TargetRefused'], [200, { setting: {} }, 'HTTP_NO_VALUE', 'TargetRefused'], [200, { setting: { value: null } }, 'HTTP_NO_VALUE', 'TargetRefused'], [200, { setting: { value: [1] } }, 'HTTP_NO_VALUE', 'TargetRefused'],
    ];
    for (const [status, body, code, name] of cases) {
      service.trouble('GET', says(status, body), 1);
      expect(await failure(provider.read(target(), context())), `${status} ${JSON.stringify(body)}`).toMatchObject({ code, name });
    }
    for (const text of ['{"setting": {"val', '', 'up', '{"setting":{"value":1,"value":2}}']) {
      service.trouble('GET', (_asked, response) => { response.writeHead(200, { 'content-type': 'application/json' }).end(text); }, 1);
      expect(await failure(provider.read(target(), context())), text).toMatchObject({ code: 'HTTP_BAD_ANSWER', name: 'TargetUnreachable' });
    }
  });

  it('follows redirects, and a write does not', async () => {
    const elsewhere = await startSettingService();
    try {
      service.trouble('any', (asked, response) => { response.writeHead(307, { location: `${elsewhere.origin}${asked.path}` }).end(); });
      expect((await provider.read(target(), context())).value).toBe(10);
      expect(await failure(provider.write(target(), 25, 10, context()))).toMatchObject({ code: 'HTTP_REDIRECTED', name: 'TargetRefused' });
      expect(elsewhere.asked.map(({ method }) => method)).toEqual(['GET', 'GET']);
      expect(elsewhere.effects).toEqual([]);
    } finally { await elsewhere.close(); }
  });
});

describe('too many requests', () => {
  it('are waited for where the wait fits in, with one effect', async () => {
    service.trouble('PUT', says(429, { message: 'slow down' }, { 'retry-after': '0' }), 2);
    service.trouble('GET', says(429, {}, { 'retry-after': '0' }), 1);
    await provider.write(target(), 25, 10, context());
    expect(writes()).toHaveLength(3);
    expect(service.effects).toHaveLength(1);
  });

  it('end at once as unreachable where it does not', async () => {
    service.trouble('PUT', says(429, { message: 'slow down' }, { 'retry-after': '3600' }));
    expect(await failure(provider.write(target(), 25, 10, context()))).toMatchObject({ code: 'HTTP_RATE_LIMITED', name: 'TargetUnreachable', message: expect.stringContaining('429: slow down') });
    expect(writes()).toHaveLength(1);
  });

  it('do not hold a call that was given up', async () => {
    const abort = new AbortController();
    service.trouble('PUT', (asked, response, go) => { says(429, {}, { 'retry-after': '5' })(asked, response, go); setTimeout(() => abort.abort(), 30); });
    expect(await failure(provider.write(target(), 25, 10, context({ signal: abort.signal })))).toMatchObject({ code: 'ABORTED', name: 'TargetUnreachable' });
    expect(service.effects).toEqual([]);
  });
});

describe('somebody else who writes between our read and our write', () => {
  const meanwhile = (value: number, times = 1): void => service.trouble('PUT', (_asked, _response, go) => { service.change('share', value); go(); }, times);
  const GUARDED = { 'by ETag': () => settings(ETAG), 'by version': () => settings({ version: { at: 'setting.version' } }, { body: { value: '{{value}}', version: '{{version}}' } }) };

  for (const [name, guarded] of Object.entries(GUARDED)) {
    it(`is not overwritten, ${name}`, async () => {
      meanwhile(33);
      expect(await failure(provider.write(target(guarded()), 25, 10, context()))).toMatchObject({ code: 'TARGET_CHANGED', name: 'TargetConflict' });
      expect(service.setting('share').value).toBe(33);
    });
    it(`and writes what we wanted is success, ${name}`, async () => {
      meanwhile(25);
      await provider.write(target(guarded()), 25, 10, context());
      expect(service.effects.map(({ key }) => key)).toEqual([null]);
    });
    it(`does not stop an undo, ${name}`, async () => {
      service.change('share', 25);
      meanwhile(33, 2);
      await provider.write(target(guarded()), 10, null, context());
      expect(service.setting('share').value).toBe(10);
      expect(writes()).toHaveLength(3);
      expect(new Set(writes().map(({ headers }) => headers['idempotency-key'])).size).toBe(3); // a service that answers a known key would repeat its no
    });
    it(`and never stops makes an undo unreachable, which is tried again, ${name}`, async () => {
      service.change('share', 25);
      let value = 30;
      service.trouble('PUT', (_asked, _response, go) => { service.change('share', value++); go(); });
      expect(await failure(provider.write(target(guarded()), 10, null, context()))).toMatchObject({ code: 'TARGET_KEEPS_CHANGING', name: 'TargetUnreachable' });
    });
  }

  it('is seen by reading first where the service guards nothing', async () => {
    service.change('share', 33);
    expect(await failure(provider.write(target(), 25, 10, context()))).toMatchObject({ code: 'TARGET_CHANGED', name: 'TargetConflict', message: expect.stringContaining('at 33, not at 10') });
    expect(writes()).toEqual([]);
  });

  it('is guarded against, or nothing is written: a read without ETag or version is refused', async () => {
    service.trouble('GET', says(200, { setting: { value: 10 } }));
    expect(await failure(provider.write(target(settings(ETAG)), 25, 10, context()))).toMatchObject({ code: 'HTTP_NO_ETAG', name: 'TargetRefused' });
    expect(await failure(provider.write(target(GUARDED['by version']()), 25, 10, context()))).toMatchObject({ code: 'HTTP_NO_VERSION', name: 'TargetRefused' });
    expect(writes()).toEqual([]);
  });
});

describe('an undo', () => {
  it('goes out even when nothing can be read', async () => {
    service.change('share', 25);
    service.trouble('GET', says(500, {}), 1);
    await provider.write(target(settings(ETAG)), 10, null, context());
    expect(service.setting('share').value).toBe(10);
  });
  it('goes out even when the read hangs', async () => {
    service.change('share', 25);
    service.trouble('GET', () => undefined, 1);
    await provider.write(target(settings(), 1_500), 10, null, context());
    expect(service.setting('share').value).toBe(10);
  });
});

describe('a refusal', () => {
  it('is final, changes nothing and says what the service said', async () => {
    for (const [status, body, words] of [[400, { message: 'value must be even' }, 'value must be even'], [401, { error: 'token expired' }, 'token expired'], [403, { detail: 'may only read' }, 'may only read'], [404, {}, '404'], [405, {}, '405'], [422, { errors: [{ message: 'too high' }] }, 'too high']] as const) {
      service.trouble('PUT', says(status, body), 1);
      expect(await failure(provider.write(target(), 25, 10, context())), String(status)).toMatchObject({ code: 'HTTP_REFUSED', name: 'TargetRefused', transient: false, message: expect.stringContaining(words) });
    }
    expect(service.effects).toEqual([]);
  });

  it('that asks for a person is told apart from one that does not, also where both have one status', async () => {
    const approval = { 'needs-approval': { status: [400, 409], where: { message: 'requires approval' }, page: 'https://flags.example/cap' } };
    service.trouble('PUT', says(400, { message: 'This change requires approval before it is published.' }), 1);
    expect(await failure(provider.write(target(settings(approval)), 25, 10, context()))).toMatchObject({ code: 'HTTP_NEEDS_APPROVAL', name: 'TargetNeedsPerson', message: expect.stringContaining('https://flags.example/cap') });
    service.trouble('PUT', says(400, { message: 'value must be even' }), 1);
    expect(await failure(provider.write(target(settings(approval)), 25, 10, context()))).toMatchObject({ code: 'HTTP_REFUSED' });
    service.trouble('PUT', says(409, { message: 'changed' }), 1);
    expect(await failure(provider.write(target(settings(approval)), 25, 10, context()))).toMatchObject({ code: 'TARGET_CHANGED' });
  });

  it('is none where the plan expects that status', async () => {
    service.trouble('PUT', (asked, _response, go) => { service.change('share', (asked.body as { value: number }).value); says(404, {})(asked, _response, go); }, 1);
    await provider.write(target(settings({}, { expect: [200, 404] })), 25, 10, context());
    service.trouble('PUT', says(202, { message: 'queued' }), 1);
    expect(await failure(provider.write(target(settings({}, { expect: 200 })), 30, 25, context()))).toMatchObject({ code: 'HTTP_TROUBLE', name: 'TargetUnreachable', message: expect.stringContaining('202') });
  });
});

describe('a request says', () => {
  const said = async (body: JsonValue, value: number | string, more: Record<string, unknown> = {}): Promise<unknown> => {
    service.trouble('PUT', (asked, response) => { service.setting('share').value = value; says(200, {})(asked, response, () => undefined); }, 1);
    if (typeof value === 'string') service.setting('share').value = 'start';
    await provider.write(target(settings(more, { body })), value, null, context({ key: 'r/wave 1/cap/2' }));
    return writes().at(-1)!.body;
  };

  it('numbers as numbers, and inside other text as text', async () => {
    expect(await said({ value: '{{value}}', share: '{{ share }}', rest: '{{rest}}', deep: [{ n: '{{value}}' }], why: 'to {{value}} % by {{key}}', same: 7, none: null }, 7)).toEqual({ value: 7, share: 0.07, rest: 93, deep: [{ n: 7 }], why: 'to 7 % by r/wave 1/cap/2', same: 7, none: null });
    expect(await said({ value: '{{value}}', rest: '{{rest}}' }, 33.3)).toEqual({ value: 33.3, rest: 66.7 });
    expect(await said({ image: 'app:{{value}}' }, 'v2 "x"')).toEqual({ image: 'app:v2 "x"' });
  });

  it('numbers as text where the service keeps them so, and reads them so', async () => {
    service.setting('share').value = '10';
    expect((await provider.read(target(settings({ text: 'yes' })), context())).value).toBe(10);
    await provider.write(target(settings({ text: 'yes' })), 25, 10, context());
    expect(writes().at(-1)!.body).toEqual({ value: '25' });
    expect(await failure(provider.write(target(), 50, 25, context()))).toMatchObject({ code: 'VALUE_REFUSED', message: expect.stringContaining("'text: yes'") });
  });

  it('the number as the service keeps it, where it keeps another unit than the plan', async () => {
    service.setting('share').value = 0.07;
    const scaled = settings({ read: { url: `${service.origin}/settings/share`, at: 'setting.value', scale: 100 } }, { body: { value: '{{raw}}' } });
    expect((await provider.read(target(scaled), context())).value).toBe(7);
    await provider.write(target(scaled), 29, 7, context());
    expect(service.setting('share').value).toBe(0.29);
  });

  it('all that was read with only the value changed, where the service takes whole documents', async () => {
    const rules = [{ id: 'a', share: '10', note: 'x' }, { id: 'b', share: '40', deep: { kept: [1, null] } }];
    let stored: unknown = { name: 'checkout', rules };
    service.trouble('any', (asked, response, go) => { if (asked.method === 'PUT') stored = asked.body; says(200, stored as object)(asked, response, go); });
    const whole = settings({ read: { url: `${service.origin}/settings/share`, at: 'rules[id=b].share' }, text: 'yes' }, { body: '{{document}}' });
    await provider.write(target(whole), 55, 40, context());
    expect(stored).toEqual({ name: 'checkout', rules: [rules[0], { ...rules[1], share: '55' }] });
    // an undo has nothing to hand back when nothing can be read
    await service.close();
    expect(await failure(provider.write(target(whole), 40, null, context()))).toMatchObject({ name: 'TargetUnreachable' });
    service = await startSettingService();
  });

  it('in its address and headers what is harmless there', async () => {
    const seen = settings({}, { url: `${service.origin}/settings/share?by={{key}}&to={{value}}`, headers: { 'X-Reason': 'to {{value}}' } });
    await provider.write(target(seen), 25, 10, context({ key: 'r/a&b=c/ü/1' }));
    expect(writes().at(-1)).toMatchObject({ path: '/settings/share?by=r%2Fa%26b%3Dc%2F%C3%BC%2F1&to=25', headers: { 'x-reason': 'to 25', 'idempotency-key': 'r/a&b=c/%C3%BC/1/25' } });
  });

  it('what an earlier answer said, one request after the other, each under its own key', async () => {
    service.trouble('any', (_asked, _response, go) => go(), 1); // the read
    const steps = settings({ write: [
      { method: 'POST', url: `${service.origin}/drafts`, body: { value: '{{value}}' }, take: { draft: 'draft.id', at: 'draft.seen[0]' } },
      { method: 'PUT', url: `${service.origin}/settings/share?draft={{draft}}`, body: { value: '{{value}}', at: '{{at}}' } },
    ] });
    service.trouble('any', says(201, { draft: { id: 17, seen: [2.5] } }), 1);
    const kept: string[] = [];
    await provider.write(target(steps), 25, 10, context({ keep: (line) => { kept.push(line); } }));
    expect(writes().map(({ path, body, headers }) => [path, body, headers['idempotency-key']])).toEqual([['/drafts', { value: 25 }, 'r/p/t/1/25/1'], ['/settings/share?draft=17', { value: 25, at: 2.5 }, 'r/p/t/1/25/2']]);
    expect(kept).toEqual([`POST ${service.origin}/drafts: 201`, `PUT ${service.origin}/settings/share?…: 200`]);
  });

  it('nothing where the answer before lacks what it needs', async () => {
    const steps = settings({ write: [{ method: 'POST', url: `${service.origin}/drafts`, take: { draft: 'draft.id' } }, { method: 'PUT', url: `${service.origin}/settings/share?draft={{draft}}`, body: { value: '{{value}}' } }] });
    for (const body of ['{"draft":{}}', '{"draft":{"id"', '<html>']) {
      service.trouble('any', (asked, response, go) => { if (asked.method === 'GET') go(); else response.writeHead(200, { 'content-type': 'application/json' }).end(body); });
      expect(await failure(provider.write(target(steps), 25, 10, context())), body).toMatchObject({ name: 'TargetUnreachable' });
      expect(writes().every(({ path }) => path === '/drafts')).toBe(true);
    }
  });
});

describe('verifying', () => {
  const second = (): TargetRef['settings'] => settings({ headers: { Authorization: 'Bearer admin-token' }, verify: { url: `${service.origin}/users/share`, at: 'gets' } });

  it('asks the place that shows what users get, until it does, without the headers of the other', async () => {
    service.change('share', 25);
    service.shown = 10;
    setTimeout(() => { service.shown = 25; }, 120);
    expect(await provider.verify(target(second()), 25, context())).toBe(`${service.origin}/users/share: gets is 25`);
    expect(service.asked.filter(({ path }) => path === '/users/share').map(({ headers }) => headers.authorization)).toEqual(expect.arrayContaining([undefined]));
    expect(service.asked.some(({ path, headers }) => path === '/users/share' && headers.authorization !== undefined)).toBe(false);
  });

  it('fails when that place says otherwise, and says what it cannot show where none is given', async () => {
    service.change('share', 25);
    service.shown = 10;
    expect(await failure(provider.verify(target(second(), 1_500), 25, context()))).toMatchObject({ code: 'HTTP_UNVERIFIED', name: 'TargetUnverified', message: expect.stringContaining('it reads 10') });
    expect(await provider.verify(target(), 25, context())).toContain('no second place');
    expect(await failure(provider.verify(target(settings(), 1_500), 26, context()))).toMatchObject({ code: 'HTTP_UNVERIFIED', name: 'TargetUnverified' });
  });
});

describe('secrets', () => {
  it('reach no error, answer, record or key, whatever the service repeats of them', async () => {
    const url = (): string => `${service.origin}/settings/share?token=query-secret-1&team=path-secret-3`;
    const secret = { headers: { Authorization: 'Bearer header-secret-2' } };
    const given = settings({ ...secret, read: { url: url(), at: 'setting.value' } }, { url: url(), headers: { 'X-Key': 'step-secret-4' } });
    const secrets = ['query-secret-1', 'header-secret-2', 'path-secret-3', 'step-secret-4'];
    const kept: string[] = [];
    const all: unknown[] = [];
    const call = context({ secrets, keep: (line) => { kept.push(line); } });
    all.push(await provider.read(target(given), call), provider.claimKey(target(given)));
    const everything = secrets.join(' and ');
    for (const trouble of [says(403, { message: `not with ${everything}` }), says(500, { message: everything }), says(409, { message: everything }), says(200, '<html>'), says(302, {}, { location: `/${secrets[0]!}` })]) {
      service.trouble('PUT', trouble, 1);
      all.push(await failure(provider.write(target(given), 25, 10, call)));
    }
    await provider.write(target(given), 25, 10, call);
    all.push(await provider.verify(target(given), 25, call), kept);
    service.trouble('GET', says(401, { message: everything }), 1);
    all.push(await failure(provider.read(target(given), call)));
    await service.close();
    all.push(await failure(provider.read(target(given), call)));
    const text = all.map((one) => `${JSON.stringify(one)} ${String(one)} ${(one as Error).stack ?? ''} ${String((one as Error).cause ?? '')}`).join('\n');
    expect(text).toContain('not with *** and ***');
    expect(text).not.toMatch(/secret-\d/);
    service = await startSettingService();
  });
});

describe('settings that are wrong are known before anything is asked:', () => {
  const CASES: readonly [string, () => TargetRef['settings'], readonly (string | number)[], RegExp | null][] = [
    ['a name that nothing gives', () => settings({}, { body: { value: '{{value}}', by: '{{user}}' } }), [], /nothing gives '{{user}}' a value/],
    ['a version that nothing reads', () => settings({}, { body: { value: '{{value}}', version: '{{version}}' } }), [], /version: { at: … }/],
    ['a version that nothing sends', () => settings({ version: { at: 'setting.version' } }), [], /no request sends it/],
    ['two guards', () => settings({ ...ETAG, version: { at: 'v' } }, { body: { value: '{{value}}', v: '{{version}}' } }), [], /two ways of one thing/],
    ['no value in any request', () => settings({}, { body: { on: true } }), [], /no request says the value/],
    ['a name without quotes', () => settings({}, { body: { value: { '{ value }': null }, same: '{{value}}' } }), [], /without quotes/],
    ['a name taken later than used', () => settings({ write: [{ method: 'PUT', url: 'http://x/{{id}}', body: '{{value}}' }, { method: 'PUT', url: 'http://x/', take: { id: 'id' } }] }), [], /nothing gives '{{id}}'/],
    ['a taken name that has a meaning', () => settings({}, { take: { key: 'id' } }), [], /has a meaning already/],
    ['a path that is none', () => settings({ read: { url: 'http://x/', at: 'a..b' } }), [], /empty step/],
    ['an address that is none', () => settings({ read: { url: 'ftp://x/', at: 'a' } }), [], /http or https/],
    ['a write by GET', () => settings({}, { method: 'GET' }), [], /^write/],
    ['a key that does not exist', () => settings({ retries: 3 }), [], /retries/],
    ['min above max', () => settings({ min: 2, max: 1 }), [], /above max/],
    ['a value below min', () => settings({ min: 1 }), [0], /0 is below min, 1/],
    ['a value above max', () => settings({ max: 50 }), [10, 51], /51 is above max, 50/],
    ['a value between the steps', () => settings({ step: 0.1 }), [0.3, 0.35], /0\.35 is no multiple/],
    ['a text where numbers are meant', () => settings({ max: 5 }), ['v2'], /'v2' is no number/],
    ['a text where the request needs a number', () => settings({}, { body: { share: '{{share}}' } }), ['v2'], /'{{share}}' needs one/],
    ['a text and nothing against it', () => settings(), ['v1', 'v2'], null],
    ['an address that is a secret', () => settings({ read: { url: '${env:CAP_URL}', at: 'a' } }, { url: '${env:CAP_URL}/{{value}}' }), [5], null],
    ['steps that a machine cannot divide evenly', () => settings({ step: 0.1 }), [0.3, 0.7, 1.1], null],
  ];
  it.each(CASES)('%s', async (_name, given, values, problem) => {
    const problems = provider.check(target(given()), values).join('; ');
    if (problem === null) { expect(problems).toBe(''); return; }
    expect(problems).toMatch(problem);
    if (values.length === 0) expect(await failure(provider.write(target(given()), 25, 10, context()))).toMatchObject({ code: 'SETTINGS_REFUSED', name: 'TargetRefused' });
    else expect(await failure(provider.write(target(given()), values.at(-1)!, 10, context()))).toMatchObject({ code: 'VALUE_REFUSED', name: 'TargetRefused' });
    expect(service.asked).toEqual([]);
  });
});
