// readTarget: what a target stands at now; and the same for the watch, which compares it with what we wrote (drift).
import { fillSecrets, secretValues } from '../src/plan/index.js';
import type { ResolvedTarget, TargetValue } from '../src/plan/types.js';
import type { Reading, TargetContext, TargetRef } from '../src/targets/port.js';
import { abortAfter } from './failure.js';
import type { Ports } from './ports.js';
import type { DriftFound, ReadInput, ReadResult, WatchInput } from './types.js';

export const targetRef = (ports: Ports, target: ResolvedTarget): TargetRef => ({ id: target.id, settings: fillSecrets(target.settings, ports.env), writeTimeoutMs: target.writeTimeoutMs, ...((target.unlimited ?? null) === null ? {} : { unlimited: target.unlimited!.is }) });
export const contextOf = (ports: Ports, target: ResolvedTarget, key: string, signal: AbortSignal, output: string[] = []): TargetContext => ({ key, signal, secrets: secretValues(target.settings, ports.env), keep: (line) => { if (output.length < 40) output.push(line.slice(0, 1000)); } });

/** Two readings of one value: numbers to a thousandth (flags keep hundredths of a percent), texts to the letter. */
export const sameValue = (a: TargetValue, b: TargetValue): boolean => (typeof a === 'number' && typeof b === 'number' ? Math.abs(a - b) < 0.001 : a === b);

export const read = (ports: Ports, target: ResolvedTarget, key: string, signal: AbortSignal): Promise<Reading> => ports.target(target.provider).read(targetRef(ports, target), contextOf(ports, target, key, signal));

export const readTarget = (ports: Ports) => async (input: ReadInput): Promise<ReadResult> => {
  const reading = await read(ports, input.target, input.key, abortAfter(30_000));
  return { value: reading.value, detail: reading.detail };
};

/** Targets that stand elsewhere than we left them. One that cannot be read now says nothing; the next look reads it again. */
export async function readForDrift(ports: Ports, targets: WatchInput['targets'], signal: AbortSignal): Promise<DriftFound[]> {
  const found = await Promise.all(targets.map(async ({ target, expected }): Promise<DriftFound | null> => {
    try {
      const reading = await read(ports, target, 'drift', signal);
      return sameValue(reading.value, expected) ? null : { target: target.id, expected, found: reading.value, detail: reading.detail };
    } catch { return null; }
  }));
  return found.filter((one) => one !== null);
}
