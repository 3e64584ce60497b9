// Exactly what is registered with Temporal, and nothing else.
export { rollout } from './rollout.js';
export { claim } from './claim.js';
export { review } from './review.js';
export { followUp } from './follow-up.js';
export { incident } from './incident.js';
