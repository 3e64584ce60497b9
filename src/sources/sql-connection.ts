// Connections to PostgreSQL for the sql source: a few for each address, closed when idle, and never one that is in an unknown state.
// What fails becomes a measurement's code and words here. Used by sql.ts.
import pg from 'pg';
import { connectionFailure, systemCode } from '../http/system-errors.js';
import { maskSecrets } from '../http/secrets.js';
import { providerError, type ProviderError } from './answers.js';

/** Of one worker to one address, whatever its number of rollouts: a metric must not use up the connections of who it measures. */
const CONNECTIONS = 2;
const IDLE_MS = 10_000;

export class TooLarge extends Error {}
class Late extends Error {}
class GivenUp extends Error {}

/** The pools live as long as the process, their connections as long as they are used: nothing keeps a process from ending. */
export class SqlPools {
  private readonly pools = new Map<string, pg.Pool>();

  /** Runs `work` on a connection that is free; one whose work failed or was abandoned is closed, not used again. */
  async use<T>(url: string, abandoned: AbortSignal, work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.of(url).connect();
    if (abandoned.aborted) { client.release(); throw new GivenUp(); }
    let released = false;
    const release = (broken: boolean): void => { if (!released) { released = true; client.release(broken); } };
    const onAbort = (): void => release(true); // closes the socket; the server ends the statement at its own limit
    abandoned.addEventListener('abort', onAbort, { once: true });
    try {
      const result = await work(client);
      release(false);
      return result;
    } catch (error) {
      release(true);
      throw error;
    } finally { abandoned.removeEventListener('abort', onAbort); }
  }

  private of(url: string): pg.Pool {
    const known = this.pools.get(url);
    if (known !== undefined) return known;
    const address = new URL(url);
    // One that is missing would be taken from the environment of this process or from ~/.pgpass, and sent to whomever a plan names.
    if (address.password === '' && !address.searchParams.has('password')) address.password = 'none';
    const pool = new pg.Pool({ connectionString: address.href, max: CONNECTIONS, idleTimeoutMillis: IDLE_MS, allowExitOnIdle: true, connectionTimeoutMillis: 30_000, application_name: 'tidegate' });
    pool.on('error', () => undefined); // an idle connection broke: the pool has dropped it, and the next look opens another
    pool.on('connect', (client) => client.on('error', () => undefined)); // so may one in use: its query says so
    this.pools.set(url, pool);
    return pool;
  }
}

/** Ends at the limit or when the caller gives up, whatever `work` does; `work` hears of it by its signal. */
export async function within<T>(timeLimitMs: number, signal: AbortSignal, work: (abandoned: AbortSignal) => Promise<T>): Promise<T> {
  const abandon = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let onAbort = (): void => undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Late()), Math.max(1, timeLimitMs));
    onAbort = () => reject(new GivenUp());
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
  });
  const working = work(abandon.signal);
  working.catch(() => undefined); // what it says after it was abandoned interests nobody
  try { return await Promise.race([working, ended]); } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    abandon.abort();
  }
}

/** By SQLSTATE, whole or by its class: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const STATES: readonly (readonly [RegExp, code: string, words: string])[] = [
  [/^28/, 'unauthorized', 'it refuses these credentials'], [/^3D000$/, 'not-found', 'it has no such database'], [/^42501$/, 'forbidden', 'these credentials may not read it'],
  [/^25006$/, 'read-only', 'the query writes; a metric may only read'], [/^57014$/, 'timeout', 'the server ended the query'], [/^55P03$/, 'timeout', 'a lock was not to be had'],
  [/^53/, 'server-error', 'it has no room'], [/^57P/, 'server-error', 'it is shutting down or starting'], [/^(08|58|XX)/, 'server-error', 'it failed'], [/^(22|21|42|0A|26|34)/, 'bad-query', 'it refuses the query'],
];

export function whatFailed(error: unknown, url: string, timeLimitMs: number): ProviderError {
  const at = shown(url);
  if (error instanceof GivenUp) return providerError('aborted', `${at}: given up by the caller`);
  if (error instanceof Late) return providerError('timeout', `${at}: did not answer within ${timeLimitMs} ms`);
  if (error instanceof TooLarge) return providerError('too-large', `${at}: sent more than 4 MiB`);
  const said = error instanceof Error ? maskSecrets(error.message, { url }) : '';
  const code = systemCode(error);
  if (error instanceof pg.DatabaseError) {
    const known = STATES.find(([state]) => state.test(code));
    return providerError(known?.[1] ?? 'server-error', `${at}: ${known?.[2] ?? 'it refuses'}: ${said}`);
  }
  const failed = connectionFailure(code);
  if (failed !== null) return providerError(failed.code, `${at}: ${failed.detail}`);
  if (/timeout/i.test(said)) return providerError('timeout', `${at}: connecting timed out`);
  if (/SSL|TLS|certificate/i.test(said)) return providerError('tls', `${at}: ${said}`);
  if (/SASL|password/i.test(said)) return providerError('unauthorized', `${at}: it wants other credentials`);
  if (/\bURL\b|Invalid port/i.test(said)) return providerError('bad-address', `${at}: the address is not one of PostgreSQL`);
  return providerError('reset', `${at}: the connection broke${code === '' ? '' : ` (${code})`}`);
}

/** Host and database; never the user info, nor the settings behind them. */
function shown(address: string): string {
  try { const { host, pathname } = new URL(address); return `postgres://${host}${pathname === '/' ? '' : pathname}`; } catch { return 'the database'; }
}
