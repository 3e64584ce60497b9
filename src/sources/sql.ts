// A number out of PostgreSQL: one query, one row, in a transaction that may only read. Knows only 'now': one point at the instant of the look.
// What is asked and how the answer is read: sql-query.ts; how connections are kept: sql-connection.ts. Manual: docs/providers/sql.md.
import { z } from 'zod';
import type { ProviderSchema } from '../plan/providers.js';
import { sourceOfNow } from './checked.js';
import type { SourceProvider } from './port.js';
import { hasScheme, textThat } from './settings.js';

const settingsSchema = z.strictObject({
  /** whole, with user and password: a secret */
  url: textThat((text) => hasScheme(text, /^postgres(ql)?:$/), "an address of PostgreSQL is needed, e.g. 'postgres://user:password@host:5432/database?sslmode=verify-full'").default('${env:SQL_URL}'),
  /** one statement that answers one row: the value, or the value and `samples` */
  query: z.string().refine((text) => text.trim() !== '', { message: 'a query is needed' }),
});

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: 'query' };

export function createSql(): SourceProvider {
  return sourceOfNow({
    name: 'sql', schema, settings: settingsSchema,
    measure: async ({ url, query }, metric, { signal }) => {
      // The driver takes a while to load, and who only reads a plan never needs it.
      const { ask } = await import('./sql-query.js');
      return ask({ url, query, scale: metric.scale, timeoutMs: metric.timeoutMs, signal });
    },
  });
}
