// Asking PostgreSQL one question and reading the one number of its answer. Loaded with the driver when the first query is asked; the source: sql.ts.
import pg from 'pg';
import type { Measurement } from '../judgement/types.js';
import { measured, noData, parseNumber, providerError } from './answers.js';
import { SqlPools, TooLarge, whatFailed, within } from './sql-connection.js';

export interface SqlQuestion { readonly url: string; readonly query: string; readonly scale: number; readonly timeoutMs: number; readonly signal: AbortSignal }

const shared = new SqlPools();

/** Never throws: what fails is a measurement of its kind. */
export async function ask({ url, query, scale, timeoutMs, signal }: SqlQuestion, pools: SqlPools = shared): Promise<Measurement> {
  try {
    return read(await within(timeoutMs, signal, (abandoned) => pools.use(url, abandoned, (client) => readRows(client, query, timeoutMs))), scale);
  } catch (error) { return whatFailed(error, url, timeoutMs); }
}

/** Bytes of an answer that is one number; more is some other query. */
const MAX_BYTES = 4 * 1024 * 1024;

interface Rows { readonly count: number; readonly fields: readonly pg.FieldDef[]; /** of the first row, as the server writes them */ readonly first: readonly (string | null)[] | null }

async function readRows(client: pg.PoolClient, text: string, timeoutMs: number): Promise<Rows> {
  // The server ends what takes too long, also when this process is gone. Local: nothing of it outlives the transaction.
  await client.query(`begin read only; set local statement_timeout = ${Math.max(1, Math.ceil(timeoutMs))}; set local idle_in_transaction_session_timeout = ${Math.ceil(timeoutMs) + 1_000}`);
  const rows = await run(client, text);
  await client.query('rollback');
  return rows;
}

/** By the extended protocol, which takes one statement only: `commit; delete …` is refused. Rows are counted, not kept. */
function run(client: pg.PoolClient, text: string): Promise<Rows> {
  const asText = { getTypeParser: () => (value: unknown) => value } as unknown as pg.CustomTypesConfig;
  const config: pg.QueryConfig & { readonly queryMode: 'extended'; readonly rowMode: 'array' } = { text, types: asText, queryMode: 'extended', rowMode: 'array' };
  const query = new pg.Query<(string | null)[]>(config);
  const { stream } = (client as unknown as { readonly connection: { readonly stream: NodeJS.ReadableStream } }).connection;
  return new Promise<Rows>((resolve, reject) => {
    let count = 0;
    let bytes = 0;
    let first: Rows['first'] = null;
    const onData = (chunk: Buffer): void => { bytes += chunk.byteLength; if (bytes > MAX_BYTES) { stream.off('data', onData); reject(new TooLarge()); } };
    stream.on('data', onData);
    query.on('row', (row: (string | null)[]) => { count += 1; first ??= row; });
    query.on('error', (error: Error) => { stream.off('data', onData); reject(error); });
    query.on('end', (result: pg.QueryResult) => { stream.off('data', onData); resolve({ count, first, fields: result.fields }); });
    client.query(query);
  });
}

const NUMBERS: readonly number[] = [pg.types.builtins.INT2, pg.types.builtins.INT4, pg.types.builtins.INT8, pg.types.builtins.FLOAT4, pg.types.builtins.FLOAT8, pg.types.builtins.NUMERIC];

function read({ count, fields, first }: Rows, scale: number): Measurement {
  const names = fields.map(({ name }) => name);
  if (names.length === 0 || names.length > 2 || (names.length === 2 && names[1] !== 'samples')) {
    return providerError('bad-answer', names.length === 0 ? 'the statement answers no columns' : `the query answers the columns ${names.join(', ')}; wanted is one, or a second one named samples`);
  }
  if (count > 1) return { kind: 'ambiguous', series: count };
  if (first === null) return noData('the query answers no row');
  const [value, samples] = fields.map((field, column) => numberOf(field, first[column] ?? null));
  if (typeof value === 'object' && value !== null) return value;
  if (samples === undefined) return value === null ? noData(`${names[0]} is NULL`) : measured(value!, scale);
  if (typeof samples === 'object' && samples !== null) return samples;
  if (samples === null) return noData('samples is NULL');
  if (!Number.isFinite(samples) || samples < 0) return providerError('not-a-number', `samples is no count: ${samples}`);
  if (samples === 0 && (value === null || Number.isNaN(value))) return { kind: 'idle', samples: 0 };
  return value === null ? noData(`${names[0]} is NULL`) : measured(value!, scale, { samples: Math.round(samples) });
}

/** Whole numbers of 64 bits and numeric come as text too; a column of text is no number, whatever stands in it. */
function numberOf({ name, dataTypeID }: pg.FieldDef, text: string | null): number | null | Measurement {
  if (text === null) return null;
  if (dataTypeID === pg.types.builtins.BOOL) return text === 't' ? 1 : 0;
  const number = NUMBERS.includes(dataTypeID) ? parseNumber(text) : null;
  return number ?? providerError('not-a-number', `${name} is of a type that is no number; cast it, e.g. (…)::float8, or extract(epoch from …)`);
}
