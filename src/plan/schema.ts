// The shape of a plan file: which keys there are and what kind of value each takes. What the texts in it mean (conditions, days, lengths of
// time, people) is the resolver's to say. Strict: a key that is not here is refused. In words: docs/plan.md; for editors: json-schema.ts.
import * as z from 'zod';
import { variableTypes } from './variable-types.js';

const text = z.string().min(1);
const yesNo = z.union([z.enum(['yes', 'no']), z.boolean()]);
/** a whole number; as text too, because a variable is always text */
const whole = z.union([z.int().min(0).max(1_000_000_000), z.string().regex(/^\d{1,9}$/, 'a whole number is needed')]);
const number = z.union([z.number(), z.string().regex(/^-?\d+(\.\d+)?$/, 'a number is needed')]);
const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_]*([.-][A-Za-z0-9_]+)*$/, 'a name begins with a letter and goes on with letters, digits, _, - and .').max(64);
const people = z.union([text, z.array(text).min(1)]).describe('a person, or a list of people; a role stands for everybody who has it');
const length = text.describe('a length of time: 90s, 5m, 24h, 2w, 1d 6h');
const cadence = text.describe('every 15m');
const clock = text.describe('a time of day in the plan’s time zone: 09:00');
const weekdayList = z.array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])).min(1);
const weekdays = z.union([z.enum(['daily', 'weekdays']), weekdayList]);
const condition = z.union([text, z.strictObject({ event: text })]).describe('a condition, e.g. error_rate > 10% for 5m');
const conditions = z.array(condition);

const to = text.describe('start, previous, or the name of an earlier phase');
/** Read before anything else of the plan (variants.ts), in every list; here for editors. */
const onlyIn = { 'only in': z.union([text, z.array(text).min(1)]).optional().describe('left out in every other variant: the name of a variant, or a list of names') };

const trigger = z.union([text, z.strictObject({
  when: text.optional(), event: text.optional(),
  do: z.enum(['tell', 'watch more', 'hold', 'ask', 'roll back']).optional(),
  every: length.optional(), within: length.optional(), otherwise: z.enum(['roll back', 'hold']).optional(), to: to.optional(),
  mitigation: text.optional(), tell: people.optional(), ...onlyIn,
})]);
const triggers = z.strictObject({ info: z.array(trigger).optional(), warning: z.array(trigger).optional(), critical: z.array(trigger).optional(), emergency: z.array(trigger).optional() });

const command = z.union([text, z.array(text).min(1)]).describe('a shell line, or a program and its arguments');
const commandKeys = { run: command.optional(), timeout: length.optional(), cwd: text.optional(), env: z.record(z.string(), z.string()).optional(), on: text.optional() };
const environment = z.strictObject({ file: text.optional(), worker: yesNo.optional(), command: command.optional(), has: z.record(z.string().regex(/^[A-Za-z_][\w.-]*$/), z.union([z.string(), z.number(), z.boolean()])) });
const machine = { holds: text.optional(), probe: z.union([text, z.looseObject({})]).optional(), environment: environment.optional() };
const item = z.strictObject({ item: text.optional(), 'sign-off': text.optional(), from: people.optional(), needs: whole.optional(), 'only if': text.optional(), when: text.optional(), ...commandKeys, ...machine, ...onlyIn });
const group = z.strictObject({ group: text, from: people.optional(), needs: whole.optional(), when: text.optional(), items: z.array(z.union([text, item])).min(1), ...onlyIn });
const preparation = z.array(z.union([text, group, item]));

const check = z.union([text, z.strictObject({ check: text.optional(), ...commandKeys, run: command, ...onlyIn })]).describe('a command that changes nothing and must pass');
const step = z.strictObject({
  step: text, ...commandKeys, run: command, at: text.optional(), verify: command.optional(), undo: command.optional(), 'cannot be undone': text.optional(),
  repeatable: yesNo.optional(), read: command.optional(), always: z.union([command, z.strictObject({ run: command, verify: command.optional(), timeout: length.optional() })]).optional(), ...onlyIn,
});
const rollbackStep = z.strictObject({ step: text, ...commandKeys, run: command, verify: command.optional(), ask: people.optional(), within: length.optional(), ...onlyIn });

const channel = z.union([text, z.looseObject({})]).describe('a channel by its provider: terminal, or { webhook: URL }');
const channels = z.array(channel);

