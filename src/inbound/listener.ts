// The inbound listener: what comes in over HTTP, bounded before anything is believed, counted, logged without its content. What a request
// means is for its route (one file each); that a sender is who it says, for signatures.ts. Off unless TIDEGATE_INBOUND_ADDRESS is set.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Ms } from '../judgement/types.js';
import type { Log } from '../log/log.js';
import type { Meters } from '../metrics/port.js';
import { listen, type Place } from '../server/listen.js';
import { invalid } from './answers.js';
import type { Answer, InboundRequest, Result, Route } from './port.js';
import { RateLimit, type Rate, type TooOften } from './rate.js';

export interface ListenerOptions {
  readonly at: Place;
  readonly routes: readonly Route[];
  readonly meters: Pick<Meters, 'observeInbound'>;
  readonly log: Pick<Log, 'info' | 'warn' | 'error'>;
  /** default 10 s for the whole body */
  readonly bodyWithinMs?: Ms;
  /** of each sender at each route, the sender being an address: of those that are who they say, and of the others, who take nothing from them */
  readonly rates?: { readonly known: Rate; readonly strangers: Rate };
  /** default 3 s: how long requests under way may take to end when it closes */
  readonly closeWithinMs?: Ms;
}
export interface InboundServer { /** http://HOST:PORT */ readonly address: string; /** Takes nothing new, lets what is under way end, then closes. Safe to repeat. */ close(): Promise<void> }

export const maxBodyBytes = 256 * 1024;
const tenSeconds = 10_000;
/** An Alertmanager whose alerts come one by one sends hundreds at once when much breaks. */
const usualRates = { known: { burst: 200, perSecond: 10 }, strangers: { burst: 20, perSecond: 1 } };
/** A sender that is told to come again is told when. */
const retryAfterS = 10;

const statusOf: Readonly<Record<Result, number>> = { accepted: 200, deferred: 200, ignored: 200, refused: 422, unknown: 404, replayed: 409, unauthorized: 401, limited: 429, invalid: 400, unavailable: 503, failed: 500 };

/** @throws FinalError PORT_TAKEN */
export async function serveInbound({ at, routes, meters, log, bodyWithinMs = tenSeconds, rates = usualRates, closeWithinMs = 3_000 }: ListenerOptions): Promise<InboundServer> {
  const table = new Map(routes.map((route) => [route.path, route]));
  const limits = { known: new RateLimit(rates.known), strangers: new RateLimit(rates.strangers) };
  const underWay = new Set<Promise<unknown>>();
  let closing: Promise<void> | null = null;
  const follow = (work: Promise<unknown>): void => { underWay.add(work); void work.finally(() => underWay.delete(work)); };

  const note = (route: string, from: string | undefined, since: number, answer: Answer): void => {
    meters.observeInbound({ route, result: answer.result });
    if (answer.quiet === true) return;
    const line = { route, result: answer.result, code: answer.code, tookMs: Date.now() - since, from, ...(answer.rollout === undefined ? {} : { rollout: answer.rollout }) };
    log[answer.result === 'unauthorized' || answer.result === 'limited' || answer.result === 'unavailable' || answer.result === 'failed' ? 'warn' : 'info'](line, 'inbound');
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const since = Date.now();
    const route = table.get((request.url ?? '/').split('?')[0]!);
    const from = request.socket.remoteAddress;
    const limit = (who: keyof typeof limits): Answer | null => { const often = limits[who].take(`${route?.path ?? ''} ${from ?? ''}`); return often === null ? null : tooOften(often, who === 'known' ? route?.limitedStatus : undefined); };
    const answer = await answerTo(route, request, bodyWithinMs, limit).catch((error: unknown): Answer => {
      log.error({ err: error, route: route?.path }, 'an inbound request failed');
      return { result: 'failed', code: 'UNEXPECTED', message: 'Something in Tidegate went wrong; its log says what.' };
    });
    const name = route?.path ?? 'none';
    note(name, from, since, answer);
    if (answer.late !== undefined) follow(answer.late.then((last) => { if (answer.result === 'deferred') note(name, from, since, last); }, (error: unknown) => log.error({ err: error, route: name }, 'an inbound request failed after it was answered')));
    say(request, response, answer, closing !== null);
  };

  const server = createServer({ headersTimeout: tenSeconds, requestTimeout: 3 * tenSeconds, connectionsCheckingInterval: 1_000, maxHeaderSize: 16 * 1024 }, (request, response) => follow(serve(request, response)));
  server.maxConnections = 256;
  const address = await listen(server, at, { means: 'Nothing could come in there; the worker was not started.', todo: 'Set TIDEGATE_INBOUND_ADDRESS to another HOST:PORT, or take it away.' });
  const close = async (): Promise<void> => {
    const closed = new Promise<void>((resolve) => { server.close(() => resolve()); });
    server.closeIdleConnections();
    let limit: NodeJS.Timeout | undefined;
    const ended = async (): Promise<void> => { while (underWay.size > 0) await Promise.allSettled(underWay); };
    await Promise.race([ended(), new Promise<void>((resolve) => { limit = setTimeout(resolve, closeWithinMs); })]);
    clearTimeout(limit);
    server.closeAllConnections();
    await closed;
  };
  return { address, close: () => closing ??= close() };
}

