// The image tag or the number of replicas of a docker compose service: the compose file is edited in place, `docker compose up` follows, and
// `docker compose ps` shows what runs. The file: ./compose-file.ts, replacing and following: ./file-and-command.ts. Manual: docs/providers/compose.md.
import { resolve } from 'node:path';
import { z } from 'zod';
import { parseDuration } from '../plan/durations.js';
import type { ProviderSchema } from '../plan/providers.js';
import type { TargetValue } from '../plan/types.js';
import type { AllowedCommands } from '../process/allow.js';
import { commandEnv, runSetting, timeLimit } from '../process/settings.js';
import { placeholderProblem, secretsIn, withValue } from './command-settings.js';
import { editField, viewField, type Field } from './compose-file.js';
import { createFileProvider, type Call, type FileTarget } from './file-and-command.js';
import { TargetUnreachable, TargetUnverified, type TargetProvider, type TargetRef } from './port.js';
import { readText } from './replace-file.js';
import { runForTarget } from './run-for-target.js';
import { parsedSettings, problemsOf, textLike } from './settings.js';

const settingsSchema = z.strictObject({
  /** path on the worker's host; a relative one starts where the worker runs */
  file: z.string().min(1),
  service: textLike(/^[A-Za-z0-9][\w.-]*$/, 'this is no name of a service'),
  /** `image`: the value is its tag; `replicas`: the number of containers */
  field: z.enum(['image', 'replicas']),
  /** instead of `docker compose -f FILE up -d --no-deps SERVICE`; twice does the same as once */
  up: runSetting.optional(),
  /** instead of `docker compose -f FILE ps --format json SERVICE`; writes what that would */
  ps: runSetting.optional(),
  timeout: timeLimit.optional(), cwd: z.string().min(1).optional(), env: commandEnv.optional(),
});
type Settings = z.infer<typeof settingsSchema>;

export const schema: ProviderSchema = { settings: settingsSchema, shorthand: null, check: (given, values) => problems(settingsSchema.parse(given), values) };

const PS_MS = 30_000;

function problems(settings: Settings, values: readonly TargetValue[]): string[] {
  const placeholders = (['up', 'ps'] as const).flatMap((name) => { const problem = settings[name] === undefined ? null : placeholderProblem(settings[name]); return problem === null ? [] : [`${name}: ${problem}`]; });
  return [...placeholders, ...values.flatMap((value) => {
    if (settings.field === 'replicas') return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? [] : [`a number of replicas is a whole number from 0, not '${value}'`];
    return typeof value === 'string' && /^\w[\w.-]{0,127}$/.test(value) ? [] : [typeof value === 'number' ? `an image's tag is text: write '${value}' in quotes` : `'${value}' is no image tag`];
  })];
}

export function createCompose({ allowCommands }: { readonly allowCommands: AllowedCommands }): TargetProvider {
  return createFileProvider({ name: 'compose', problems: (settings, values) => problemsOf(schema, settings, values), of: (target) => fileTarget(target, allowCommands) });
}

function fileTarget(target: TargetRef, allow: AllowedCommands): FileTarget {
  const settings = parsedSettings(schema, settingsSchema, target);
  const field: Field = { file: resolve(settings.file), service: settings.service, field: settings.field };
  const compose = ['docker', 'compose', '-f', field.file];
  const defaults = { up: [...compose, 'up', '-d', '--no-deps', field.service], ps: [...compose, 'ps', '--format', 'json', field.service] };
  const run = (name: 'up' | 'ps', { value, context }: Call): ReturnType<typeof runForTarget> => {
    const own = settings.timeout === undefined ? null : parseDuration(settings.timeout);
    return runForTarget({
      where: `${target.id}, ${settings[name] === undefined ? `docker compose ${name}` : `its ${name} command`}`, run: withValue(settings[name] ?? defaults[name], String(value)), cwd: settings.cwd ?? null,
      env: { ...settings.env, TIDEGATE_TARGET: target.id, TIDEGATE_KEY: context.key, TIDEGATE_VALUE: String(value) },
      timeoutMs: name === 'up' ? Math.min(own ?? target.writeTimeoutMs, target.writeTimeoutMs) : own ?? PS_MS, changes: name === 'up', kept: name === 'up', secrets: secretsIn(settings.env), context, allow,
    });
  };
  return {
    file: field.file, what: `${field.service}.${field.field}`,
    valueIn: (text) => viewField(text, field).value,
    edited: (text, value) => editField(text, field, value),
    follow: async (call) => { await run('up', call); },
    async prove(call) {
      const { repository } = viewField(await readText(field.file), field);
      const containers = containersIn((await run('ps', call)).stdout, target, field);
      const wanted = repository === null ? `${call.value} ${call.value === 1 ? 'container' : 'containers'}` : `${repository}:${call.value}`;
      const problem = problemOf(containers, repository, call.value);
      if (problem === null) return `docker compose ps shows ${containers.length} running${repository === null ? '' : ` of ${wanted}`}`;
      throw new TargetUnverified({ code: 'COMPOSE_UNVERIFIED', where: target.id, what: `${wanted} should run, but ${problem}.`, means: `It is not shown that users get ${call.value}.`, todo: `Look at 'docker compose ps' and the service's logs.` });
    },
  };
}

interface Container { readonly name: string; readonly image: string; readonly state: string; readonly health: string }

/** Why these are not what was wanted; null: they are. A container that restarts or is not healthy serves nobody. */
function problemOf(containers: readonly Container[], repository: string | null, value: TargetValue): string | null {
  const idle = containers.find(({ state, health }) => state !== 'running' || (health !== '' && health !== 'healthy'));
  if (idle !== undefined) return `${idle.name} is ${idle.state === 'running' ? `running and ${idle.health}` : idle.state}`;
  if (repository === null) return containers.length === value ? null : `${containers.length} ${containers.length === 1 ? 'runs' : 'run'}`;
  const other = containers.find(({ image }) => image !== `${repository}:${value}` && !(value === 'latest' && image === repository));
  if (other !== undefined) return `${other.name} runs ${other.image}`;
  return containers.length === 0 ? 'no container of it runs' : null;
}

/** One object a line, or one list of all: compose changed that in 2.21. Older ones do not name the image. */
function containersIn(stdout: string, target: TargetRef, { service, field }: Field): readonly Container[] {
  const text = stdout.trim();
  const strange = (): TargetUnreachable => new TargetUnreachable({ code: 'COMPOSE_PS_NOT_UNDERSTOOD', where: target.id, what: "'docker compose ps --format json' did not answer with containers.", means: 'What runs is not known.', todo: "Look at what it answers; compose 2.21 or newer is needed, or a 'ps' of your own that answers alike." });
  let rows: unknown[];
  try { rows = text === '' ? [] : text.startsWith('[') ? JSON.parse(text) as unknown[] : text.split('\n').map((line) => JSON.parse(line) as unknown); } catch { throw strange(); }
  return rows.flatMap((row) => {
    const { Name, Image, Service, State, Health } = (row ?? {}) as Record<string, unknown>;
    if (typeof Name !== 'string' || typeof State !== 'string' || (field === 'image' && typeof Image !== 'string')) throw strange();
    return Service === undefined || Service === service ? [{ name: Name, image: String(Image), state: State.toLowerCase(), health: typeof Health === 'string' ? Health.toLowerCase() : '' }] : [];
  });
}
