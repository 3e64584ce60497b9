// The rehearsed world: targets in memory, metrics that are healthy unless the scenario says otherwise, people who answer after a while, events
// and foreign hands. Only clock and ports differ from production; everything that judges and acts is the same code.
import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { Client } from '@temporalio/client';
import type { EpochMs, Measurement, Point } from '../../judgement/types.js';
import { sizeOf } from '../../plan/ordering.js';
import type { ResolvedPlan, TargetValue } from '../../plan/types.js';
import type { Message } from '../../channels/port.js';
import type { MetricRef, SourceProvider } from '../../sources/port.js';
import { TargetConflict, TargetNeedsPerson, TargetRefused, TargetUnreachable, type TargetProvider } from '../../targets/port.js';
import { taskQueue } from '../../../workflows/messages.js';
import type { CommandOutput, Finding } from '../../../activities/types.js';
import { healthOf, type Health } from './health.js';
import { instantOf, parseWhen, type Scenario, type Stretch, type When } from './scenario.js';

const defaultAnswerMs = 15 * 60_000;

interface Timed<T> { readonly when: When; readonly what: T }

export class World {
  readonly values = new Map<string, TargetValue>();
  readonly movedAt = new Map<string, EpochMs>();
  readonly messages: Message[] = [];
  private readonly health: ReadonlyMap<string, Health>;
  private readonly stretches = new Map<string, Timed<Stretch>[]>();
  /** exposure over time: a counter grows while it is above what it was */
  private readonly exposure: { at: EpochMs; on: boolean }[] = [];
  private readonly failedWrites = new Map<unknown, number>();
  private readonly failedCommands = new Map<unknown, number>();
  private readonly answeredTimes = new Map<unknown, number>();
  private readonly launched = new Set<unknown>();
  private readonly acts: { readonly afterMs: number; readonly signal: string; readonly payload: unknown }[] = [];

  constructor(readonly plan: ResolvedPlan, readonly scenario: Scenario, readonly startedAt: EpochMs, readonly workflowId: string, private readonly client: Client, private readonly clock: () => Promise<EpochMs>, private readonly file: string) {
    this.health = healthOf(plan);
    for (const target of plan.targets) this.values.set(target.id, scenario.targets?.[target.id] ?? target.protected?.standsAt ?? (typeof firstValue(plan, target.id) === 'string' && target.unlimited === null ? 'before' : target.safer === 'higher' ? 100 : 0));
    const add = (metric: string, list: readonly Stretch[]): void => { this.stretches.set(metric, [...(this.stretches.get(metric) ?? []), ...list.map((what) => ({ when: parseWhen(what.at, plan, file), what }))]); };
    for (const [metric, list] of Object.entries(scenario.metrics ?? {})) for (const name of metric === '*' ? plan.metrics.map((one) => one.name) : [metric]) add(name, list);
    for (const [severity, list] of Object.entries(scenario.alerts ?? {})) add(`alerts(${severity})`, list);
    for (const name of this.stretches.keys()) if (!plan.metrics.some((metric) => metric.name === name)) throw new TypeError(`${file}: the plan has no metric '${name}'`);
    for (const happening of this.happenings()) parseWhen(happening.at, plan, file);
  }

  private happenings() { return [...(this.scenario.events ?? []), ...(this.scenario.drift ?? []), ...(this.scenario.commandsGiven ?? [])]; }

  /** Starts what is due by the calendar at once, and what hangs on a phase when that has moved. */
  async launch(): Promise<void> {
    const now = await this.clock();
    for (const happening of this.happenings()) {
      const at = instantOf(parseWhen(happening.at, this.plan, this.file), this);
      if (at === null || this.launched.has(happening)) continue;
      this.launched.add(happening);
      const afterMs = Math.max(0, at - now);
      if ('event' in happening) for (let n = 1; n <= (happening.times ?? 1); n++) this.act('report', { event: happening.event, by: happening.by ?? 'scenario', eventId: `${happening.event}/${at}/${n}` }, afterMs);
      else if ('to' in happening) await this.start('hand', { afterMs, target: happening.target, to: happening.to });
      else this.act(happening.give, { by: happening.by, ...happening.with }, afterMs);
    }
    await this.startActors();
  }

