// What the failure of an activity says: its cause, without what wraps it. How product errors become such failures: activities/failure.ts.
import type { ActivityFailure } from '@temporalio/workflow';

export const reasonOf = (error: ActivityFailure): string => (error.cause instanceof Error ? error.cause.message : String(error.cause ?? error.message));
