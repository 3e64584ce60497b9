// A limit that is taken off: the plan says `unlimited`, and each service calls it otherwise (0, none, a very large number). Providers that move
// one number or text know nothing of it: here it is put in and taken out around them. One that writes JSON does it itself (http.ts).
import { unlimited } from '../plan/ordering.js';
import type { TargetValue } from '../plan/types.js';
import type { TargetProvider, TargetRef } from './port.js';

type Declared = Pick<TargetRef, 'unlimited'>;

export const isUnlimited = (target: Declared, value: unknown): boolean => target.unlimited !== undefined && value === unlimited;

/** What was read is what the service calls unlimited. A number may be read as a text and the other way round. */
export const readsUnlimited = ({ unlimited: is }: Declared, read: unknown): boolean => is !== undefined && read !== undefined && (read === is || (is !== null && read !== null && typeof read !== 'object' && String(read) === String(is)));

export function withUnlimited(provider: TargetProvider): TargetProvider {
  // `null` is no value of these providers, which the plan's check has said
  const said = (target: TargetRef, value: TargetValue): TargetValue => (isUnlimited(target, value) ? target.unlimited as TargetValue : value);
  return {
    name: provider.name,
    check: (target, values) => provider.check(target, values.filter((value) => !isUnlimited(target, value))),
    claimKey: (target) => provider.claimKey(target),
    async read(target, context) {
      const reading = await provider.read(target, context);
      return readsUnlimited(target, reading.value) ? { ...reading, value: unlimited, detail: `${reading.detail}, which is unlimited` } : reading;
    },
    write: (target, value, expected, context) => provider.write(target, said(target, value), expected === null ? null : said(target, expected), context),
    verify: (target, value, context) => provider.verify(target, said(target, value), context),
  };
}