  private act(signal: string, payload: unknown, afterMs: number): void { this.acts.push({ afterMs, signal, payload }); }
  /** Who acts at the same instant does so by one workflow: a checklist has dozens of answers. */
  private async startActors(): Promise<void> {
    const acts = this.acts.splice(0);
    for (const afterMs of new Set(acts.map((one) => one.afterMs))) await this.start('actor', { workflowId: this.workflowId, afterMs, signals: acts.filter((one) => one.afterMs === afterMs).map(({ signal, payload }) => ({ signal, payload })) });
  }
  private async start(workflow: string, input: unknown): Promise<void> {
    await this.client.workflow.start(workflow, { taskQueue, workflowId: `rehearsed/${randomUUID()}`, args: [input] });
  }

  // ── metrics ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
  source(provider: string): SourceProvider {
    const ranged = provider === 'prometheus';
    return {
      name: provider, ranged: () => ranged, check: () => [],
      measure: async (metric, from, to) => {
        if (!ranged) return [{ at: to, measurement: this.at(metric, to) }];
        const points: Point[] = [];
        for (let at = (Math.floor(from / metric.stepMs) + 1) * metric.stepMs; at < to; at += metric.stepMs) points.push({ at, measurement: this.at(metric, at) });
        points.push({ at: to, measurement: this.at(metric, to) });
        return points;
      },
    };
  }

  private at(metric: MetricRef, at: EpochMs): Measurement {
    const injected = this.stretches.get(metric.name)?.findLast(({ when, what }) => {
      const from = instantOf(when, this);
      return from !== null && at >= from && (what.for === undefined || at < from + what.for);
    })?.what;
    if (injected?.firing !== undefined) return { kind: 'value', value: injected.firing.length, members: injected.firing };
    if (injected?.value !== undefined) return { kind: 'value', value: injected.value, samples: 10_000 };
    switch (injected?.is) {
      case 'missing': return { kind: 'noData', detail: 'the scenario has no data here' };
      case 'NaN': return { kind: 'nonFinite', value: 'NaN' };
      case 'several': return { kind: 'ambiguous', series: 2 };
      case 'error': return { kind: 'providerError', code: 'SCENARIO', detail: 'the scenario lets the provider fail here' };
      case 'idle': return { kind: 'idle', samples: 0 };
      case undefined: break;
    }
    if (metric.members) return { kind: 'value', value: 0, members: [] };
    const health = this.health.get(metric.name)!;
    if (health.counts) return { kind: 'value', value: this.counted(at), samples: 10_000 };
    const share = health.improves ? 0.5 ** ((at - this.startedAt) / (14 * 86_400_000)) : 1;
    const value = health.improves && health.better === 'higher' ? health.base * (2 - share) : health.base * share;
    return { kind: 'value', value: Math.round(value * 1e6) / 1e6, samples: 10_000 };
  }

  /** One a second while exposed. */
  private counted(at: EpochMs): number {
    let sum = 0;
    for (const [index, stretch] of this.exposure.entries()) if (stretch.on && stretch.at < at) sum += Math.min(at, this.exposure[index + 1]?.at ?? Infinity) - stretch.at;
    return Math.round(sum / 1000);
  }

  // ── targets ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
  target(provider: string): TargetProvider {
    const manual = provider === 'manual';
    const verify = async (id: string, value: TargetValue): Promise<string> => `reads ${String(value)} in the rehearsed world (${id})`;
    return {
      name: provider, check: () => [], claimKey: (target) => target.id,
      read: async (target) => {
        if (manual) throw new TargetNeedsPerson({ code: 'TARGET_MANUAL', what: 'is moved by hand', where: target.id });
        return { value: this.values.get(target.id) ?? 0, detail: 'rehearsed' };
      },
      write: async (target, value, expected) => {
        if (manual) throw new TargetNeedsPerson({ code: 'TARGET_MANUAL', what: `is moved by hand to ${value}`, where: target.id });
        const now = await this.clock();
        const fault = this.writeFault(target.id, expected === null ? 'back' : 'forward', now);
        if (fault === 'unreachable') throw new TargetUnreachable({ code: 'SCENARIO', what: 'the scenario lets this write fail', where: target.id });
        if (fault === 'by hand') throw new TargetNeedsPerson({ code: 'SCENARIO', what: 'the scenario has this write approved or made by a person', where: target.id });
        if (fault === 'refused') throw new TargetRefused({ code: 'SCENARIO', what: 'the scenario lets this write be refused', where: target.id });
        if (expected !== null && this.values.get(target.id) !== expected) throw new TargetConflict({ code: 'TARGET_DRIFTED', what: `stands at ${this.values.get(target.id)}`, where: target.id });
        this.put(target.id, value, now);
        if (fault === 'after effect') throw new TargetUnreachable({ code: 'SCENARIO', what: 'the scenario lets the answer to this write get lost', where: target.id });
      },
      verify: (target, value) => verify(target.id, value),
    };
  }

