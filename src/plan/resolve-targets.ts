// Targets and the values that phases move them to: units, caps, and the direction that exposes fewer people.
import { listed, nearest } from './did-you-mean.js';
import type { Place } from './problems.js';
import { isYes, lengthAt, type Reading } from './reading.js';
import { protectionOf, standsAtOf } from './resolve-protection.js';
import { checkSettings, providerOf, settingsOf, type Provided } from './resolve-settings.js';
import { targetKeys, type PhaseFile, type TargetFile } from './schema.js';
import type { PlannedMove, ResolvedTarget, TargetValue } from './types.js';
import { unlimited } from './ordering.js';
import { withUnit } from './units.js';

export function resolveTargets(reading: Reading): readonly ResolvedTarget[] {
  return Object.entries(reading.file.targets).flatMap(([id, target]): readonly ResolvedTarget[] => {
    const place: Place = ['targets', id];
    const ask = { entry: target, place, schemas: reading.providers.targets, what: 'target', ownKeys: targetKeys, defaults: {} };
    const provider = providerOf(reading, ask);
    const unit = unitOf(reading, id, target);
    const provided = provider === null ? { provider: '', settings: {}, sound: false } : settingsOf(reading, provider, ask);
    const off = unlimitedOf(reading, target, provided, unit, place);
    const resolved: ResolvedTarget = {
      // what is never moved has no direction of its own: whoever changed it, it goes back to where it stood
      id, unlimited: off, provider: provided.provider, settings: provided.settings, safer: target.safer ?? (unit === '%' && !isYes(target['read only']) ? 'lower' : 'none'), unit,
      cap: target.cap === undefined ? null : capOf(reading, target.cap, unit, [...place, 'cap']), readOnly: isYes(target['read only']), on: target.on ?? null,
      writeTimeoutMs: lengthAt(reading, target['write timeout'], [...place, 'write timeout'], 10_000),
      ...protectionOf(reading, { id, target, provider, place, unit }, (written) => valueOf(written, { unit, cap: null, safer: 'none', unlimited: null })),
    };
    // the values come from the phases; a value that is none is told there
    const values = [...writtenFor(reading, id).flatMap((written) => { const value = valueOf(written, resolved); return value === null || (value === unlimited && off !== null) ? [] : [value]; }), ...standsAtOf(resolved)];
    // a share of users that is none is refused by the rules, once is enough
    checkSettings(reading, provided, unit === '%' ? values.filter((value) => typeof value === 'number' && value >= 0 && value <= 100) : values, ask);
    return [resolved];
  });
}

/** Moves of one phase, in the order written. */
export function resolveMoves(reading: Reading, phase: Pick<PhaseFile, 'phase' | 'move' | 'shrinks'>, targets: readonly ResolvedTarget[], place: Place): readonly PlannedMove[] {
  return Object.entries(phase.move ?? {}).flatMap(([id, written]): readonly PlannedMove[] => {
    const at = [...place, id];
    const target = targets.find((one) => one.id === id);
    if (target === undefined) {
      const known = targets.map((one) => one.id);
      const meant = nearest(id, known);
      reading.problems.add(at, 'UNKNOWN_TARGET', `there is no target “${id}”${meant === null ? '' : `; did you mean “${meant}”?`} (known: ${listed(known)})`, { on: 'key' });
      return [];
    }
    const to = valueOf(written, target);
    if (to === null) {
      reading.problems.add(at, 'WRONG_UNIT', target.unit === '%' ? `“${written}” is no percentage: write ${Number.isFinite(Number(written)) ? `${written}%` : '10%'}` : `“${written}” is no value in ${target.unit}: write ${withUnit(5, target.unit)}`);
      return [];
    }
    if (target.unlimited !== null && to !== unlimited && String(to) === String(target.unlimited.is)) reading.problems.add(at, 'WRONG_VALUE', `${JSON.stringify(target.unlimited.is)} is what “unlimited is” says: write “unlimited” if that is meant`);
    return [{ target: id, to, shrinks: isYes(phase.shrinks) }];
  });
}

/** A target whose first percentage says so is in %; else in what the plan says, or in nothing. */
function unitOf(reading: Reading, id: string, target: TargetFile): string {
  if (target.unit !== undefined) return target.unit;
  const isPercent = [target.cap, target['stands at'], ...writtenFor(reading, id)].some((value) => typeof value === 'string' && /^\s*-?\d+(\.\d+)?\s*%\s*$/.test(value));
  return isPercent ? '%' : '';
}

/** Every value that the phases write to a target, as written. */
const writtenFor = (reading: Reading, id: string): readonly (string | number | undefined)[] => reading.file.phases.flatMap(({ move, then }) => [move?.[id], ...(then ?? []).map((stage) => stage.move[id])]);

/** The value in the target's unit; null when it is none. A plain number of a target in % could be a share or a percentage, so it is refused. */
function valueOf(written: string | number | undefined, target: Pick<ResolvedTarget, 'unit' | 'cap' | 'safer' | 'unlimited'>): TargetValue | null {
  if (written === undefined) return null;
  if (target.unlimited !== null && typeof written === 'string' && written.trim() === unlimited) return unlimited;
  if (typeof written === 'number') return target.unit === '%' && written !== 0 ? null : written;
  const [, digits, unit] = /^\s*(-?\d+(?:\.\d+)?)\s*(.*?)\s*$/s.exec(written) ?? [];
  if (target.unit === '') {
    // a text that counts as a number only where numbers are meant: a model or image may be called 4
    const isNumeric = digits !== undefined && unit === '' && (target.cap !== null || target.safer !== 'none' || target.unlimited !== null);
    return isNumeric ? Number(digits) : written;
  }
  if (digits === undefined) return null;
  return unit === target.unit || (unit === '' && (target.unit !== '%' || Number(digits) === 0)) ? Number(digits) : null;
}

function capOf(reading: Reading, cap: string | number, unit: string, place: Place): number | null {
  const value = valueOf(cap, { unit, cap: 0, safer: 'lower', unlimited: null });
  if (typeof value === 'number') return value;
  reading.problems.add(place, 'WRONG_UNIT', unit === '%' ? `“${cap}” is no percentage: write 50%` : `“${cap}” is no number${unit === '' ? '' : ` in ${unit}`}`);
  return null;
}

/** What the service calls `unlimited`; null: this target has no such value. */
function unlimitedOf(reading: Reading, target: TargetFile, provided: Pick<Provided, 'provider' | 'settings' | 'sound'>, unit: string, place: Place): ResolvedTarget['unlimited'] {
  const is = target['unlimited is'];
  if (is === undefined) return null;
  const at = [...place, 'unlimited is'];
  const check = reading.providers.targets[provided.provider]?.unlimited;
  if (unit === '%') reading.problems.add(at, 'WRONG_VALUE', 'a share of users has an end: everybody is 100%');
  else if (provided.provider !== '' && check === undefined) reading.problems.add(at, 'WRONG_VALUE', `“${provided.provider}” has no value without a limit`);
  else if (provided.sound) { const problem = check?.(provided.settings, is) ?? null; if (problem !== null) reading.problems.add(at, 'WRONG_VALUE', problem); }
  return { is };
}
