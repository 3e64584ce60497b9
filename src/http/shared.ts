// One request instead of several identical ones at the same time: many rollouts on one worker ask the same question in the same second.
// For metric sources only: a read that began before a write must never be the answer to who reads back after it.
import { failure, isRepeatable, type HttpClient, type HttpOutcome, type HttpRequest } from './client.js';

interface Flight { readonly outcome: Promise<HttpOutcome>; readonly abort: AbortController; callers: number }

/** Each caller keeps its own time limit and may give up alone; the request itself is given up with its last caller. */
export function shareInFlight(http: HttpClient): HttpClient {
  const flights = new Map<string, Flight>();
  const forget = (key: string, flight: Flight): void => { if (flights.get(key) === flight) flights.delete(key); };
  const begin = (key: string, request: HttpRequest): Flight => {
    const abort = new AbortController();
    const flight: Flight = { abort, callers: 0, outcome: http.send(request, abort.signal).finally(() => forget(key, flight)) };
    flights.set(key, flight);
    return flight;
  };

  const send = async (request: HttpRequest, signal?: AbortSignal): Promise<HttpOutcome> => {
    if (!isRead(request) || signal?.aborted === true) return http.send(request, signal);
    const key = keyOf(request);
    const startedAt = performance.now();
    const joined = flights.get(key);
    const flight = joined ?? begin(key, request);
    flight.callers += 1;
    const outcome = await landed(flight.outcome, request, signal);
    flight.callers -= 1;
    if (flight.callers === 0) { forget(key, flight); flight.abort.abort(); } // without effect on one that has landed
    // What struck was the time limit of the caller who began; who joined later has some of its own left.
    const leftMs = Math.floor(request.timeLimitMs - (performance.now() - startedAt));
    const isOthersLimit = joined !== undefined && outcome.kind === 'failure' && outcome.code === 'timeout' && leftMs > 0;
    return isOthersLimit ? send({ ...request, timeLimitMs: leftMs }, signal) : outcome;
  };
  return { send };
}

/** The shared outcome, unless this caller's own time or patience ends before it. */
function landed(shared: Promise<HttpOutcome>, request: HttpRequest, signal: AbortSignal | undefined): Promise<HttpOutcome> {
  return new Promise((resolve) => {
    const end = (outcome: HttpOutcome): void => { clearTimeout(timer); signal?.removeEventListener('abort', onAbort); resolve(outcome); };
    const onAbort = (): void => end(failure(request, 'aborted', 'given up by the caller', 'perhaps'));
    const timer = setTimeout(() => end(failure(request, 'timeout', `did not answer within ${request.timeLimitMs} ms`, 'perhaps')), Math.max(1, request.timeLimitMs));
    signal?.addEventListener('abort', onAbort, { once: true });
    void shared.then(end);
  });
}

/** A POST only where its sender says that it changes nothing. */
function isRead(request: HttpRequest): boolean { return ['GET', 'HEAD', 'POST'].includes(request.method ?? 'GET') && isRepeatable(request); }

/** All of the request but its time limit; headers in any order and spelling are the same headers. */
function keyOf({ timeLimitMs: _, headers = {}, ...rest }: HttpRequest): string {
  const pairs = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)), pairs]);
}