  /** By a move, an undo or somebody's hand. */
  put(target: string, value: TargetValue, now: EpochMs): void {
    this.values.set(target, value);
    this.exposure.push({ at: now, on: [...this.values].some(([id, one]) => (sizeOf(this.plan.targets.find((target) => target.id === id) ?? { unlimited: null }, one) ?? 0) > 0) });
  }

  private writeFault(target: string, direction: 'forward' | 'back', now: EpochMs): 'unreachable' | 'refused' | 'after effect' | 'by hand' | null {
    for (const write of this.scenario.writes ?? []) {
      if (write.target !== target || ((write.direction ?? 'forward') !== 'both' && (write.direction ?? 'forward') !== direction)) continue;
      const at = write.at === undefined ? 0 : instantOf(parseWhen(write.at, this.plan, this.file), this);
      const failed = this.failedWrites.get(write) ?? 0;
      if (at === null || now < at || (write.fails !== 'always' && failed >= write.fails)) continue;
      this.failedWrites.set(write, failed + 1);
      return write.how ?? 'unreachable';
    }
    return null;
  }

  command(name: string, text: string): CommandOutput {
    const fault = this.scenario.commands?.find((one) => (name.includes(one.command) || text.includes(one.command)) && (one.fails === 'always' || (this.failedCommands.get(one) ?? 0) < (one.fails ?? 0)));
    if (fault === undefined) return { ok: true, exitCode: 0, output: `rehearsed, not run: ${text}`, timedOut: false, durationMs: 0 };
    this.failedCommands.set(fault, (this.failedCommands.get(fault) ?? 0) + 1);
    if (fault.how === 'cut off') throw ApplicationFailure.nonRetryable(`${name}: the scenario cuts it off`, 'CommandCutOff');
    return { ok: false, exitCode: 1, output: fault.output ?? 'the scenario lets this command fail', timedOut: false, durationMs: 0 };
  }

  /** A probe or an environment is as it is wanted, unless the scenario lets the check of that name fail as a command would. */
  async check(name: string): Promise<Finding> {
    const { ok, output } = this.command(name, name);
    return ok ? { verdict: 'pass', finding: 'rehearsed, not looked at' } : { verdict: 'fail', finding: output };
  }

  // ── people ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
  /** Every message reaches the rehearsed people, whatever the plan's channels are. */
  async tell(messages: readonly Message[]): Promise<void> {
    for (const message of messages) {
      if (this.messages.some((one) => one.key === message.key)) continue;
      this.messages.push(message);
      if (message.topic === 'phase-moved' && message.phase !== null) { this.movedAt.set(message.phase, message.at); await this.launch(); }
      if (message.topic === 'ask' && message.answers !== null && message.ask !== null) this.answer(message.ask, message.answers);
    }
    await this.startActors();
  }

  /** The rollout has ended: the curtain falls. */
  async end(): Promise<void> { await this.client.workflow.getHandle(curtainId(this.workflowId)).signal('fall').catch(() => undefined); }

  /** People give each ask its healthy answer; the scenario may have them late, wrong, somebody else, or silent. */
  private answer(ask: string, { options, healthy, from, needs, withinMs }: NonNullable<Message['answers']>): void {
    const own = (this.scenario.answers ?? []).filter((one) => (one.ask === ask || one.ask === ask.replace(/\/\d+$/, '')) && (this.answeredTimes.get(one) ?? 0) < (one.times ?? Infinity));
    for (const one of own) this.answeredTimes.set(one, (this.answeredTimes.get(one) ?? 0) + 1);
    const afterMs = this.scenario['answers after'] ?? Math.min(defaultAnswerMs, withinMs === null ? Infinity : withinMs / 2);
    if (own.some((one) => one.never === true)) return;
    if (own.length === 0) { for (const by of from.slice(0, needs)) this.act('answer', { ask, by, value: healthy }, afterMs); return; }
    for (const one of own) {
      const people = one.by === undefined ? from.slice(0, needs) : typeof one.by === 'string' ? [one.by] : one.by;
      for (const by of people) this.act('answer', { ask, by, value: one.value ?? healthy, reason: one.reason ?? (one.value === undefined || options.includes(String(one.value)) ? '' : 'scenario') }, one.after ?? afterMs);
    }
  }
}

export const curtainId = (workflowId: string): string => `curtain/${workflowId}`;

function firstValue(plan: ResolvedPlan, target: string): TargetValue | undefined {
  return plan.phases.flatMap((phase) => phase.moves).find((move) => move.target === target)?.to;
}
