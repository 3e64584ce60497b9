// How a target provider reads its own settings. Each provider's schema stands in its own file.
import type { ZodType } from 'zod';
import type { ProviderSchema } from '../plan/providers.js';
import { problemsOf } from '../provider-settings.js';
import { TargetRefused, type TargetRef } from './port.js';

export { hasReference, httpAddress, problemsOf, textLike, textThat } from '../provider-settings.js';

/** The settings, typed. They were validated with the plan; settings that come another way are refused here before anything is touched. */
export function parsedSettings<T>(schema: ProviderSchema, settings: ZodType<T>, target: TargetRef): T {
  const problems = problemsOf(schema, target.settings, []);
  if (problems.length > 0) throw new TargetRefused({ code: 'SETTINGS_REFUSED', where: target.id, what: `${problems.join('; ')}.`, means: 'Nothing was changed.', todo: 'Correct the settings of this target in the plan.' });
  return settings.parse(target.settings);
}
