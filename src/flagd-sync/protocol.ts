// flagd's sync protocol, flagd.sync.v1.FlagSyncService, as grpc-js wants it: the messages and the three calls. Field numbers are the
// protocol's. Left out are fields that nobody here fills or reads (the sync context, the metadata). Used by ./server.ts and ./client.ts.
import type { MethodDefinition } from '@grpc/grpc-js';
import protobuf from 'protobufjs';

/** Who asks, and for which flags. */
export interface SyncRequest { readonly providerId: string; readonly selector: string }
/** A whole flag configuration as JSON. */
export interface Flags { readonly flagConfiguration: string }
export type Nothing = Readonly<Record<string, never>>;

const message = (name: string, fields: Readonly<Record<string, number>>): protobuf.Type => Object.entries(fields).reduce((type, [field, number]) => type.add(new protobuf.Field(field, number, 'string')), new protobuf.Type(name));
const request = message('SyncRequest', { providerId: 1, selector: 2 });
const flags = message('Flags', { flagConfiguration: 1 });
const nothing = message('Nothing', {});

const encode = (type: protobuf.Type) => (value: object): Buffer => Buffer.from(type.encode(type.fromObject(value)).finish());
const decode = <T>(type: protobuf.Type) => (bytes: Buffer): T => type.toObject(type.decode(bytes), { defaults: true }) as T;

function call<Request, Response>(name: string, asked: protobuf.Type, answered: protobuf.Type, responseStream: boolean): MethodDefinition<Request, Response> {
  return {
    path: `/flagd.sync.v1.FlagSyncService/${name}`, requestStream: false, responseStream,
    requestSerialize: encode(asked) as (value: Request) => Buffer, requestDeserialize: decode<Request>(asked),
    responseSerialize: encode(answered) as (value: Response) => Buffer, responseDeserialize: decode<Response>(answered),
  };
}

export const flagSyncService = {
  SyncFlags: call<SyncRequest, Flags>('SyncFlags', request, flags, true),
  FetchAllFlags: call<SyncRequest, Flags>('FetchAllFlags', request, flags, false),
  GetMetadata: call<Nothing, Nothing>('GetMetadata', nothing, nothing, false),
};

/** The header that names the flags; it overrules the field of the request, which is its older form. */
export const selectorHeader = 'flagd-selector';
