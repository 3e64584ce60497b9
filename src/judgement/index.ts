// Judgement is pure: measurements in, verdicts out. No clock, no logger, no await, no import from outside this folder.
export * from './types.js';
export * from './look-types.js';
