// The examples of docs/providers/http.md, taken from the page itself, against stand-ins written from the public contracts of GrowthBook and
// Flagsmith: the page is tried, not believed. Faults that every service may have are in http.test.ts.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpClient } from '../../src/http/client.js';
import { fillSecrets } from '../../src/plan/index.js';
import { createHttp } from '../../src/targets/http.js';
import type { TargetRef } from '../../src/targets/port.js';
import { plan } from '../plan/providers.js';
import { context } from './conformance.js';

const page = readFileSync(new URL('../../docs/providers/http.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!);
const provider = createHttp(createHttpClient());
const failure = async (call: Promise<unknown>): Promise<unknown> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error);
const closing: (() => Promise<void>)[] = [];
afterEach(async () => { for (const close of closing.splice(0)) await close(); });

const wholePlan = (targets: string, target: string): string => `rollout: r\nowner: ann\npeople: { ann: { email: ann@example.com } }\n${targets}metrics: { errors: { json: 'http://shop/metrics', at: errors } }\nphases: [{ phase: one, move: { ${target}: 25% }, soak: 1h, leave: ['errors < 5 over soak'] }]\n`;

/** The target of the example whose text holds `word`, as the engine would hand it over, with the address of the stand-in. */
function recipe(target: string, address: string, origin: string, env: Record<string, string>): TargetRef {
  const text = examples.find((one) => one.includes(`  ${target}:\n`))!;
  const resolved = plan(wholePlan(text.replaceAll(address, origin), target)).targets.find(({ id }) => id === target)!;
  return { id: resolved.id, settings: fillSecrets(resolved.settings, env), writeTimeoutMs: resolved.writeTimeoutMs };
}

interface Asked { readonly method: string; readonly path: string; readonly body: unknown; readonly authorization: string | undefined }
type Answer = readonly [status: number, body: unknown, headers?: Record<string, string>];
async function standIn(answer: (asked: Asked) => Answer): Promise<{ readonly origin: string; readonly asked: Asked[] }> {
  const all: Asked[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; }).on('end', () => {
      const asked: Asked = { method: request.method!, path: request.url!, body: text === '' ? null : JSON.parse(text), authorization: request.headers.authorization };
      all.push(asked);
      const [status, body, headers] = answer(asked);
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => { server.close(() => resolve()); server.closeAllConnections(); }));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: all };
}

it('every example of the page is a sound target of a plan, and the first one too', () => {
  expect(examples).toHaveLength(3);
  for (const [text, target] of [[examples[0]!, 'cap'], [examples[1]!, 'new-checkout'], [examples[2]!, 'phase-segment']] as const) expect(plan(wholePlan(text, target)).targets[0]).toMatchObject({ id: target, provider: 'http', safer: 'lower' });
});

