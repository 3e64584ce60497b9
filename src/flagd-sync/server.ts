// Tidegate as a sync source for flagd and its in-process providers: every subscriber of a flag file gets it whole, and again at each change.
// The files: ./flag-file.ts, the protocol: ./protocol.ts. Started by src/engine/worker.ts. Manual: docs/providers/flagd.md.
import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall, type ServerWritableStream } from '@grpc/grpc-js';
import { FinalError } from '../errors.js';
import type { Ms } from '../judgement/types.js';
import type { FlagdSyncMeters } from '../metrics/flagd-sync.js';
import type { Place } from '../server/listen.js';
import { watchFlagFile, type FlagFile } from './flag-file.js';
import { flagSyncService, selectorHeader, type Flags, type Nothing, type SyncRequest } from './protocol.js';

/** Selector → path. The file under '' is for those who name none; where there is one file only, it is too. */
export type SyncedFiles = Readonly<Record<string, string>>;
export interface FlagdSyncOptions extends Place {
  readonly files: SyncedFiles;
  readonly log: { info(fields: object, line: string): void; warn(fields: object, line: string): void };
  readonly meters: FlagdSyncMeters;
  readonly settleMs?: Ms;
  readonly pollMs?: Ms;
}
export interface FlagdSyncServer { /** HOST:PORT */ readonly address: string; close(): Promise<void> }

type Stream = ServerWritableStream<SyncRequest, Flags>;
interface Subscriber { readonly stream: Stream; /** it has not taken what was sent last; the newest state is sent when it has */ behind: boolean; full: boolean }
interface Served { readonly selector: string; readonly subscribers: Set<Subscriber>; file: FlagFile | null }

/** Streams that are open when the server closes may take this long to end. */
const CLOSE_MS = 1_000;

/** @throws FinalError PORT_TAKEN */
export async function serveFlagdSync({ host, port, files, log, meters, settleMs, pollMs }: FlagdSyncOptions): Promise<FlagdSyncServer> {
  const served = new Map<string, Served>(Object.keys(files).map((selector) => [selector, { selector, subscribers: new Set(), file: null }]));
  const server = new Server();

  const send = (subscriber: Subscriber, json: string): void => {
    if (subscriber.full) { subscriber.behind = true; return; }
    subscriber.full = !subscriber.stream.write({ flagConfiguration: json });
  };

  function subscribe(stream: Stream): void {
    const one = chosen(stream.request, stream.metadata.get(selectorHeader));
    if (one === null) { stream.emit('error', unknownSelector(files)); return; }
    const subscriber: Subscriber = { stream, behind: false, full: false };
    const gone = (): void => { if (one.subscribers.delete(subscriber)) meters.subscribers(one.selector, one.subscribers.size); };
    stream.on('cancelled', gone).on('close', gone).on('error', gone).on('drain', () => {
      subscriber.full = false;
      const json = one.file?.current() ?? null;
      if (subscriber.behind && json !== null) { subscriber.behind = false; send(subscriber, json); }
    });
    one.subscribers.add(subscriber);
    meters.subscribers(one.selector, one.subscribers.size);
    // with no good state yet it waits on the open stream: an error would send it away for longer than the repair may take
    const json = one.file?.current() ?? null;
    if (json !== null) send(subscriber, json);
  }

  function fetchAll({ request, metadata }: ServerUnaryCall<SyncRequest, Flags>, answer: sendUnaryData<Flags>): void {
    const one = chosen(request, metadata.get(selectorHeader));
    if (one === null) { answer(unknownSelector(files)); return; }
    const json = one.file?.current() ?? null;
    if (json === null) answer({ code: status.UNAVAILABLE, details: 'the flag file has no good state yet' });
    else answer(null, { flagConfiguration: json });
  }

  function chosen({ selector, providerId }: SyncRequest, header: readonly (string | Buffer)[]): Served | null {
    const named = header[0]?.toString() || selector;
    if (named !== '') return served.get(named) ?? null;
    // a provider's own name need not be a selector
    return served.get(providerId) ?? served.get('') ?? (served.size === 1 ? [...served.values()][0]! : null);
  }

  server.addService(flagSyncService, { SyncFlags: subscribe, FetchAllFlags: fetchAll, GetMetadata: (_call: unknown, answer: sendUnaryData<Nothing>) => answer(null, {}) });

  for (const one of served.values()) {
    const fields = { selector: one.selector, file: files[one.selector]! };
    one.file = await watchFlagFile({
      path: fields.file, ...(settleMs === undefined ? {} : { settleMs }), ...(pollMs === undefined ? {} : { pollMs }),
      onGood: (json) => {
        meters.good(one.selector);
        log.info({ ...fields, subscribers: one.subscribers.size }, 'flag file pushed to its subscribers');
        for (const subscriber of one.subscribers) send(subscriber, json);
      },
      onBroken: (why) => { meters.broken(one.selector); log.warn({ ...fields, why }, 'flag file is not served: its subscribers keep the last good state'); },
    });
  }
  const closeFiles = (): void => { for (const { file } of served.values()) file?.close(); };

  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host.includes(':') ? `[${host}]` : host}:${port}`, ServerCredentials.createInsecure(), (error, found) => { if (error === null) resolve(found); else reject(error); });
  }).catch((cause: unknown) => {
    closeFiles();
    throw new FinalError({ code: 'PORT_TAKEN', where: `${host}:${port}`, what: `cannot listen there (${cause instanceof Error ? cause.message : String(cause)}).`, means: 'Flag files could not be served to flagd providers; the worker was not started.', todo: 'Set TIDEGATE_FLAGD_SYNC_ADDRESS to another HOST:PORT, or end what listens there.', cause });
  });

  return {
    address: `${host.includes(':') ? `[${host}]` : host}:${bound}`,
    async close() {
      closeFiles();
      // An error, not an end: providers come back after an error, and take an end for the last word.
      for (const { subscribers } of served.values()) for (const { stream } of [...subscribers]) stream.emit('error', { code: status.UNAVAILABLE, details: 'this server is stopping' });
      await new Promise<void>((resolve) => {
        const limit = setTimeout(() => { server.forceShutdown(); resolve(); }, CLOSE_MS);
        server.tryShutdown(() => { clearTimeout(limit); resolve(); });
      });
    },
  };
}

function unknownSelector(files: SyncedFiles): { readonly code: status; readonly details: string } {
  return { code: status.NOT_FOUND, details: `no flag file has this selector; there are ${Object.keys(files).map((name) => (name === '' ? 'the one without a selector' : `'${name}'`)).join(', ')}` };
}