const target = z.looseObject({
  safer: z.enum(['lower', 'higher', 'none']).optional(), unit: z.string().optional(), cap: z.union([number, text]).optional(), 'unlimited is': z.union([z.number(), z.string(), z.null()]).optional(),
  'read only': yesNo.optional(), 'stands at': z.union([number, text]).optional(), reports: text.optional(), on: text.optional(), 'write timeout': length.optional(),
  'before each move': z.strictObject({ ...commandKeys, run: command }).optional(),
  approval: z.strictObject({ from: people, needs: whole.optional(), question: text.optional(), within: length.optional(), 'valid for': length.optional() }).optional(),
});
const level = z.union([text, z.strictObject({
  when: text, do: z.enum(['tell', 'watch more', 'hold', 'ask', 'roll back']).optional(), every: length.optional(), within: length.optional(),
  otherwise: z.enum(['roll back', 'hold']).optional(), to: to.optional(), mitigation: text.optional(), tell: people.optional(),
})]);
const metric = z.looseObject({
  unit: z.string().optional(), reads: text.optional(), better: z.enum(['lower', 'higher']).optional(), 'min samples': whole.optional(),
  'max age': length.optional(), 'when idle': z.enum(['not counted', 'clean']).optional(), timeout: length.optional(), step: length.optional(),
  levels: z.strictObject({ target: text.optional(), warning: level.optional(), critical: level.optional() }).optional(),
  question: text.optional(), answers: z.enum(['yes or no', 'number']).optional(), 'valid for': length.optional(), scale: text.describe('0 to 10').optional(), 'ask ahead': length.optional(),
});

/** who decides at the end of a soak */
const decision = z.strictObject({
  from: people, needs: whole.optional(), question: text.optional(), within: length.optional(), otherwise: z.enum(['hold', 'roll back', 'stop']).optional(), again: length.optional(),
});
const move = z.record(name, z.union([text, z.number()]));
/** a move in mid-soak */
const stage = z.strictObject({ after: length, move, shrinks: yesNo.optional(), enter: conditions.optional(), ...onlyIn });

const watching = { watch: cadence.optional(), 'blind after': length.optional(), 'unknown for': length.optional() };
const soak = text.describe('24h, or 24h, restarts on issue, or 4w, until decided');
const phase = z.strictObject({
  phase: name, starts: text.optional(), latest: text.optional(), preparation: preparation.optional(), enter: conditions.optional(),
  approval: z.strictObject({
    from: people, needs: whole.optional(), question: text.optional(), within: length.optional(), otherwise: z.enum(['hold', 'roll back', 'stop']).optional(), 'valid for': length.optional(),
  }).optional(),
  checks: z.array(check).optional(), before: z.array(step).optional(),
  move: move.optional(), shrinks: yesNo.optional(), after: z.array(step).optional(), then: z.array(stage).min(1).optional(),
  soak, ...watching, leave: conditions.optional(), decision: decision.optional(), triggers: triggers.optional(),
  during: z.array(z.strictObject({ name: text.optional(), every: length, reports: text.optional(), ...commandKeys, run: command, ...onlyIn })).optional(),
  rollback: z.strictObject({ within: length }).optional(), ...onlyIn,
});

const scalars = [z.string(), z.number(), z.boolean()] as const;
const scalar = z.union(scalars);
const variable = z.union([...scalars, z.strictObject({
  type: z.enum(variableTypes).optional(), default: scalar.optional(), 'one of': z.array(z.union([z.string(), z.number()])).min(1).optional(),
  from: z.union([z.number(), text]).optional(), to: z.union([z.number(), text]).optional(), like: text.optional(), about: text.optional(),
})]);
const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/);
const pathStep = z.union([text, z.strictObject({ to: text, after: length.optional() })]).describe('a person or a role, or { to: WHO, after: 10m }');
const path = z.array(pathStep).min(1);
const followUp = z.strictObject({ 'follow-up': text, who: people.optional(), within: length });
const incident = z.strictObject({
  commander: text.optional(), 'acknowledge within': length.optional(), path: path.optional(), 'first steps': z.array(text).optional(),
  steps: z.array(z.strictObject({ step: text, ...commandKeys, run: command })).optional(), tell: people.optional(), 'follow-ups': z.array(followUp).optional(),
});