/** Whether a sender may go on: null, or what it is told instead. Nobody pays for what strangers ask, though all come from one proxy. */
type Limit = (who: 'known' | 'strangers') => Answer | null;

function tooOften({ retryAfterS, first }: TooOften, status: number | undefined): Answer {
  return { result: 'limited', code: 'TOO_OFTEN', message: `Too many requests came from there; come again in ${retryAfterS} s.`, retryAfterS, ...(status === undefined ? {} : { status }), ...(first ? {} : { quiet: true as const }) };
}

async function answerTo(route: Route | undefined, request: IncomingMessage, bodyWithinMs: Ms, limit: Limit): Promise<Answer> {
  const inbound = await believed(route, request, bodyWithinMs);
  if ('result' in inbound) return limit('strangers') ?? inbound;
  return limit('known') ?? inbound.route.handle(inbound);
}

/** The request of a sender that is who it says; else why nothing of it is looked at. */
async function believed(route: Route | undefined, request: IncomingMessage, bodyWithinMs: Ms): Promise<Answer | (InboundRequest & { readonly route: Route })> {
  if (route === undefined) return { result: 'invalid', code: 'NO_SUCH_ROUTE', message: 'There is no such route here, or it is not switched on.', status: 404 };
  if (request.method !== 'POST') return invalid('ONLY_POST', 'Only POST is taken here.', 405);
  const header = (name: string): string | null => { const value = request.headers[name]; return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value; };
  if ((header('content-type') ?? '').split(';')[0]!.trim().toLowerCase() !== route.takes) return invalid('WRONG_TYPE', `Only ${route.takes} is taken here.`, 415);
  if ((header('content-encoding') ?? 'identity') !== 'identity') return invalid('WRONG_TYPE', 'Compressed bodies are not taken here.', 415);
  const raw = Number(header('content-length') ?? 0) > maxBodyBytes ? 'too-large' : await bodyOf(request, bodyWithinMs);
  if (raw === 'too-large') return invalid('TOO_LARGE', `At most ${maxBodyBytes / 1024} KiB are taken.`, 413);
  if (raw === 'too-slow') return invalid('TOO_SLOW', `The body did not arrive within ${bodyWithinMs / 1000} s.`, 408);
  if (raw === 'cut-off') return invalid('CUT_OFF', 'The body broke off.');
  const inbound = { header, raw, route };
  return route.verify(inbound) ?? inbound;
}

function bodyOf(request: IncomingMessage, withinMs: Ms): Promise<Buffer | 'too-large' | 'too-slow' | 'cut-off'> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (body: Buffer | 'too-large' | 'too-slow' | 'cut-off'): void => { clearTimeout(limit); request.removeListener('data', take); resolve(body); };
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      if (bytes > maxBodyBytes) end('too-large');
      else chunks.push(chunk);
    };
    const limit = setTimeout(() => end('too-slow'), withinMs);
    request.on('data', take).once('end', () => end(Buffer.concat(chunks))).once('error', () => end('cut-off'));
  });
}

function say(request: IncomingMessage, response: ServerResponse, answer: Answer, closing: boolean): void {
  const status = answer.status ?? statusOf[answer.result];
  const ok = status < 300 && answer.result !== 'refused';
  const headers = {
    'content-type': 'application/json', 'cache-control': 'no-store',
    ...(status === 503 || status === 429 ? { 'retry-after': String(answer.retryAfterS ?? retryAfterS) } : {}), ...(status === 405 ? { allow: 'POST' } : {}), ...(status === 401 ? { 'www-authenticate': 'Bearer, Tidegate-Signature' } : {}),
    ...(closing || !request.complete ? { connection: 'close' } : {}),
  };
  response.writeHead(status, headers).end(`${JSON.stringify({ ok, code: answer.code, message: answer.message, ...answer.more })}\n`);
  if (request.complete) return;
  // Whoever still sends must be able to read the answer first: the rest is thrown away unread, and not for long.
  request.resume();
  const cut = setTimeout(() => request.destroy(), 1_000);
  request.once('close', () => clearTimeout(cut));
}