describe('the recipe for GrowthBook', () => {
  interface Rule { readonly id: string; readonly type: string; coverage?: number; readonly seed?: string; readonly environments?: readonly string[] }
  /** drafts, publication with its three kinds of no, a limit for the whole organisation */
  async function growthbook() {
    const world = {
      version: 4, approval: null as 400 | 422 | null, limit: Infinity, onPublish: () => undefined as void,
      rules: [{ id: 'fr_staff', type: 'force' }, { id: 'fr_8k2m', type: 'rollout', coverage: 0.1, seed: 'phase-3', environments: ['production'] }] as Rule[],
      drafts: new Map<number, { readonly base: number; readonly rules: Rule[]; status: string }>(), newest: 4,
      publish(version: number): void { const draft = world.drafts.get(version)!; draft.status = 'published'; world.rules = draft.rules; world.version = version; },
      byHand(coverage: number): void { world.rules = world.rules.map((rule) => (rule.id === 'fr_8k2m' ? { ...rule, coverage } : rule)); world.version = ++world.newest; },
    };
    const server = await standIn(({ method, path, body, authorization }): Answer => {
      if (authorization !== 'Bearer secret_gb_key') return [401, { message: 'No API key provided' }];
      if (world.limit-- <= 0) { world.limit = Infinity; return [429, { message: 'Too many requests, limit to 60 per minute' }, { 'retry-after': '1' }]; }
      const [, , , , id, , version, what, ruleId] = path.split('/');
      if (id !== 'new-checkout') return [404, { message: 'Could not find feature' }];
      if (method === 'GET') return [200, { feature: { id, version: world.version, rules: world.rules } }];
      if (method === 'PUT' && version === 'new' && what === 'rules') {
        const patch = (body as { rule: Rule }).rule;
        if (typeof patch.coverage !== 'number' || patch.coverage < 0 || patch.coverage > 1) return [400, { message: 'Request body: [rule.coverage] must be a number between 0 and 1' }];
        if (!world.rules.some((rule) => rule.id === ruleId)) return [404, { message: `Rule "${ruleId}" not found` }];
        world.drafts.set(++world.newest, { base: world.version, rules: world.rules.map((rule) => (rule.id === ruleId ? { ...rule, ...patch } : rule)), status: 'draft' });
        return [200, { revision: { featureId: id, version: world.newest, baseVersion: world.version, status: 'draft', rules: world.drafts.get(world.newest)!.rules } }];
      }
      const draft = world.drafts.get(Number(version));
      if (method !== 'POST' || what !== 'publish' || draft === undefined) return [404, { message: 'Could not find feature revision' }];
      world.onPublish();
      if (draft.base !== world.version) return [409, { message: 'The live version has changed. Rebase the revision (POST .../rebase) first' }];
      if (world.approval === 400) return [400, { message: 'This revision requires approval before publishing (status: "draft").' }];
      if (world.approval === 422) return [422, { message: 'Publish blocked by 1 gate(s):\n- [approval-required] Requires approval before publishing (status: "draft").' }];
      if (JSON.stringify(draft.rules) === JSON.stringify(world.rules)) return [400, { message: 'Cannot publish: no changes detected in this revision' }];
      world.publish(Number(version));
      return [200, { revision: { featureId: id, version: Number(version), status: 'published' } }];
    });
    return { world, server, target: recipe('new-checkout', 'https://api.growthbook.io', server.origin, { GROWTHBOOK_KEY: 'secret_gb_key' }) };
  }

  it('moves the coverage of one rule as 0 to 1, publishes it, and leaves all else as it is', async () => {
    const { world, server, target } = await growthbook();
    expect(await provider.read(target, context())).toEqual({ value: 10, detail: expect.stringContaining('feature.rules[id=fr_8k2m].coverage is 10') });
    await provider.write(target, 29, 10, context({ key: 'r/wave-1/new-checkout/0' }));
    expect(world.rules).toEqual([{ id: 'fr_staff', type: 'force' }, { id: 'fr_8k2m', type: 'rollout', coverage: 0.29, seed: 'phase-3', environments: ['production'] }]);
    expect(server.asked.filter(({ method }) => method !== 'GET').map(({ path, body }) => [path, body])).toEqual([
      ['/api/v2/features/new-checkout/revisions/new/rules/fr_8k2m', { rule: { coverage: 0.29 } }],
      ['/api/v2/features/new-checkout/revisions/5/publish', { comment: 'Tidegate r/wave-1/new-checkout/0: 29 %' }],
    ]);
    expect(await provider.verify(target, 29, context())).toContain('is 29');
    await provider.write(target, 29, 10, context());
    await provider.write(target, 10, null, context());
    expect(world.drafts.size).toBe(2); // already so makes no draft, which could reset approvals
    expect(world.rules[1]).toMatchObject({ coverage: 0.1 });
  });

  it('takes seven requests with the reads around it, as the page says, and waits when they are too many', async () => {
    const { world, server, target } = await growthbook();
    await provider.read(target, context());
    await provider.write(target, 25, 10, context());
    await provider.read(target, context());
    await provider.verify(target, 25, context());
    expect(server.asked).toHaveLength(7);
    world.limit = 2;
    await provider.write(target, 50, 25, context());
    expect(world.rules[1]).toMatchObject({ coverage: 0.5 });
  });

  it.each([400, 422] as const)('asks a person when publication needs approval (%i), and goes on once it is published', async (status) => {
    const { world, target } = await growthbook();
    world.approval = status;
    expect(await failure(provider.write(target, 25, 10, context()))).toMatchObject({ code: 'HTTP_NEEDS_APPROVAL', name: 'TargetNeedsPerson', message: expect.stringMatching(/approval before publishing.*https:\/\/app\.growthbook\.io\/features\/new-checkout/s) });
    expect(world.rules[1]).toMatchObject({ coverage: 0.1 });
    world.publish(5);
    await provider.write(target, 25, 10, context());
    expect(world.drafts.size).toBe(1);
  });

  it('does not overwrite what somebody publishes between draft and publication', async () => {
    const { world, target } = await growthbook();
    world.onPublish = () => { world.byHand(0.4); world.onPublish = () => undefined; };
    expect(await failure(provider.write(target, 25, 10, context()))).toMatchObject({ code: 'TARGET_CHANGED', name: 'TargetConflict' });
    expect((await provider.read(target, context())).value).toBe(40);
    world.onPublish = () => { world.byHand(0.45); world.onPublish = () => undefined; };
    await provider.write(target, 10, null, context()); // an undo is not stopped by it
    expect(world.rules[1]).toMatchObject({ coverage: 0.1 });
  });

  it('refuses a rule without coverage, and a key that is not accepted, with nothing written', async () => {
    const { world, server, target } = await growthbook();
    world.rules = world.rules.map(({ coverage: _coverage, ...rule }) => ({ ...rule, type: 'force' }));
    expect(await failure(provider.write(target, 25, 10, context()))).toMatchObject({ code: 'HTTP_NO_VALUE', name: 'TargetRefused' });
    const stranger = recipe('new-checkout', 'https://api.growthbook.io', server.origin, { GROWTHBOOK_KEY: 'secret_of_another' });
    const error = await failure(provider.write(stranger, 25, 10, context()));
    expect(error).toMatchObject({ code: 'HTTP_REFUSED', message: expect.stringContaining('No API key provided') });
    expect(`${JSON.stringify(error)}${String(error)}`).not.toContain('secret_of_another');
    expect(world.drafts.size).toBe(0);
  });
});

