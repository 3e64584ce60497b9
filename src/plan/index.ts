// What a plan is, for everybody outside this folder. Reading: parse.ts. The language of conditions: conditions.ts. Calendar: calendar.ts.
// A workflow takes types from ./types.js alone and nothing from here, which pulls in zod and luxon.
export type * from './types.js';
export { filledDocument, parsePlan, resolvePlan, type PlanOptions, type PlanResult, type Warning } from './parse.js';
export { printProblem, type Place, type Problem } from './problems.js';
export type { ProviderSchema, ProviderSchemas, ProviderSchemas as Providers } from './providers.js';
export { parseCondition, parseItem, type ConditionResult, type ItemResult } from './conditions.js';
export { printCondition } from './condition-print.js';
export { recordMetrics, reservedWords, type ConditionContext, type MetricFacts } from './condition-context.js';
export { allConditions, measuredBy, type PlacedCondition } from './all-conditions.js';
export { parseDuration, printDuration } from './durations.js';
export { convertUnit, unitFactor, withUnit } from './units.js';
export { exposesLess, isUnlimited, sizeOf, unlimited } from './ordering.js';
export { nextAllowed, nextStandUp, nominalTimes, quietUntil, reviewDates, whyNotAllowed, type NotAllowed } from './calendar.js';
export { detectionTimeMs, lintPlan, type Lint, type LintContext } from './lint.js';
export { fillSecrets, maskSecrets, secretNames, secretValues, type Environment } from './secrets.js';
export type { PlanFile } from './schema.js';
export { variantNames } from './variants.js';
export { planJsonSchema } from './json-schema.js';
