// The targets as `rollback --offline`, `targets` and `doctor PLAN` need them: this host's providers, with its secrets and its list of allowed
// commands, each call ended hard. The worker's own calls are in activities/; these do the same without Temporal.
import { join } from 'node:path';
import { FinalError } from '../errors.js';
import { createHttpClient } from '../http/client.js';
import { fetchByEnvironment } from '../http/proxy.js';
import { readSettings } from '../engine/settings.js';
import { fillSecrets, secretValues } from '../plan/secrets.js';
import type { ResolvedTarget } from '../plan/types.js';
import { createTargets, lastWrittenIn, MemoryTargets } from '../targets/index.js';
import { TargetUnreachable, type TargetContext, type TargetProvider, type TargetRef } from '../targets/port.js';
import { endedWithin } from './ended-within.js';
import type { Cli, Targets } from './ports.js';
import { inWords } from '../wording.js';

/** Reading and verifying may take longer than a write, but not for ever. */
const readMs = 30_000;

export function openTargets(cli: Pick<Cli, 'env' | 'cwd'>): Targets {
  const settings = readSettings({ ...cli.env }, cli.cwd);
  const providers = createTargets({ http: createHttpClient(fetchByEnvironment({ ...cli.env })), allowCommands: settings.commands, memory: new MemoryTargets({ now: () => Date.now() }), lastWritten: lastWrittenIn(join(settings.home, 'last-written')) });
  const of = (target: ResolvedTarget): { provider: TargetProvider; ref: TargetRef } => {
    // a file or a command of another machine would be another file or command here
    if (target.on !== null && target.on !== settings.host) throw new FinalError({ code: 'OTHER_HOST', what: `belongs to host ${target.on}, this one is ${settings.host}`, where: target.id, means: 'Nothing is done with it from here.', todo: `Repeat the command on ${target.on}.` });
    const provider = providers[target.provider];
    if (provider === undefined) throw new FinalError({ code: 'NO_SUCH_PROVIDER', what: `has the provider ${target.provider}, which this version does not have`, where: target.id, means: 'Nothing is done with it.', todo: 'Use the version the worker runs.' });
    return { provider, ref: { id: target.id, settings: fillSecrets(target.settings, cli.env), writeTimeoutMs: target.writeTimeoutMs, ...((target.unlimited ?? null) === null ? {} : { unlimited: target.unlimited!.is }) } };
  };
  const within = (ms: number, key: string, target: ResolvedTarget): TargetContext => ({ key, signal: AbortSignal.timeout(ms), keep: () => {}, secrets: secretValues(target.settings, cli.env) });
  return {
    check: (target, values) => { const { provider, ref } = of(target); return provider.check(ref, values); },
    read: async (target, key, withinMs = readMs) => {
      const { provider, ref } = of(target);
      return endedWithin(withinMs, provider.read(ref, within(withinMs, key, target)), () => new TargetUnreachable({ code: 'NO_ANSWER', where: target.id, what: `it did not answer within ${inWords(withinMs)}.`, means: 'What it stands at is not known.', todo: 'Look at it and at the way to it, or give it longer by --within.' }));
    },
    write: async (target, value, key) => { const { provider, ref } = of(target); await provider.write(ref, value, null, within(target.writeTimeoutMs, key, target)); },
    verify: async (target, value, key) => { const { provider, ref } = of(target); return provider.verify(ref, value, within(target.writeTimeoutMs + readMs, key, target)); },
  };
}
