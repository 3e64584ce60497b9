// What a plan may say of a command that a provider runs. Used by src/sources/command.ts, src/targets/command-settings.ts and the targets that follow a file.
import { z } from 'zod';
import { parseDuration } from '../plan/durations.js';
import { textThat } from '../provider-settings.js';

/** text: a line for /bin/sh; a list: program and arguments */
export const runSetting = z.union([z.string().min(1), z.array(z.string()).min(1)]);
export const timeLimit = textThat((text) => (parseDuration(text) ?? 0) > 0, "a length of time is needed, e.g. '20s'");
export const commandEnv = z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'this is no name of a variable'), z.string());