describe('the recipe for Flagsmith', () => {
  interface Condition { id?: number; readonly operator: string; readonly property: string; value: string }
  interface Rule { id?: number; readonly type: string; readonly rules: Rule[]; readonly conditions: Condition[] }
  const start = () => ({
    id: 101, name: 'phase-3', description: 'of wave 2', project: 12, uuid: 'ccf26a19', metadata: [],
    rules: [{ id: 201, type: 'ALL', conditions: [], rules: [{ id: 202, type: 'ANY', rules: [], conditions: [{ id: 303, operator: 'PERCENTAGE_SPLIT', property: '$.identity.key', value: '10' }] }, { id: 204, type: 'NONE', rules: [], conditions: [{ id: 305, operator: 'EQUAL', property: 'country', value: 'XX' }] }] }] as Rule[],
  });
  /** what has no id is made anew, what is left out is dropped: as the service does it */
  async function flagsmith() {
    let nextId = 900;
    const world = { segment: start(), requests: false, puts: 0 };
    const withIds = (rules: readonly Rule[]): Rule[] => rules.map((rule) => ({ ...rule, id: rule.id ?? nextId++, rules: withIds(rule.rules ?? []), conditions: (rule.conditions ?? []).map((one) => ({ ...one, id: one.id ?? nextId++, value: String(one.value) })) }));
    const server = await standIn(({ method, path, body, authorization }): Answer => {
      if (authorization !== 'Api-Key fs_key') return [401, { detail: 'Authentication credentials were not provided.' }];
      if (path !== '/api/v1/projects/12/segments/101/') return [404, { detail: 'Not found.' }];
      if (method === 'GET') return [200, world.segment];
      if (method !== 'PUT') return [405, { detail: `Method "${method}" not allowed.` }];
      if (world.requests) return [409, { detail: 'Change requests are enabled.', code: 'change_requests_enabled' }];
      const { name, project, rules } = body as { name?: string; project?: number; rules?: Rule[] };
      if (name === undefined || project === undefined || (rules ?? []).length === 0) return [400, { rules: ['This field is required.'] }];
      world.puts += 1;
      world.segment = { ...world.segment, ...(body as object), rules: withIds(rules!) } as typeof world.segment;
      return [200, world.segment];
    });
    return { world, server, target: recipe('phase-segment', 'https://api.flagsmith.com', server.origin, { FLAGSMITH_KEY: 'fs_key' }) };
  }
  /** the split of Flagsmith's engine: a hash of segment and identity, so that another segment would choose other users */
  const isIn = (segment: number, identity: string, percent: number): boolean => (Number(BigInt(`0x${createHash('md5').update(`${segment},${identity}`).digest('hex')}`) % 9_999n) / 9_998) * 100 <= percent;
  const usersIn = ({ id, rules }: ReturnType<typeof start>): Set<string> => new Set(Array.from({ length: 10_000 }, (_, index) => `user-${index}`).filter((user) => isIn(id, user, Number(rules[0]!.rules[0]!.conditions[0]!.value))));

  it('changes the one value of the segment, and nobody who is in falls out', async () => {
    const { world, server, target } = await flagsmith();
    expect((await provider.read(target, context())).value).toBe(10);
    let before = usersIn(world.segment);
    for (const [from, to] of [[10, 25], [25, 50.5], [50.5, 100]] as const) {
      await provider.write(target, to, from, context());
      const now = usersIn(world.segment);
      expect([...before].filter((user) => !now.has(user))).toEqual([]);
      expect(now.size).toBeGreaterThan(before.size);
      before = now;
    }
    expect(before.size).toBe(10_000);
    const wanted = start();
    wanted.rules[0]!.rules[0]!.conditions[0]!.value = '100';
    expect(world.segment).toEqual(wanted); // name, description, every id, the other rule: as they were
    expect(server.asked.filter(({ method }) => method === 'POST' || method === 'DELETE')).toEqual([]);
    await provider.write(target, 100, 50.5, context());
    expect(world.puts).toBe(3);
    await provider.write(target, 10, null, context());
    expect(world.segment).toEqual(start());
  });

  it('keeps what somebody else changes beside it', async () => {
    const { world, target } = await flagsmith();
    world.segment = { ...world.segment, description: 'of wave 3' };
    world.segment.rules[0]!.rules[1]!.conditions[0]!.value = 'YY';
    await provider.write(target, 25, 10, context());
    expect(world.segment).toMatchObject({ description: 'of wave 3', rules: [{ rules: [{ conditions: [{ value: '25' }] }, { conditions: [{ value: 'YY' }] }] }] });
  });

  it('asks a person where the project wants change requests', async () => {
    const { world, target } = await flagsmith();
    world.requests = true;
    expect(await failure(provider.write(target, 25, 10, context()))).toMatchObject({ code: 'HTTP_NEEDS_APPROVAL', name: 'TargetNeedsPerson', message: expect.stringContaining('https://app.flagsmith.com/project/12/segments') });
    expect(world.puts).toBe(0);
  });
});
