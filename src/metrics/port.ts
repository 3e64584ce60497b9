// What activities tell the outside about a rollout in numbers. Observing never throws, never waits and never decides anything; what is
// exported under which name is meters.ts, served by src/server/health.ts.
import type { EpochMs, Ms, Verdict } from '../judgement/types.js';

/** One look, told at its end. */
export interface LookObserved {
  readonly rollout: string;
  readonly phase: string | null;
  readonly asOf: EpochMs;
  /** when this look was due (the schedule's instant, not when a slot came free); null: it was ordered, or the first */
  readonly dueAt: EpochMs | null;
  /** when the next one is due; null: the watch returned and a new one will say */
  readonly nextDueAt: EpochMs | null;
  /** from the attempt's start to its end, by this machine's clock */
  readonly tookMs: Ms;
  readonly verdicts: readonly Verdict[];
}

/** A state of the rollout, in the words of `RolloutState`; a final one (`completed`, …) ends the rollout's series here. */
export interface StateObserved { readonly rollout: string; readonly state: string; readonly phase: string | null; readonly at: EpochMs }
/** Everything that is open now; `oldestAskedAt` null: nothing is. */
export interface AsksObserved { readonly rollout: string; readonly open: number; readonly oldestAskedAt: EpochMs | null; readonly at: EpochMs }
/** What the workflow's outbox still holds, after the batch that was just written or failed to be written. */
export interface UnsentObserved { readonly rollout: string; readonly journal: number; readonly messages: number; readonly at: EpochMs }
export interface RollbackObserved { readonly rollout: string; readonly decidedAt: EpochMs; /** the last target was read back as undone; null: it never was */ readonly readBackAt: EpochMs | null; readonly outcome: 'rolled-back' | 'rollback-incomplete' | 'held' }
export interface WriteObserved { readonly rollout: string; readonly provider: string; readonly direction: 'forward' | 'back'; readonly result: 'done' | 'refused' | 'conflict' | 'unreachable' | 'unverified'; readonly tookMs: Ms }
export interface PeriodObserved { readonly rollout: string; readonly what: 'phase' | 'rollout' | 'ask' | 'hold'; readonly tookMs: Ms }

export interface Meters {
  observeLook(look: LookObserved): void;
  observeState(state: StateObserved): void;
  observeAsks(asks: AsksObserved): void;
  observeUnsent(unsent: UnsentObserved): void;
  observeRollback(rollback: RollbackObserved): void;
  observeWrite(write: WriteObserved): void;
  /** How long something took that may take weeks. */
  observePeriod(period: PeriodObserved): void;
  /** One delivery attempt to one channel. */
  observeMessage(message: { readonly channel: string; readonly result: 'sent' | 'refused' | 'unreachable' }): void;
  /** One request to the inbound listener; `route` 'none': there is no such route. */
  observeInbound(request: { readonly route: string; readonly result: string }): void;
  /** One alert of a group that Alertmanager sent. */
  observeInboundAlert(alert: { readonly result: string }): void;
  /** The rollout is over: its series go. */
  forget(rollout: string): void;
}

/** For rehearsals and for tests of other things. */
export const noMeters: Meters = {
  observeLook() {}, observeState() {}, observeAsks() {}, observeUnsent() {}, observeRollback() {}, observeWrite() {}, observePeriod() {}, observeMessage() {}, observeInbound() {}, observeInboundAlert() {}, forget() {},
};
