// A number out of PostgreSQL: one query, one row, in a transaction that may only read. Knows only 'now': one point at the instant of the look.
// What is asked and how the answer is read: sql-query.ts; how connections are kept: sql-connection.ts. Manual: docs/providers/sql.md.
import { z } from 'zod';
import type { ProviderSchema } from '../plan/providers.js';
import { providerError, single } from './answers.js';
import type { MetricRef, SourceProvider } from './port.js';
import { problemsOf } from './settings.js';

const settingsSchema = z.strictObject({
  /** whole, with user and password: a secret */
  url: z.string().min(1).refine(isPostgres, { message: "an address of PostgreSQL is needed, e.g. 'postgres://user:password@host:5432/database?sslmode=verify-full'" }).default('${env:SQL_URL}'),
  /** one statement that answers one row: the value, or the value and `samples` */
  query: z.string().refine((text) => text.trim() !== '', { message: 'a query is needed' }),
});

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: 'query' };

export function createSql(): SourceProvider {
  const check = (metric: MetricRef): readonly string[] => problemsOf(schema, metric.settings);
  return {
    name: 'sql',
    ranged: () => false,
    check,
    async measure(metric, _from, to, signal) {
      const problems = check(metric);
      if (problems.length > 0) return single(to, providerError('settings', problems.join('; ')));
      const { url, query } = settingsSchema.parse(metric.settings);
      // The driver takes a while to load, and who only reads a plan never needs it.
      const { ask } = await import('./sql-query.js');
      return single(to, await ask({ url, query, scale: metric.scale, timeoutMs: metric.timeoutMs, signal }));
    },
  };
}

function isPostgres(text: string): boolean {
  if (/\$\{env:/.test(text)) return true;
  try { return /^postgres(ql)?:$/.test(new URL(text).protocol); } catch { return false; }
}
