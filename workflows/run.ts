// Run: the state of one rollout and the few verbs that everything else is written in: wait, note, tell, hold. Waiting is where a demand
// (roll back, stop) reaches the story: it is thrown there, so that the story itself stays a straight line.
import { condition, isCancellation, log, patched, workflowInfo } from '@temporalio/workflow';
import type { EpochMs, Severity } from '../src/judgement/types.js';
import type { ChannelRef, JsonValue, Phase, ResolvedTarget } from '../src/plan/types.js';
import type { AmendCommand, Hold, HoldReason } from './messages.js';
import { isBaking } from './soaks.js';
import type { Demand, PhaseRecord, State } from './state.js';

/** One occurrence of something whose end is told, and how grave it was. */
export interface Matter { readonly matter: string; readonly severity: Severity }
const matterOfHold = ({ reason, since }: Hold): string => `hold-${reason}@${since}`;
const distinct = (channels: readonly ChannelRef[]): ChannelRef[] => [...new Map(channels.map((channel) => [JSON.stringify(channel), channel])).values()];

/** Thrown from a wait when a rollback or a stop has been demanded. Caught once, in rollout.ts. */
export class Interrupted extends Error {
  constructor(readonly demand: Demand) { super(demand.kind); this.name = 'Interrupted'; }
}
/** Thrown from a wait when the run is to be continued as new; every coroutine ends by it. Caught for the story in rollout.ts, for all else below. */
export class Leaving extends Error {
  constructor() { super('leaving'); this.name = 'Leaving'; }
}
/** A part of a phase failed for good: what the phase has changed so far goes back as one (compensation.ts), then people are asked. */
export class PartFailed extends Error {
  constructor(readonly part: string, readonly why: string) { super(why); this.name = 'PartFailed'; }
}
/** A coroutine beside the story ends with it, and that is no failure. */
export async function besideTheStory(coroutine: Promise<void>): Promise<void> {
  try { await coroutine; } catch (error) { if (!(error instanceof Leaving) && !isCancellation(error)) throw error; }
}

/** Holds from the gravest to the lightest: the first is the headline. */
const holdOrder: readonly HoldReason[] = ['protected', 'write-failed', 'trigger', 'drift', 'command-failed', 'check-failed', 'rolled-back-to', 'rejected', 'unanswered', 'paused', 'unknown', 'gate', 'journal', 'freeze', 'hours'];
/** Holds that leave the soak's clean time alone: nothing is wrong, only forward moves wait. */
const harmless: readonly HoldReason[] = ['freeze', 'hours', 'gate', 'check-failed', 'unanswered', 'journal', 'unknown'];

export class Run {
  /** the rollout is over: coroutines end */
  over = false;
  /** continue-as-new is wanted: coroutines end at their next wait */
  leaving = false;
  /** waits that the story stands in */
  private waits = 0;
  /** grows whenever the watch must be set up anew: its rules depend on what changed */
  rewatch = 0;
  /** look reports absorbed so far, and the one that is asked for at once */
  reports = 0;
  lookAsked = 0;
  lookSeen = 0;
  /** grows whenever those who guard protected targets must say what they know, or must know something new */
  reguard = 0;
  /** per host: the latest of these that its guard has heard */
  readonly guardsSaid = new Map<string, number>();
  /** the guards have said what they know and are gone: the end is being written down */
  unguarded = false;
  /** amended plans, not resolved yet */
  readonly amendments: AmendCommand[] = [];
  /** activities of which continue-as-new must wait for the end */
  inFlight = 0;
  /** ends when no command of a step is running any more */
  stepUnderWay: Promise<void> = Promise.resolve();
  /** steps of incidents that are being taken: each is taken once, so they are waited for */
  incidentSteps = 0;
  /** Begun by 0.2.0 or later; runs of before go on as they began (docs/decisions/0006). */
  readonly since020 = patched('0.2.0');

  constructor(readonly state: State, readonly maxHistoryEvents: number | null) {}

  get plan() { return this.state.plan; }
  get phase(): Phase | null { return this.plan.phases[this.state.phaseIndex] ?? null; }
  get record(): PhaseRecord | null { return this.state.phases[this.state.phaseIndex] ?? null; }
  get phaseName(): string | null { return this.phase?.phase ?? (isBaking(this.state) ? 'baking' : null); }
  now(): EpochMs { return Date.now(); }

