// The only place (with server.ts) that opens connections to Temporal. A server that is not there is an error within three seconds that
// says what was tried; settings come from settings.ts, and who uses what: the CLI a client, worker.ts a native connection.
import { connect } from 'node:net';
import { InterceptingCall, Metadata, status, type Interceptor } from '@grpc/grpc-js';
import { Client, Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker';
import { TransientError } from '../errors.js';
import type { TemporalSettings } from './settings.js';

const connectWithinMs = 3_000;

/**
 * The client's own retries repeat a call from a timer, and that throws into nobody's hands (and ends the process) when the connection was
 * closed meanwhile. Below them, such a call ends as cancelled instead.
 */
const endsAfterClose: Interceptor = (options, nextCall) => {
  try {
    return new InterceptingCall(nextCall(options));
  } catch {
    // What it throws says only that the channel was shut down, and that was us.
    const ended: ConstructorParameters<typeof InterceptingCall>[0] = {
      // As grpc-js does for a call that failed: no message first, or the retries above would have nobody to hand it to.
      start: (_, listener) => queueMicrotask(() => { listener?.onReceiveMessage?.(null); listener?.onReceiveStatus?.({ code: status.CANCELLED, details: 'the connection was closed', metadata: new Metadata() }); }),
      sendMessageWithContext: () => {}, sendMessage: () => {}, startRead: () => {}, halfClose: () => {}, cancelWithStatus: () => {}, getPeer: () => 'closed', getAuthContext: () => null,
    };
    return new InterceptingCall(ended);
  }
};
export const clientInterceptors = (): Interceptor[] => [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), endsAfterClose];

/**
 * A client for commands and questions. Close it with `client.connection.close()`.
 * @throws TransientError TEMPORAL_UNREACHABLE, TEMPORAL_NAMESPACE_MISSING
 */
export async function openClient(temporal: TemporalSettings, options: { readonly dataConverter?: DataConverter; readonly identity?: string } = {}): Promise<Client> {
  const connection = Connection.lazy({ ...temporal.connection, address: temporal.address, connectTimeout: connectWithinMs, interceptors: clientInterceptors() } as Parameters<typeof Connection.lazy>[0]);
  try {
    await Promise.race([connection.withDeadline(Date.now() + connectWithinMs, () => connection.ensureConnected()), refused(temporal.address)]);
    await connection.withDeadline(Date.now() + connectWithinMs, () => connection.workflowService.describeNamespace({ namespace: temporal.namespace }));
  } catch (error) {
    await connection.close();
    throw unreachable(temporal, error);
  }
  return new Client({ connection, namespace: temporal.namespace, ...options });
}

/** Within one machine nothing is gained by compressing, and it would be a millisecond of each look. */
const compression = (address: string): Pick<NativeConnectionOptions, 'grpcCompression'> => (/^(127\.|localhost:|\[::1\])/.test(address) ? { grpcCompression: { codec: 'none' } } : {});

/** A connection for workers. @throws TransientError TEMPORAL_UNREACHABLE */
export async function openNativeConnection(temporal: TemporalSettings): Promise<NativeConnection> {
  const opening = NativeConnection.connect({ ...compression(temporal.address), ...temporal.connection, address: temporal.address });
  let limit: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([opening, new Promise<never>((_, reject) => { limit = setTimeout(() => reject(new Error(`no answer within ${connectWithinMs / 1000} s`)), connectWithinMs); })]);
  } catch (error) {
    opening.then((late) => late.close(), () => { /* it never opened, which is what is reported */ });
    throw unreachable(temporal, error);
  } finally {
    clearTimeout(limit);
  }
}

/**
 * Rejects at once when nobody listens there; the gRPC client would try again until its deadline and then not say why. Never resolves, and
 * stays out of the way where a proxy or a resolver decides who is asked.
 */
function refused(address: string): Promise<never> {
  return new Promise((_, reject) => {
    if (address.includes('///') || process.env['https_proxy'] || process.env['HTTPS_PROXY'] || process.env['grpc_proxy']) return;
    const colon = address.lastIndexOf(':');
    const socket = connect({ host: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(colon + 1)), timeout: connectWithinMs });
    socket.once('connect', () => socket.destroy()).once('timeout', () => socket.destroy()).once('error', reject);
  });
}

function unreachable(temporal: TemporalSettings, cause: unknown): TransientError {
  const grpc = cause as { readonly code?: number; readonly details?: string };
  const where = `Temporal at ${temporal.address} (${whence(temporal)})`;
  const means = 'Rollouts that run keep their state in Temporal and go on when it is back; this command did nothing.';
  if (grpc.code === 5) return new TransientError({ code: 'TEMPORAL_NAMESPACE_MISSING', where, what: `it has no namespace '${temporal.namespace}'.`, means, todo: `Create it (temporal operator namespace create -n ${temporal.namespace}) or correct TEMPORAL_NAMESPACE.`, cause });
  if (grpc.code === 7 || grpc.code === 16) return new TransientError({ code: 'TEMPORAL_DENIED', where, what: `it refused us (${grpc.details ?? 'permission denied'}).`, means, todo: 'Check TEMPORAL_API_KEY, TEMPORAL_TLS_* and TEMPORAL_NAMESPACE.', cause });
  const todo = { configured: 'Check TEMPORAL_ADDRESS and that the server runs (temporal operator cluster health).', home: 'Restart `tidegate up` in this directory.', default: 'Start one with `tidegate up`, or set TEMPORAL_ADDRESS.' }[temporal.addressFrom] + " If a rollout must come back now: 'tidegate rollback ID --offline'.";
  return new TransientError({ code: 'TEMPORAL_UNREACHABLE', where, what: `no connection: ${reasonOf(cause)}.`, means, todo, cause });
}

const whence = (temporal: TemporalSettings): string => ({ configured: 'from TEMPORAL_ADDRESS or the profile', home: 'the stack of this home', default: 'the default address' })[temporal.addressFrom];

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? `${(error as { details?: string }).details ?? error.message}` : String(error);
  const refused = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|Connection refused|certificate[^.;]*/i.exec(text + (error instanceof Error && error.cause instanceof Error ? error.cause.message : ''));
  return (refused?.[0] ?? (/deadline/i.test(text) ? `no answer within ${connectWithinMs / 1000} s` : text.split('\n')[0]!.slice(0, 200))).replace(/\.$/, '');
}
