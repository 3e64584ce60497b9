// scheduleReviews, startFollowUp and startIncident: work that outlives the rollout.
import type { Ports } from './ports.js';
import type { FollowUpInput, IncidentInput, ReviewsInput } from './types.js';

export const scheduleReviews = (ports: Ports) => (input: ReviewsInput): Promise<readonly string[]> => ports.engine.scheduleReviews(input);
export const startFollowUp = (ports: Ports) => (input: FollowUpInput): Promise<string> => ports.engine.startFollowUp(input);
export const startIncident = (ports: Ports) => (input: IncidentInput): Promise<string> => ports.engine.startIncident(input);