  target(id: string): ResolvedTarget {
    const found = this.plan.targets.find((target) => target.id === id);
    if (found === undefined) throw new Error(`the resolved plan names an unknown target: ${id}`);
    return found;
  }

  /** Waits until `done`, a demand, or the instant `at`; answers whether `done` holds. @throws Interrupted, Leaving */
  async until(done: () => boolean, at: EpochMs | null = null): Promise<boolean> {
    const woken = (): boolean => this.state.demand !== null || this.leaving || done();
    this.waits++;
    try { await this.wakeOr(woken, at); } finally { this.waits--; }
    // Whatever else has come at the same time stands in the state, and the next run takes it up: here nothing is watched or written any more.
    if (this.leaving && this.since020) throw new Leaving();
    if (this.state.demand !== null) throw new Interrupted(this.state.demand);
    if (done()) return true;
    if (this.leaving) throw new Leaving();
    return false;
  }

  /** The same for coroutines beside the story: they are not interrupted by a demand, only ended with the rollout. @throws Leaving */
  async beside(done: () => boolean, at: EpochMs | null = null): Promise<boolean> {
    await this.wakeOr(() => this.over || this.leaving || done(), at);
    if (this.over || this.leaving) throw new Leaving();
    return done();
  }

  /** Awaits an activity of the story, unless a demand comes first: then the story leaves it behind. @throws Interrupted */
  async orDemand<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const mark = work.then(() => { settled = true; }, () => { settled = true; });
    await condition(() => settled || this.state.demand !== null);
    if (!settled && this.state.demand !== null) throw new Interrupted(this.state.demand);
    await mark;
    return work;
  }

  private async wakeOr(woken: () => boolean, at: EpochMs | null): Promise<void> {
    if (at === null) return condition(woken);
    const remainingMs = at - this.now();
    // A timer of 0 would be a marker in history; a due instant is simply past.
    if (remainingMs <= 0) return;
    await condition(woken, remainingMs);
  }

  /** One entry of the record. The outbox (outbox.ts) writes it in order, however late. */
  note(kind: string, text: string, detail: JsonValue = null, actor = 'tidegate'): void {
    // Whatever still ran when the rollout ended has nothing to add: its record is closed, and who was to be told has been.
    if (this.over && this.since020) return;
    const { outbox } = this.state;
    outbox.entries.push({ seq: outbox.nextSeq++, at: this.now(), kind, phase: this.phaseName, actor, text, detail });
    this.state.updatedAt = this.now();
    log.info(text, { rollout: this.state.rollout, phase: this.phaseName, kind });
  }

  /** Tells people: by the channels of the severity, and of the people addressed. Never waits. */
  tell(severity: Severity | 'ask', topic: string, title: string, body = '', about: { to?: readonly string[]; ask?: string; answers?: NonNullable<State['outbox']['messages'][number]['message']['answers']>; channels?: readonly ChannelRef[]; matter?: string; /** told where what is over was told, too */ ends?: readonly Matter[] } = {}): void {
    if (this.over && this.since020) return;
    const { outbox } = this.state;
    const key = `${this.state.rollout}/${outbox.nextMessage++}`;
    const to = about.to ?? [];
    outbox.messages.push({
      message: { key, rollout: this.state.rollout, phase: this.phaseName, severity, topic, title, body, to, ask: about.ask ?? null, answers: about.answers ?? null, ...(about.matter === undefined ? {} : { matter: about.matter }), ...(about.ends === undefined ? {} : { ends: about.ends.map((one) => one.matter) }), at: this.now() },
      channels: about.channels ?? distinct([...this.channelsOf(severity, to), ...(about.ends ?? []).flatMap((one) => this.channelsOf(one.severity, []))]), attempts: 0, notBefore: 0,
    });
    this.note('message', title, { key, severity, topic, to: [...to] });
  }

  channelsOf(severity: Severity | 'ask', to: readonly string[]): ChannelRef[] {
    const own = this.plan.people.filter((person) => to.includes(person.id)).flatMap((person) => person.channels);
    const common = severity === 'ask' ? this.plan.channels.asks : this.plan.channels[severity];
    return distinct([...common, ...own]);
  }

  /** Stands still for a stated reason; once said, not said again. A changed message is kept but told only when `retell`. */
  hold(reason: HoldReason, message: string, by: string | null = null): boolean {
    const standing = this.state.holds.find((hold) => hold.reason === reason);
    if (standing !== undefined) {
      this.state.holds = this.state.holds.map((hold) => (hold === standing ? { ...hold, message } : hold));
      return false;
    }
    this.state.holds = [...this.state.holds, { reason, message, since: this.now(), by }].sort((a, b) => holdOrder.indexOf(a.reason) - holdOrder.indexOf(b.reason));
    this.note('hold', `held: ${message}`, { reason }, by ?? 'tidegate');
    if (!harmless.includes(reason)) this.rewatch++;
    return true;
  }

  /** Holds and tells people once. */
  holdAndTell(reason: HoldReason, message: string, severity: Severity = 'warning', to: readonly string[] = [this.plan.owner]): void {
    if (this.hold(reason, message)) this.tellHold(reason, severity, to);
  }

  /** People hear that it is held, and where they heard it also that it no longer is. */
  tellHold(reason: HoldReason, severity: Severity, to: readonly string[], body = ''): void {
    const standing = this.held(reason)!;
    this.state.holds = this.state.holds.map((hold) => (hold === standing ? { ...hold, told: severity } : hold));
    this.tell(severity, 'hold', `${this.state.rollout} is held: ${standing.message}`, body, { to, matter: matterOfHold(standing) });
  }

  /** What people were told that stands now, for a message that ends it. */
  heldMatters(): Matter[] {
    return this.state.holds.flatMap((hold) => (hold.told === undefined ? [] : [{ matter: matterOfHold(hold), severity: hold.told }]));
  }

  unhold(reason: HoldReason, why: string, by = 'tidegate'): boolean {
    const standing = this.state.holds.find((hold) => hold.reason === reason);
    if (standing === undefined) return false;
    this.state.holds = this.state.holds.filter((hold) => hold !== standing);
    this.note('hold-ended', `no longer held (${standing.message}): ${why}`, { reason, tookMs: this.now() - standing.since }, by);
    if (!harmless.includes(reason)) this.rewatch++;
    if (standing.told !== undefined && this.since020) this.tell('info', 'hold-ended', `${this.state.rollout} is no longer held: ${standing.message}`, why, { ends: [{ matter: matterOfHold(standing), severity: standing.told }] });
    return true;
  }

  held(reason: HoldReason): Hold | null { return this.state.holds.find((hold) => hold.reason === reason) ?? null; }
  /** Nothing stands in the way of a forward step, except the holds named. */
  free(except: readonly HoldReason[] = []): boolean { return this.state.holds.every((hold) => except.includes(hold.reason)); }
  /** Time that passes now is never clean. */
  get suspended(): boolean { return this.state.holds.some((hold) => !harmless.includes(hold.reason)); }

  /** A demand stands until the story has obeyed it; a deeper rollback supersedes a shallower one, never the reverse. */
  demand(demand: Demand): boolean {
    const standing = this.state.demand;
    if (standing !== null && depth(standing) >= depth(demand)) return false;
    this.state.demand = demand;
    return true;
  }

  /**
   * The story stands where it can be left. Elsewhere (in a rollback, a step, its last lines) it goes on with all that keeps it: who left then
   * would leave it unwatched, and its record unwritten.
   */
  get mayLeave(): boolean { return !this.since020 || (this.waits > 0 && this.state.demand === null); }

  /** Grown out of one run's history: to be continued at the next quiet point. */
  get shouldLeave(): boolean {
    const info = workflowInfo();
    return info.continueAsNewSuggested || (this.maxHistoryEvents !== null && info.historyLength > this.maxHistoryEvents);
  }
}

function depth(demand: Demand): number {
  switch (demand.kind) {
    case 'stop': return 0;
    case 'rollback': return demand.to.kind === 'start' ? 3 : demand.to.kind === 'phase' ? 2 : 1;
    case 'adopt-offline': return 4;
  }
}
