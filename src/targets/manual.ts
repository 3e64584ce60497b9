// A target that only a person can move: every call that would touch it says what is to be done, and the workflow asks for it.
// Manual: docs/providers/manual.md. The ask itself is made in workflows/.
import { z } from 'zod';
import type { ProviderSchema } from '../plan/providers.js';
import type { TargetValue } from '../plan/types.js';
import { TargetNeedsPerson, type TargetProvider, type TargetRef } from './port.js';
import { parsedSettings, problemsOf } from './settings.js';

const settingsSchema = z.strictObject({
  /** what to do, with `{value}` where the value belongs */
  instructions: z.string().min(1),
  /** how a person sees that it is so; default: asked in general words */
  verify: z.string().min(1).optional(),
});

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: 'instructions', unlimited: () => null };

export const manual: TargetProvider = {
  name: 'manual',
  check: (target, values) => problemsOf(schema, target.settings, values),
  claimKey: (target) => target.id,
  async read(target) {
    throw person(target, 'MANUAL_READ', `somebody has to say what ${target.id} stands at.`);
  },
  async write(target, value) {
    throw person(target, 'MANUAL_WRITE', filled(parsedSettings(schema, settingsSchema, target).instructions, value));
  },
  async verify(target, value) {
    const { verify } = parsedSettings(schema, settingsSchema, target);
    throw person(target, 'MANUAL_VERIFY', verify === undefined ? `somebody has to confirm that ${target.id} stands at ${value}.` : filled(verify, value));
  },
};

const filled = (text: string, value: TargetValue): string => text.replaceAll('{value}', () => String(value));

/** The message is what the person reads, so it holds the instructions and nothing else. */
function person(target: TargetRef, code: string, what: string): TargetNeedsPerson {
  return new TargetNeedsPerson({ code, where: target.id, what });
}
