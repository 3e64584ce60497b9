// A stand-in for LaunchDarkly on 127.0.0.1, written from its public contract: flags of one project, semantic patches, approvals, scheduled changes, rate
// limits, and who gets a variation by its published bucketing. What it does not know it refuses, as the service would.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export interface Serves { variation?: number; rollout?: { variations: { variation: number; weight: number; _untracked?: boolean }[]; contextKind?: string; bucketBy?: string; seed?: number; experimentAllocation?: object } }
export interface Rule extends Serves { _id: string; clauses: object[]; trackEvents: boolean; description?: string; ref?: string; disabled?: boolean }
export interface EnvironmentConfig { on: boolean; archived: boolean; salt: string; version: number; lastModified: number; targets: object[]; contextTargets: object[]; rules: Rule[]; fallthrough: Serves; offVariation?: number; trackEvents: boolean }
export interface StandInFlag { key: string; name: string; kind: string; archived: boolean; _version: number; variations: { _id: string; value: unknown; name?: string }[]; environments: Record<string, EnvironmentConfig>; [field: string]: unknown }

export interface LaunchDarkly {
  readonly origin: string;
  /** a new flag with the environments production and staging, off in both */
  create(key: string, changes?: { readonly variations?: readonly unknown[]; readonly production?: Partial<EnvironmentConfig> }): StandInFlag;
  flag(key: string): StandInFlag;
  /** somebody else's change, by hand */
  edit(key: string, change: (config: EnvironmentConfig) => void): void;
  /** changes so far, by whomever */
  changes(key: string): number;
  /** the value that a user gets in production */
  evaluate(key: string, user: string): unknown;
  /** production wants changes approved */
  requireApprovals(): void;
  /** a change of this flag is scheduled, which any other would break */
  schedule(key: string): void;
  /** after the next change so many readings still show the state before it */
  lag(key: string, readings: number): void;
  readonly approvals: Approval[];
  close(): Promise<void>;
}

interface Approval { _id: string; flag: string; environment: string; status: string; reviewStatus: string; description: string; instructions: Instruction[] }
interface Instruction { kind: string; variationId?: string; ruleId?: string; rolloutWeights?: Record<string, number>; rolloutContextKind?: string; rolloutBucketBy?: string }

export const WRITER = 'api-11111111-writer';
export const READER = 'api-22222222-reader';
const PROJECT = 'shop';

class Refused extends Error { constructor(readonly status: number, readonly code: string, message: string) { super(message); } }

export async function startLaunchDarkly(): Promise<LaunchDarkly> {
  const flags = new Map<string, StandInFlag>();
  const before = new Map<string, { readonly flag: StandInFlag; left: number }>();
  const lags = new Map<string, number>();
  const counted = new Map<string, number>();
  const scheduled = new Set<string>();
  const approvals: Approval[] = [];
  const sockets = new Set<Socket>();
  let approvalsRequired = false;
  let approvalsMade = 0;

  const flag = (key: string): StandInFlag => { const found = flags.get(key); if (found === undefined) throw new Refused(404, 'not_found', 'Unknown feature key'); return found; };
  const changed = (key: string): void => { counted.set(key, (counted.get(key) ?? 0) + 1); };

  function patch(key: string, url: URL, contentType: string, body: { environmentKey?: string; instructions?: Instruction[] }): StandInFlag {
    if (!/domain-model=launchdarkly\.semanticpatch/.test(contentType)) throw new Refused(400, 'invalid_request', 'this stand-in knows only semantic patches');
    const now = flag(key);
    const config = now.environments[body.environmentKey ?? ''];
    if (config === undefined) throw new Refused(400, 'invalid_request', 'environmentKey is required and must exist');
    if (!Array.isArray(body.instructions) || body.instructions.length === 0) throw new Refused(400, 'invalid_request', 'instructions are required');
    if (approvalsRequired && body.environmentKey === 'production') throw new Refused(405, 'method_not_allowed', "Flag configuration updates require approval: action 'updateFallthrough' not allowed");
    if (scheduled.has(key) && url.searchParams.get('ignoreConflicts') !== 'true') throw new Refused(400, 'invalid_request', 'This change conflicts with a pending scheduled change');
    const next = structuredClone(config);
    for (const instruction of body.instructions) apply(now, next, instruction);
    next.version++;
    before.set(key, { flag: structuredClone(now), left: lags.get(key) ?? 0 });
    lags.delete(key);
    now.environments[body.environmentKey!] = next;
    now._version++;
    changed(key);
    return now;
  }

  function respond(request: IncomingMessage, response: ServerResponse, text: string): void {
    const send = (status: number, body: unknown): void => { response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)); };
    try {
      const token = request.headers.authorization ?? '';
      if (token !== WRITER && token !== READER) throw new Refused(401, 'unauthorized', `Invalid access token ${token}`);
      const url = new URL(request.url ?? '/', 'http://stand-in');
      const path = url.pathname.split('/').map(decodeURIComponent);
      const writes = request.method !== 'GET';
      if (writes && token === READER) throw new Refused(403, 'forbidden', 'Access to the requested resource was denied');
      const body = (text === '' ? null : JSON.parse(text)) as never;
      if (url.pathname.startsWith('/api/v2/flags/')) {
        const [, , , , project, key] = path as [string, string, string, string, string, string];
        if (project !== PROJECT) throw new Refused(404, 'not_found', 'Unknown project key');
        if (request.method === 'GET') {
          const old = before.get(key);
          const shown = old !== undefined && old.left > 0 ? (old.left--, old.flag) : flag(key);
          const wanted = url.searchParams.getAll('env');
          send(200, { ...shown, environments: Object.fromEntries(Object.entries(shown.environments).filter(([name]) => wanted.length === 0 || wanted.includes(name))) });
          return;
        }
        if (request.method === 'PATCH') { send(200, patch(key, url, request.headers['content-type'] ?? '', body)); return; }
      }
      const [, , , , , , key, , environment, last, id] = path;
      if (url.pathname.startsWith(`/api/v2/projects/${PROJECT}/flags/`) && last === 'approval-requests') {
        flag(key!);
        if (request.method === 'DELETE') {
          const index = approvals.findIndex((one) => one._id === id && one.flag === key && one.environment === environment);
          if (index < 0) throw new Refused(404, 'not_found', 'Unknown approval request');
          approvals.splice(index, 1);
          response.writeHead(204).end();
          return;
        }
        if (request.method === 'GET') { send(200, { items: approvals.filter((one) => one.flag === key && one.environment === environment), _links: {} }); return; }
        const { description, instructions } = body as { description: string; instructions: Instruction[] };
        if (typeof description !== 'string' || !Array.isArray(instructions)) throw new Refused(400, 'invalid_request', 'description and instructions are required');
        const made: Approval = { _id: `approval-${++approvalsMade}`, flag: key!, environment: environment!, status: 'pending', reviewStatus: 'pending', description, instructions: instructions.map((one) => ({ ...one, _id: 'own' })) };
        approvals.push(made);
        send(201, made);
        return;
      }
      throw new Refused(404, 'not_found', 'Invalid resource identifier');
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      send(error.status, { code: error.code, message: error.message });
    }
  }

  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; }).on('end', () => { respond(request, response, text); });
  });
  server.on('connection', (socket) => { sockets.add(socket); socket.on('close', () => sockets.delete(socket)); });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });

  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    approvals, flag,
    create: (key, { variations = [true, false], production = {} } = {}) => {
      const config = (): EnvironmentConfig => ({ on: false, archived: false, salt: `salt-of-${key}`, version: 1, lastModified: 0, targets: [], contextTargets: [], rules: [], fallthrough: { variation: variations.indexOf(false) >= 0 ? variations.indexOf(false) : 0 }, offVariation: variations.length - 1, trackEvents: false });
      const made: StandInFlag = {
        key, name: key, kind: variations.length === 2 && variations.includes(true) ? 'boolean' : 'multivariate', archived: false, _version: 1, tags: ['shop'], experiments: { baselineIdx: 0, items: [] },
        variations: variations.map((value, index) => ({ _id: `${key}-variation-${index}`, value, name: `Side ${index}` })), environments: { production: { ...config(), ...production }, staging: config() },
      };
      flags.set(key, made);
      return made;
    },
    edit: (key, change) => { const config = flag(key).environments['production']!; change(config); config.version++; changed(key); },
    changes: (key) => counted.get(key) ?? 0,
    evaluate: (key, user) => { const one = flag(key); const index = evaluated(one, one.environments['production']!, user); return index === null ? undefined : one.variations[index]!.value; },
    requireApprovals: () => { approvalsRequired = true; },
    schedule: (key) => { scheduled.add(key); },
    lag: (key, readings) => { lags.set(key, readings); },
    close: async () => { for (const socket of sockets) socket.destroy(); await new Promise((resolve) => { server.close(resolve); }); },
  };
}

