// Turns the product's errors into Temporal failures: a final one is not repeated, a transient one is; the type is the class, so that the
// option table (workflows/options.ts) and the workflow can tell them apart. `details` carries the stable code.
import { ApplicationFailure, Context, CompleteAsyncError, CancelledFailure } from '@temporalio/activity';
import { TidegateError } from '../src/errors.js';

export function toFailure(error: unknown): unknown {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure || error instanceof CompleteAsyncError) return error;
  if (error instanceof TidegateError) return ApplicationFailure.create({ message: error.message, type: error.name, nonRetryable: !error.transient, details: [error.code] });
  return error;
}

/** Every activity is wrapped once, in index.ts. */
export function failing<I, O>(verb: (input: I) => Promise<O>): (input: I) => Promise<O> {
  return async (input) => {
    try { return await verb(input); } catch (error) { throw toFailure(error); }
  };
}

/** A signal that fires when the attempt is cancelled or `limitMs` has passed: the hard abort inside an attempt. */
export function abortAfter(limitMs: number): AbortSignal {
  // A timer and a listener of our own: in Node 20 a combination by AbortSignal.any and AbortSignal.timeout is lost at the next garbage collection.
  const limit = new AbortController();
  const { cancellationSignal } = Context.current();
  setTimeout(() => limit.abort(new DOMException(`given up after ${limitMs} ms`, 'TimeoutError')), limitMs).unref();
  if (cancellationSignal.aborted) limit.abort(cancellationSignal.reason);
  else cancellationSignal.addEventListener('abort', () => limit.abort(cancellationSignal.reason), { once: true });
  return limit.signal;
}
