// Targets held in memory: for rehearsals, for tests of everything above the port, and for trying a plan without touching anything. Passes the
// conformance suite like the others. Trouble is ordered only where the world is made: its own constructor takes it.
import { z } from 'zod';
import type { EpochMs, Ms } from '../judgement/types.js';
import type { ProviderSchema } from '../plan/providers.js';
import type { TargetValue } from '../plan/types.js';
import { TargetConflict, TargetRefused, TargetUnreachable, TargetUnverified, type TargetProvider, type TargetRef } from './port.js';
import { problemsOf } from './settings.js';

const settingsSchema = z.strictObject({
  /** the name it is held under; default the target's id */
  key: z.string().min(1).optional(),
  /** what it stands at before anything is written; default 0 */
  start: z.union([z.number(), z.string()]).optional(),
});

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: 'key', unlimited: (_settings, is) => (is === null ? 'memory holds a number or a text, not null' : null) };

/** What goes wrong. Whatever is 'later' counts on the clock given to the constructor. */
export type MemoryFault =
  | { readonly kind: 'refused'; readonly why?: string }
  /** the outcome stays unknown to the caller; `landed` says what it was */
  | { readonly kind: 'unreachable'; readonly landed: boolean }
  /** like unreachable, and the write takes effect this much later, whatever was written in between */
  | { readonly kind: 'late'; readonly byMs: Ms }
  /** accepted, but users and readers see the old value this much longer */
  | { readonly kind: 'lag'; readonly ms: Ms }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'unverified' }
  /** no answer until the caller gives up */
  | { readonly kind: 'hang' };

export interface FaultRule {
  /** key of the target; null: every one */
  readonly target: string | null;
  readonly call: 'read' | 'write' | 'verify';
  /** default: always */
  readonly from?: EpochMs;
  readonly to?: EpochMs;
  /** how many calls it strikes; default: all */
  readonly times?: number;
  /** only writes of this value */
  readonly value?: TargetValue;
  readonly fault: MemoryFault;
}

/** Somebody else's change. */
export interface Drift { readonly target: string; readonly at: EpochMs; readonly value: TargetValue }

/** One thing that really happened to a target, in order. */
export interface Effect { readonly at: EpochMs; readonly target: string; readonly value: TargetValue; readonly by: 'write' | 'drift'; readonly key: string | null }

export interface MemoryOptions {
  /** default: the real clock */
  readonly now?: () => EpochMs;
  readonly faults?: readonly FaultRule[];
  readonly drift?: readonly Drift[];
}

/** The world that memory targets stand in; hold on to it to see what happened or to change something by another's hand. */
export class MemoryTargets {
  private readonly values = new Map<string, TargetValue>();
  private readonly pending: (Effect & { readonly shows: EpochMs })[] = [];
  private readonly struck = new Map<FaultRule, number>();
  private readonly happened: Effect[] = [];
  readonly now: () => EpochMs;
  private readonly faults: readonly FaultRule[];

  constructor({ now = () => Date.now(), faults = [], drift = [] }: MemoryOptions = {}) {
    this.now = now;
    this.faults = faults;
    for (const { target, at, value } of drift) this.pending.push({ at, shows: at, target, value, by: 'drift', key: null });
  }

  /** Somebody else changes it, now. */
  change(target: string, value: TargetValue): void { this.put({ at: this.now(), target, value, by: 'drift', key: null }, 0); }

  /** What it stands at; null: nobody wrote it yet. */
  standsAt(target: string): TargetValue | null { this.settle(); return this.values.get(target) ?? null; }

  /** Every effect so far, in the order in which they took effect. */
  effects(): readonly Effect[] { this.settle(); return this.happened; }

  /** @internal for the provider below */
  put(effect: Effect, inMs: Ms): void { this.pending.push({ ...effect, shows: effect.at + inMs }); this.settle(); }

  /** @internal the rule that strikes this call, used up by one; null: none */
  strike(call: FaultRule['call'], target: string, value: TargetValue | null): MemoryFault | null {
    const now = this.now();
    const rule = this.faults.find((one) => one.call === call && (one.target === null || one.target === target) && (one.value === undefined || one.value === value)
      && now >= (one.from ?? Number.NEGATIVE_INFINITY) && now < (one.to ?? Number.POSITIVE_INFINITY) && (this.struck.get(one) ?? 0) < (one.times ?? Number.POSITIVE_INFINITY));
    if (rule === undefined) return null;
    this.struck.set(rule, (this.struck.get(rule) ?? 0) + 1);
    return rule.fault;
  }

