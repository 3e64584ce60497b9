// Every target provider by its name in a plan. A new one is a new file, a line here and a run of test/targets/conformance.ts.
// The contract: port.ts. Nothing is opened by importing this.
import type { HttpClient } from '../http/client.js';
import type { ProviderSchema } from '../plan/providers.js';
import type { AllowedCommands } from '../process/allow.js';
import { createCommand, schema as command } from './command.js';
import { createCompose, schema as compose } from './compose.js';
import { createEnvFile, schema as envFile } from './env-file.js';
import { createFlagd, schema as flagd } from './flagd.js';
import { createHttp, schema as http } from './http.js';
import { createLaunchDarkly, schema as launchdarkly } from './launchdarkly.js';
import { lastWrittenIn, lastWrittenInMemory, type LastWritten } from './last-written.js';
import { manual, schema as manualSchema } from './manual.js';
import { createMemory, MemoryTargets, schema as memory } from './memory.js';
import { createNginx, schema as nginx } from './nginx.js';
import type { TargetProvider } from './port.js';
import { withUnlimited } from './unlimited.js';
import { createUnleash, schema as unleash } from './unleash.js';

export interface TargetDeps {
  readonly http: HttpClient;
  /** what this worker may run; nothing else is, whatever a plan says */
  readonly allowCommands: AllowedCommands;
  readonly memory: MemoryTargets;
  /** what was written last to commands that nothing can read; in production a directory that survives a restart */
  readonly lastWritten: LastWritten;
}

export interface TargetEntry { readonly schema: ProviderSchema; readonly create: (deps: TargetDeps) => TargetProvider }

export const targets: Readonly<Record<string, TargetEntry>> = {
  flagd: { schema: flagd, create: () => createFlagd() },
  http: { schema: http, create: (deps) => createHttp(deps.http) },
  'env-file': { schema: envFile, create: (deps) => withUnlimited(createEnvFile(deps)) },
  compose: { schema: compose, create: (deps) => createCompose(deps) },
  nginx: { schema: nginx, create: (deps) => createNginx(deps) },
  command: { schema: command, create: (deps) => withUnlimited(createCommand(deps)) },
  manual: { schema: manualSchema, create: () => manual },
  launchdarkly: { schema: launchdarkly, create: (deps) => createLaunchDarkly(deps) },
  unleash: { schema: unleash, create: (deps) => createUnleash(deps) },
  memory: { schema: memory, create: (deps) => withUnlimited(createMemory(deps.memory)) },
};

/** Every target provider, made. */
export function createTargets(deps: TargetDeps): Readonly<Record<string, TargetProvider>> {
  return Object.fromEntries(Object.entries(targets).map(([name, { create }]) => [name, create(deps)]));
}

export { lastWrittenIn, lastWrittenInMemory, MemoryTargets };
