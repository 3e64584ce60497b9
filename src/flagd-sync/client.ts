// One subscription to a flagd sync source: the flags as they come, which is what an application's in-process provider holds.
// Used by src/targets/flagd-through.ts. The protocol: ./protocol.ts.
import { Client, credentials, Metadata, type ClientReadableStream, type ServiceError } from '@grpc/grpc-js';
import { flagSyncService, selectorHeader, type Flags, type SyncRequest } from './protocol.js';

export interface SyncOptions { readonly address: string; /** '': the source decides */ readonly selector: string; readonly signal: AbortSignal }

/**
 * Every state that the source sends, as JSON, the first one at once; ends when `signal` fires.
 * @throws Error with one clause when the source cannot be reached, refuses, or ends the stream
 */
export async function* syncedFlags({ address, selector, signal }: SyncOptions): AsyncGenerator<string, void> {
  if (signal.aborted) return;
  const { path, requestSerialize, responseDeserialize } = flagSyncService.SyncFlags;
  const metadata = new Metadata();
  if (selector !== '') metadata.set(selectorHeader, selector);
  const client = new Client(address, credentials.createInsecure());
  const stream: ClientReadableStream<Flags> = client.makeServerStreamRequest<SyncRequest, Flags>(path, requestSerialize, responseDeserialize, { providerId: 'tidegate', selector }, metadata);
  stream.on('error', () => { /* told below; after we have left nobody else would hear of the cancellation */ });
  const cancel = (): void => stream.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    for await (const { flagConfiguration } of stream as AsyncIterable<Flags>) yield flagConfiguration;
    if (!signal.aborted) throw new Error('it ended the stream');
  } catch (error) {
    if (signal.aborted) return;
    throw new Error((error as Partial<ServiceError>).details ?? (error as Error).message);
  } finally {
    signal.removeEventListener('abort', cancel);
    stream.cancel();
    client.close();
  }
}
