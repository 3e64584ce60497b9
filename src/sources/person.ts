// A metric that a person supplies. No address is ever asked: the workflow asks the person and puts the answer into the evidence itself,
// with its author and its age (workflows/asks.ts). Manual: docs/providers/person.md.
import { z } from 'zod';
import type { ProviderSchema } from '../plan/providers.js';
import { noData } from './answers.js';
import { sourceOfNow } from './checked.js';
import type { SourceProvider } from './port.js';

const settingsSchema = z.strictObject({ /** who answers: a person, a role, or several */ from: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional() });

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: 'from' };

export const person: SourceProvider = sourceOfNow({ name: 'person', schema, settings: settingsSchema, measure: async () => noData('a person supplies it') });
