// A rollout that runs faster than it was planned: what may be asked for, how it is said, and lengths of its story that stand in the engine and not
// in the plan. The plan's own are divided before it comes here (src/plan/pace.ts, docs/pace.md). Pure; the command line uses it too.
import { shortened, soonestAnswer } from '../src/judgement/at-pace.js';
import type { Ms } from '../src/judgement/types.js';
import type { Pace, ResolvedPlan } from '../src/plan/types.js';

export const fastest = 100_000;
export const isPace = (given: unknown): given is number => typeof given === 'number' && Number.isFinite(given) && given >= 1 && given <= fastest;
export const paceInWords = ({ times }: Pick<Pace, 'times'>): string => `${times} times as fast as planned`;

/** @param least what it does not fall under */
export const paced = ({ pace }: Pick<ResolvedPlan, 'pace'>, ms: Ms, least: Ms = soonestAnswer): Ms => (pace === undefined ? ms : shortened(ms, pace.times, least));