/** The whole file. Keys of several words are written with spaces; `yes` and `no` are words, because YAML 1.2 reads them as text. */
export const planSchema = z.strictObject({
  rollout: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'an id has a-z, 0-9 and -, at most 63 of them, and begins and ends with a letter or digit').describe('the id: a-z, 0-9 and -, at most 63 characters'),
  description: z.string().optional(), owner: text, timezone: text.optional(),
  vars: z.record(variableName, variable).optional(),
  variants: z.record(name, z.strictObject({ about: text.optional(), vars: z.record(variableName, scalar).optional() })).optional(),
  launch: text.describe('day 1 at 10:00, 2026-12-01 10:00, or now').optional(),
  people: z.record(name, z.object({ name: text.optional(), roles: z.array(name).optional(), channels: channels.optional(), quiet: z.strictObject({ from: clock, to: clock }).optional() }).catchall(z.string())),
  escalation: z.array(pathStep).optional(), 'escalate every': length.optional(), 'starter may approve': yesNo.optional(),
  channels: z.strictObject({ info: channels.optional(), warning: channels.optional(), critical: channels.optional(), emergency: channels.optional(), asks: channels.optional() }).optional(),
  heartbeat: text.optional(),
  sources: z.record(z.string(), z.looseObject({})).optional(),
  targets: z.record(name, target),
  metrics: z.record(name, metric).optional(),
  alerts: z.record(name, metric).optional(),
  events: z.record(name, text).optional(),
  baseline: z.strictObject({ over: length, 'min samples': whole.optional() }).optional(),
  incidents: z.strictObject({ warning: incident.optional(), critical: incident.optional(), emergency: incident.optional() }).optional(),
  triggers: triggers.optional(), invariants: z.union([conditions, z.strictObject({ watch: cadence.optional(), 'blind after': length.optional(), hold: conditions.min(1) })]).optional(), preparation: preparation.optional(),
  phases: z.array(phase).min(1),
  baking: z.strictObject({ for: soak, ...watching, leave: conditions.optional(), decision: decision.optional(), triggers: triggers.optional() }).optional(),
  'stand-ups': z.array(z.strictObject({
    'stand-up': text, at: z.union([text.describe('09:00, or every 1h from 09:00 to 18:00'), z.array(clock).min(1)]), days: z.union([z.enum(['daily', 'weekdays', 'monthly']), weekdayList]).optional(), in: z.union([text, z.array(text).min(1)]).optional(),
    from: people, within: length.optional(), otherwise: z.enum(['continue', 'pause']).optional(), ...onlyIn,
  })).optional(),
  hours: z.strictObject({ days: weekdays.optional(), from: clock, to: clock }).optional(),
  freezes: z.array(z.strictObject({ from: text, to: text, why: text, ...onlyIn })).optional(),
  rollback: z.strictObject({
    within: length.optional(), before: z.array(rollbackStep).optional(), after: z.array(rollbackStep).optional(),
    settle: length.optional(), verify: conditions.optional(), 'verify within': length.optional(),
    'if that fails': z.array(z.strictObject({ step: text, ...commandKeys, run: command, verify: command.optional(), ask: people.optional(), within: length.optional(), ...onlyIn })).optional(),
  }).optional(),
  grades: z.record(name, conditions.min(1)).optional(),
  reviews: z.array(z.strictObject({
    review: text, every: z.enum(['once', 'day', 'week', 'month', 'quarter', 'half-year']).optional(), after: length.optional(), at: clock.optional(),
    times: whole.optional(), who: people.optional(), tasks: z.array(text).optional(), 'remind after': length.optional(), ...onlyIn,
  })).optional(),
  completion: z.strictObject({ checks: z.array(z.strictObject({ check: text, ...commandKeys, run: command })).optional(), items: preparation.optional(), compare: z.array(text).min(1).optional() }).optional(),
  'starts only by': people.optional(),
  'follow-ups': z.array(followUp.extend({ on: text.describe('rollback, completion, issue, warning, critical, emergency, or event:NAME'), ...onlyIn })).optional(),
});

export type PlanFile = z.infer<typeof planSchema>;
export type PhaseFile = PlanFile['phases'][number];
export type DecisionFile = NonNullable<PhaseFile['decision']>;
export type StageFile = NonNullable<PhaseFile['then']>[number];
export type TriggersFile = NonNullable<PlanFile['triggers']>;
export type TriggerFile = NonNullable<TriggersFile['info']>[number];
export type CheckFile = NonNullable<PhaseFile['checks']>[number];
export type StepFile = NonNullable<PhaseFile['before']>[number];
export type RollbackFile = NonNullable<PlanFile['rollback']>;
export type PathFile = NonNullable<PlanFile['escalation']>;
export type ConditionFile = z.infer<typeof condition>;
export type EnvironmentFile = z.infer<typeof environment>;
export type PreparationFile = NonNullable<PlanFile['preparation']>;
export type ChannelFile = NonNullable<NonNullable<PlanFile['channels']>['info']>[number];
export type MetricFile = NonNullable<PlanFile['metrics']>[string];
export type TargetFile = PlanFile['targets'][string];
export type CommandFile = { readonly run?: string | string[] | undefined; readonly timeout?: string | undefined; readonly cwd?: string | undefined; readonly env?: Record<string, string> | undefined; readonly on?: string | undefined };

/** Keys that a metric, a target and an item have beside their provider's. */
export const itemKeys: readonly string[] = Object.keys(item.shape);
export const metricKeys: readonly string[] = Object.keys(metric.shape);
export const targetKeys: readonly string[] = Object.keys(target.shape);
