// How two values of a target stand to each other: which is more, and which exposes fewer people. A text (an image, a model id) is neither.
import type { ResolvedTarget, TargetValue } from './types.js';

/** The value of a target whose limit is taken off; what its service calls it is the target's `unlimited is`. */
export const unlimited = 'unlimited';

type Ordered = Pick<ResolvedTarget, 'unlimited'>;

/** A target of a plan that an older release resolved does not say what is unlimited, and has no such value. */
export const isUnlimited = (target: Ordered, value: unknown): boolean => value === unlimited && (target.unlimited ?? null) !== null;

/** Unlimited is more than every number; null: a text has no size. */
export const sizeOf = (target: Ordered, value: TargetValue): number | null => (typeof value === 'number' ? value : isUnlimited(target, value) ? Number.POSITIVE_INFINITY : null);

/** `value` exposes fewer people than `than` would. */
export function exposesLess(target: Pick<ResolvedTarget, 'safer' | 'unlimited'>, value: TargetValue, than: TargetValue): boolean {
  const [one, other] = [sizeOf(target, value), sizeOf(target, than)];
  if (one === null || other === null) return false;
  switch (target.safer) {
    case 'lower': return one < other;
    case 'higher': return one > other;
    case 'none': return false;
  }
}
