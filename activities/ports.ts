// The ports that activities work through. Production: src/engine/ports.ts; rehearsal: src/engine/rehearsal.ts. Nothing here knows which.
import type { EpochMs } from '../src/judgement/types.js';
import type { ProviderSchemas } from '../src/plan/providers.js';
import type { Variables } from '../src/environment/variables.js';
import type { CommandSettings, EnvironmentSource } from '../src/plan/types.js';
import type { TargetProvider } from '../src/targets/port.js';
import type { SourceProvider } from '../src/sources/port.js';
import type { ChannelProvider } from '../src/channels/port.js';
import type { JournalStore } from '../src/journal/port.js';
import type { Meters } from '../src/metrics/port.js';
import type { CommandOutput, FollowUpInput, IncidentInput, ReviewsInput } from './types.js';

/** Time is a port: real in production, the skipping server's clock in a rehearsal. No activity asks another clock. */
export interface Clock {
  now(): Promise<EpochMs>;
  /** the time after some work that began at `asOf`; on a skipping clock work takes no time */
  after(asOf: EpochMs): EpochMs;
}

/** What activities need of the engine itself. */
export interface EnginePort {
  /** Heartbeat details of a pending activity, whether an attempt of it is running now, and whether any ever began; null: it is not pending any more. @throws transient */
  pending(workflowId: string, activityId: string): Promise<{ readonly running: boolean; readonly begun: boolean; readonly details: unknown } | null>;
  /** Claims `key` for `rollout`; claiming what one holds is success. A claim whose holder has ended is taken over. @throws ClaimTaken naming the holder */
  claim(key: string, rollout: string, workflowId: string): Promise<void>;
  /** Frees the claim if `workflowId` holds it; freeing what is free is success. */
  release(key: string, workflowId: string): Promise<void>;
  /** Holds that `name` is moved by nobody, beside others who hold the same; returns the claim's key, for `release`. @throws ClaimTaken naming who moves it */
  protect(name: string, rollout: string, workflowId: string): Promise<string>;
  /** @throws ClaimTaken naming a rollout other than `workflowId` that protects `name` */
  unprotected(name: string, workflowId: string): Promise<void>;
  /** Creates what is missing of the reviews' schedules; returns their ids. */
  scheduleReviews(input: ReviewsInput): Promise<readonly string[]>;
  startFollowUp(input: FollowUpInput): Promise<string>;
  /** Lets an incident go on by itself, from where it stands; one that goes on already is left alone. */
  startIncident(input: IncidentInput): Promise<string>;
}

export interface Ports {
  readonly clock: Clock;
  readonly providers: ProviderSchemas;
  readonly target: (provider: string) => TargetProvider;
  readonly source: (provider: string) => SourceProvider;
  readonly channel: (provider: string) => ChannelProvider;
  readonly runCommand: (name: string, settings: CommandSettings, values: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<CommandOutput>;
  /** The variables of an environment, as they are now. @throws FinalError ENVIRONMENT_UNREADABLE, COMMAND_NOT_ALLOWED, COMMAND_NOT_FOUND */
  readonly environment: (source: EnvironmentSource, signal: AbortSignal) => Promise<Variables>;
  readonly journal: JournalStore;
  readonly engine: EnginePort;
  readonly meters: Meters;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The dead man's ping: best effort, never awaited for judgement. */
  readonly ping: (url: string) => void;
}
