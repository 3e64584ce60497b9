// A scenario: what a rehearsal injects into a world that is otherwise healthy. The format for people: docs/rehearsal.md.
import { DateTime } from 'luxon';
import { parse } from 'yaml';
import { z } from 'zod';
import { FinalError } from '../../errors.js';
import type { EpochMs, Ms } from '../../judgement/types.js';
import { parseDuration } from '../../plan/durations.js';
import type { ResolvedPlan } from '../../plan/types.js';

const duration = z.string().transform((text, context) => parseDuration(text) ?? (context.addIssue({ code: 'custom', message: `'${text}' is not a length of time; write e.g. 90s, 6m, 24h, 2d` }), z.NEVER));
const at = z.string().min(1);
const value = z.union([z.number(), z.string()]);
const stretch = z.strictObject({
  at, for: duration.optional(),
  /** in the metric's shown unit */
  value: z.number().optional(),
  is: z.enum(['missing', 'NaN', 'several', 'error', 'idle']).optional(),
  /** names of firing alerts, for alerts(severity) */
  firing: z.array(z.string()).optional(),
}).refine((one) => [one.value, one.is, one.firing].filter((given) => given !== undefined).length === 1, { message: 'give exactly one of value, is, firing' });

const schema = z.strictObject({
  description: z.string().optional(),
  /** people answer so long after they are asked; default 15m */
  'answers after': duration.optional(),
  metrics: z.record(z.string(), z.array(stretch)).optional(),
  alerts: z.record(z.string(), z.array(stretch)).optional(),
  events: z.array(z.strictObject({ at, event: z.string(), times: z.number().int().min(1).max(100).optional(), by: z.string().optional() })).optional(),
  answers: z.array(z.strictObject({ ask: z.string(), never: z.literal(true).optional(), after: duration.optional(), by: z.union([z.string(), z.array(z.string())]).optional(), value: value.optional(), reason: z.string().optional(), times: z.number().int().min(1).optional() })).optional(),
  commands: z.array(z.strictObject({ command: z.string(), fails: z.union([z.literal('always'), z.number().int().min(1)]).optional(), how: z.enum(['fails', 'cut off']).optional(), output: z.string().optional() })).optional(),
  targets: z.record(z.string(), value).optional(),
  writes: z.array(z.strictObject({ target: z.string(), at: at.optional(), fails: z.union([z.literal('always'), z.number().int().min(1)]), how: z.enum(['unreachable', 'refused', 'after effect', 'by hand']).optional(), direction: z.enum(['forward', 'back', 'both']).optional() })).optional(),
  drift: z.array(z.strictObject({ at, target: z.string(), to: value })).optional(),
  commandsGiven: z.array(z.strictObject({ at, give: z.enum(['pause', 'resume', 'rollback', 'stop', 'extend', 'skip', 'approve', 'reject', 'withdraw', 'incident', 'done']), by: z.string(), with: z.record(z.string(), z.unknown()).optional() })).optional(),
});
export type Scenario = z.output<typeof schema>;
export type Stretch = z.output<typeof stretch>;

export const healthy: Scenario = {};

/** @throws FinalError SCENARIO_INVALID with every problem */
export function parseScenario(text: string, file: string): Scenario {
  let document: unknown;
  try { document = parse(text) ?? {}; } catch (error) { throw invalid(file, [(error as Error).message]); }
  const parsed = schema.safeParse(document);
  if (!parsed.success) throw invalid(file, parsed.error.issues.map((issue) => `${issue.path.join('.') || 'scenario'}: ${issue.message}`));
  return parsed.data;
}

const invalid = (file: string, problems: readonly string[]): FinalError => new FinalError({ code: 'SCENARIO_INVALID', where: file, what: `the scenario has ${problems.length === 1 ? 'an error' : `${problems.length} errors`}:\n${problems.map((one) => `  - ${one}`).join('\n')}\n`, means: 'Nothing was rehearsed.', todo: 'docs/rehearsal.md has the format.' });

/** Where a scenario's instant is counted from: a phase's move (known when it has happened), the rollout's start, or the calendar. */
export type When = { readonly from: 'start' | 'calendar'; readonly ms: number } | { readonly from: 'phase'; readonly phase: string; readonly ms: Ms };

/** `wave-1 + 3h` (after the phase has moved), `baking + 2d`, `start + 1h`, `day 3 at 10:00`. */
export function parseWhen(text: string, plan: ResolvedPlan, file: string): When {
  const calendar = /^day (\d+) at (\d{1,2}):(\d{2})$/.exec(text.trim());
  if (calendar !== null) {
    const day = DateTime.fromMillis(plan.day1, { zone: plan.timezone }).plus({ days: Number(calendar[1]) - 1 }).set({ hour: Number(calendar[2]), minute: Number(calendar[3]) });
    return { from: 'calendar', ms: day.toMillis() };
  }
  const relative = /^([\w-]+)(?:\s*\+\s*(.+))?$/.exec(text.trim());
  const offset = relative?.[2] === undefined ? 0 : parseDuration(relative[2]);
  if (relative === null || offset === null) throw invalid(file, [`'${text}' is no instant; write e.g. 'wave-1 + 3h', 'start + 1h', 'day 3 at 10:00'`]);
  const name = relative[1]!;
  if (name === 'start') return { from: 'start', ms: offset };
  if (name !== 'baking' && !plan.phases.some((phase) => phase.phase === name)) throw invalid(file, [`'${text}': there is no phase '${name}' (${plan.phases.map((phase) => phase.phase).join(', ')}, baking, start)`]);
  return { from: 'phase', phase: name, ms: offset };
}

/** The instant, once it can be known. */
export function instantOf(when: When, known: { readonly startedAt: EpochMs; readonly movedAt: ReadonlyMap<string, EpochMs> }): EpochMs | null {
  switch (when.from) {
    case 'calendar': return when.ms;
    case 'start': return known.startedAt + when.ms;
    case 'phase': { const moved = known.movedAt.get(when.phase); return moved === undefined ? null : moved + when.ms; }
  }
}
