// A client for reads that have the time: a server that says 'later' (429, 503) and when is asked once more, within the same time limit.
// For metric sources; a probe takes 503 for an answer, and who writes decides by himself when to repeat.
import { failure, isRepeatable, type HttpAnswer, type HttpClient } from './client.js';
import { retryAfterMs } from './retry-after.js';

/** Less than this part of the time limit left after waiting would only turn 'later' into a timeout. */
const LEFT_FOR_THE_ANSWER = 1 / 4;

/** @param when what the server says, in milliseconds; null: it does not */
export function patient(http: HttpClient, when: (answer: HttpAnswer) => number | null = (answer) => retryAfterMs(answer, null)): HttpClient {
  return {
    async send(request, signal) {
      const startedAt = performance.now();
      const first = await http.send(request, signal);
      if (first.kind === 'failure' || (first.status !== 429 && first.status !== 503) || !isRepeatable(request)) return first;
      const waitMs = when(first);
      if (waitMs === null) return first;
      const leftMs = Math.round(request.timeLimitMs - (performance.now() - startedAt) - waitMs);
      if (leftMs < request.timeLimitMs * LEFT_FOR_THE_ANSWER) return first;
      if (!(await pause(waitMs, signal))) return failure(request, 'aborted', 'given up by the caller', 'perhaps');
      return http.send({ ...request, timeLimitMs: leftMs }, signal);
    },
  };
}

/** False: given up meanwhile. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  if (signal?.aborted === true) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (waited: boolean): void => { clearTimeout(timer); signal?.removeEventListener('abort', onAbort); resolve(waited); };
    const onAbort = (): void => end(false);
    const timer = setTimeout(() => end(true), ms);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
