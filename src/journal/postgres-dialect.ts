// kysely's PostgreSQL dialect over a `pg` pool, hardened for what a network does: a client that failed is thrown away, and no call waits for ever.
// Neighbours: store.ts (opens it), sqlite-dialect.ts (the other database), trouble.ts (what its errors mean).
import { PostgresDialect, type Dialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import type { Pool, PoolClient } from 'pg';

const connectTimeoutMs = 5_000;
/** longer than the server's own 5 s limit for a lock (schema.ts), so that the server's answer is seen where there is one */
const queryTimeoutMs = 10_000;

/** The dialect for a postgres:// URL. Nothing is loaded or connected before the first query. */
export function postgresDialect(url: string): Dialect {
  return new HardenedPostgresDialect(url);
}

class HardenedPostgresDialect extends PostgresDialect {
  constructor(url: string) { super({ pool: async () => guardedPool(await openPool(url)) }); }

  override createDriver() {
    const driver = super.createDriver();
    const rollback = driver.rollbackTransaction.bind(driver);
    driver.rollbackTransaction = async (connection) => {
      // a lost connection cannot roll back, and need not; that error would take the place of the one that says why. The guard drops the client.
      await rollback(connection).catch(() => undefined);
    };
    return driver;
  }
}

async function openPool(url: string): Promise<Pool> {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString: url, max: 4, connectionTimeoutMillis: connectTimeoutMs, idleTimeoutMillis: 30_000, query_timeout: queryTimeoutMs,
    keepAlive: true, application_name: 'tidegate-journal', allowExitOnIdle: true,
  });
  pool.on('error', () => undefined); // an idle client lost its server: the pool has dropped it, the next query connects anew
  return pool;
}

function guardedPool(pool: Pool): PostgresPool {
  return { connect: async () => guardedClient(await pool.connect()), end: () => pool.end() };
}

/**
 * A client that goes back to the pool only while it is sound. `pg` emits 'error' on a client in use when the server dies, which ends the
 * process if nobody listens; and after its own query timeout the client still waits for the old answer and blocks whoever gets it next.
 */
function guardedClient(client: PoolClient): PostgresPoolClient {
  let broken = false;
  const onError = (): void => { broken = true; };
  client.on('error', onError);
  return {
    query: (async (sql: string, parameters: readonly unknown[]) => {
      if (broken) throw new Error('Connection terminated by an earlier failure');
      try {
        return await client.query(sql, [...parameters]);
      } catch (error) {
        // an answer of the server carries a severity; everything else is the connection
        if ((error as { severity?: unknown }).severity === undefined) broken = true;
        throw error;
      }
    }) as unknown as PostgresPoolClient['query'],
    release: () => {
      client.removeListener('error', onError);
      client.release(broken);
    },
  };
}
