// Judgement is pure: measurements in, verdicts out. No clock, no logger, no await, no import from outside this folder.
export * from './types.js';
export * from './look-types.js';
export { changesKept, look, unknownLooksBeforeHold } from './look.js';
export { askFrom } from './ask-from.js';
export { judgeOnce, type Once } from './judge-once.js';
export { changesDelivered, emptyMemory, forgetTriggers, interruptSoak, restartSoak, startSoak } from './memory.js';
export { afterLook, longer, unbrokenFrom, type Unbroken, type Unwatched } from './unwatched.js';
export { summarise, summaryOf } from './summary.js';
export { gateOf } from './gate.js';
export { comparePeriods, periodOf, type Comparison } from './compare-periods.js';
export { packMemory, unpackMemory, type PackedMemory } from './pack.js';
export { referencesFor } from './references.js';
export { lengthInWords, numberInWords, quantityInWords, countInWords } from './words.js';
