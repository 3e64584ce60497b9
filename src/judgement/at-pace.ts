// How short a length becomes when a rollout runs so many times as fast as planned: the one formula for the plan (src/plan/pace.ts) and for what
// stands in the engine (workflows/pace.ts). Pure.
import type { Ms } from './types.js';

/** Nobody answers in less. */
export const soonestAnswer: Ms = 10_000;
/** @param least what it does not fall under; what was shorter before stays as it was */
export const shortened = (ms: Ms, times: number, least: Ms): Ms => Math.min(ms, Math.max(Math.round(ms / times), least));
