// The search attributes of a rollout on a server: what is registered, and registering what is missing. Used by the embedded server, by
// `tidegate doctor --fix` and by the one-shot service of docker-compose.yml. Their names: workflows/messages.ts.
import type { Connection } from '@temporalio/client';
import protocol from '@temporalio/proto';
import { searchAttributes } from '../../workflows/messages.js';

const { INDEXED_VALUE_TYPE_KEYWORD } = protocol.temporal.api.enums.v1.IndexedValueType;

export interface SearchAttributeState { readonly missing: readonly string[]; /** registered under our name with another type: nothing of ours can be done about it */ readonly wrongType: readonly string[] }

export async function searchAttributeState(connection: Connection, namespace: string): Promise<SearchAttributeState> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const known = customAttributes ?? {};
  return {
    missing: searchAttributes.filter((name) => known[name] === undefined),
    wrongType: searchAttributes.filter((name) => known[name] !== undefined && known[name] !== INDEXED_VALUE_TYPE_KEYWORD),
  };
}

/** Registers what is missing; what is there stays. Returns the names it added. Two processes may do it at once. */
export async function registerSearchAttributes(connection: Connection, namespace: string): Promise<readonly string[]> {
  const { missing } = await searchAttributeState(connection, namespace);
  if (missing.length === 0) return [];
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing.map((name) => [name, INDEXED_VALUE_TYPE_KEYWORD])) })
    .catch(async (error: unknown) => { if ((await searchAttributeState(connection, namespace)).missing.length > 0) throw error; });
  return missing;
}