  /** What is due takes effect, oldest first; of two at one instant the one that was ordered first. */
  private settle(): void {
    const now = this.now();
    const due = this.pending.filter((one) => one.shows <= now).sort((a, b) => a.shows - b.shows);
    for (const one of due) {
      this.pending.splice(this.pending.indexOf(one), 1);
      const { shows, ...effect } = one;
      this.values.set(one.target, one.value);
      this.happened.push({ ...effect, at: shows });
    }
  }
}

export function createMemory(world: MemoryTargets): TargetProvider {
  const keyOf = (target: TargetRef): string => (typeof target.settings['key'] === 'string' ? target.settings['key'] : target.id);
  const valueOf = (target: TargetRef): TargetValue => world.standsAt(keyOf(target)) ?? (target.settings['start'] as TargetValue | undefined) ?? 0;

  /** @returns the fault that lets the call go on in its own way; throws for the others */
  async function meet(call: FaultRule['call'], target: TargetRef, value: TargetValue | null, signal: AbortSignal): Promise<MemoryFault | null> {
    if (signal.aborted) throw unreachable(target, 'given up before it was done');
    const fault = world.strike(call, keyOf(target), value);
    switch (fault?.kind) {
      case undefined: return null;
      case 'refused': throw new TargetRefused({ code: 'TARGET_REFUSED', where: target.id, what: `${call} was refused${fault.why === undefined ? '' : `: ${fault.why}`}.`, means: 'Nothing was changed.', todo: 'Remove the reason and try again.' });
      case 'conflict': throw conflict(target, 'somebody changed it meanwhile');
      case 'unverified': throw new TargetUnverified({ code: 'TARGET_UNVERIFIED', where: target.id, what: `users do not get ${value ?? 'it'}.`, means: 'The write did not reach them.', todo: 'Look at the target itself.' });
      case 'hang':
        await new Promise<void>((resolve) => { signal.addEventListener('abort', () => resolve(), { once: true }); });
        throw unreachable(target, 'no answer until the call was given up');
      case 'unreachable': if (call !== 'write') throw unreachable(target, 'not reached'); return fault;
      case 'late': case 'lag': return fault;
    }
  }

  return {
    name: 'memory',
    check: (target, values) => problemsOf(schema, target.settings, values),
    claimKey: keyOf,
    async read(target, { signal }) {
      await meet('read', target, null, signal);
      const value = valueOf(target);
      return { value, detail: `in memory: ${value}` };
    },
    async write(target, value, expected, { signal, key }) {
      const fault = await meet('write', target, value, signal);
      const now = valueOf(target);
      if (now !== value && expected !== null && now !== expected) throw conflict(target, `it stands at ${now}, not at ${expected} as read before`);
      const effect: Effect = { at: world.now(), target: keyOf(target), value, by: 'write', key };
      if (now !== value && (fault === null || fault.kind !== 'unreachable' || fault.landed)) world.put(effect, fault?.kind === 'late' ? fault.byMs : fault?.kind === 'lag' ? fault.ms : 0);
      if (fault?.kind === 'unreachable' || fault?.kind === 'late') throw unreachable(target, 'the connection broke while it was written');
    },
    async verify(target, value, { signal }) {
      await meet('verify', target, value, signal);
      const now = valueOf(target);
      if (now !== value) throw new TargetUnverified({ code: 'TARGET_UNVERIFIED', where: target.id, what: `it stands at ${now}, not at ${value}.`, means: 'Users do not get what was written.', todo: 'Look at the target itself.' });
      return `in memory: ${value}`;
    },
  };
}

function conflict(target: TargetRef, what: string): TargetConflict {
  return new TargetConflict({ code: 'TARGET_CHANGED', where: target.id, what: `${what}.`, means: 'Nothing was written.', todo: 'Find out who changed it; then adopt the value, restore ours, or roll back.' });
}
function unreachable(target: TargetRef, what: string): TargetUnreachable {
  return new TargetUnreachable({ code: 'TARGET_UNREACHABLE', where: target.id, what: `${what}.`, means: 'What became of it is not known.', todo: 'It is read back and tried again.' });
}