function apply(flag: StandInFlag, config: EnvironmentConfig, { kind, ...given }: Instruction): void {
  if (kind === 'turnFlagOn' || kind === 'turnFlagOff') { config.on = kind === 'turnFlagOn'; return; }
  if (kind !== 'updateFallthroughVariationOrRollout' && kind !== 'updateRuleVariationOrRollout') throw new Refused(400, 'invalid_request', `unknown instruction kind ${kind}`);
  const rule = kind === 'updateRuleVariationOrRollout' ? config.rules.find(({ _id }) => _id === given.ruleId) : config.fallthrough;
  if (rule === undefined) throw new Refused(400, 'invalid_request', 'unknown ruleId');
  const indexOf = (id: string): number => { const index = flag.variations.findIndex(({ _id }) => _id === id); if (index < 0) throw new Refused(400, 'invalid_request', `unknown variation ${id}`); return index; };
  delete rule.variation;
  delete rule.rollout;
  if (given.variationId !== undefined) { rule.variation = indexOf(given.variationId); return; }
  const weights = Object.entries(given.rolloutWeights ?? {}).map(([id, weight]) => ({ variation: indexOf(id), weight }));
  if (weights.some(({ weight }) => !Number.isInteger(weight) || weight < 0) || weights.reduce((sum, { weight }) => sum + weight, 0) !== 100_000) throw new Refused(400, 'invalid_request', 'rolloutWeights must be whole thousandths of a percent and add up to 100000');
  rule.rollout = { variations: weights.sort((a, b) => a.variation - b.variation), contextKind: given.rolloutContextKind ?? 'user', ...(given.rolloutBucketBy === undefined ? {} : { bucketBy: given.rolloutBucketBy }) };
}

/** Index of the variation for a user whom no rule and no target is for; null: the flag is off and has no off variation. */
function evaluated(flag: StandInFlag, config: EnvironmentConfig, user: string): number | null {
  if (!config.on) return config.offVariation ?? null;
  const { variation, rollout } = config.fallthrough;
  if (rollout === undefined) return variation ?? null;
  const hash = createHash('sha1').update(`${flag.key}.${config.salt}.${user}`, 'utf8').digest('hex');
  // exact, in whole numbers: the bucket lies below the sum of the weights so far
  const place = BigInt(`0x${hash.slice(0, 15)}`) * 100_000n;
  let sum = 0n;
  for (const one of rollout.variations) { sum += BigInt(one.weight); if (place < sum * 0xfffffffffffffffn) return one.variation; }
  return rollout.variations.at(-1)!.variation;
}
