// Variables of an environment: what is missing or wrong is named, and no value is shown that is none of the reader's business.
import fc from 'fast-check';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../src/environment/read.js';
import { judgeVariables, variablesOfFile, variablesOfOutput, variablesOfProcess } from '../../src/environment/variables.js';
import { looksSecret } from '../../src/plan/secrets.js';
import type { CommandSettings, WantedVariable } from '../../src/plan/types.js';

const want = (key: string, value: string | null = null): WantedVariable => ({ key, value, secret: looksSecret(key, value ?? 'set') });
const file = `# production
APP_ENV=production
export LOG_FORMAT="json"
USE_MOCKS='false'
SECRET_KEY=pa$$word#1
DATABASE_URL=postgres://shop:hunter2@db/shop
EMPTY=
TWICE=a
TWICE=b
`;
const inFile = (...has: readonly WantedVariable[]) => judgeVariables(variablesOfFile(file, '.env'), has);

describe('an environment', () => {
  it('is as wanted: what is only set is named, what is compared is shown', () => {
    expect(inFile(want('APP_ENV', 'production'), want('LOG_FORMAT', 'json'), want('USE_MOCKS', 'false'), want('SECRET_KEY'))).toEqual({ ok: true, finding: "APP_ENV is 'production', LOG_FORMAT is 'json', USE_MOCKS is 'false', SECRET_KEY is set" });
  });
  it('names everything that is missing, empty, twice or wrong, by its key, at once', () => {
    expect(inFile(want('APP_ENV', 'staging'), want('MISSING'), want('REGION', 'eu'), want('EMPTY'), want('TWICE', 'a'))).toEqual({ ok: false, finding: "APP_ENV is 'production' instead of 'staging'; MISSING is missing; REGION is missing (wanted: 'eu'); EMPTY is empty; TWICE stands there more than once" });
  });
  it('compares letter by letter', () => { expect(inFile(want('USE_MOCKS', 'False')).ok).toBe(false); });
  it('does not guess at a value that readers take differently', () => {
    expect(inFile(want('SECRET_KEY')).ok).toBe(true);
    expect(judgeVariables(variablesOfFile('MODE=a$B\n', '.env'), [want('MODE', 'a$B')])).toEqual({ ok: false, finding: expect.stringContaining('readers differ') });
  });
  it('shows nothing of a value that looks like a secret, by its name, its own form, or because it stands elsewhere as one', () => {
    expect(inFile(want('DATABASE_URL', 'sqlite')).finding).toBe("DATABASE_URL is not what is wanted (wanted: 'sqlite')");
    const leaked = judgeVariables(variablesOfProcess({ API_KEY: 'pa55word', MODE: 'pa55word', ADMIN_TOKEN: 'abc' }), [want('API_KEY'), want('MODE', 'live'), { key: 'ADMIN_TOKEN', value: 'xyz', secret: true }]);
    expect(leaked.finding).toBe("MODE is not what is wanted (wanted: 'live'); ADMIN_TOKEN is not what is wanted");
  });
  it('never shows the value of what is only wanted to be set', () => {
    fc.assert(fc.property(fc.string({ minLength: 12 }), fc.string({ minLength: 1 }), (secret, other) => {
      const { finding } = judgeVariables(variablesOfProcess({ A: secret, B: secret, C: other }), [want('A'), want('B', 'wanted-value'), want('C', 'value')]);
      expect(finding.includes(secret) && !other.includes(secret)).toBe(false);
    }));
  });
  it('is read from what `env` and `env -0` print, values with = and line ends included', () => {
    expect(judgeVariables(variablesOfOutput('A=x=y\r\nB=2\n'), [want('A', 'x=y'), want('B', '2')]).ok).toBe(true);
    expect(judgeVariables(variablesOfOutput('A=one\nB=2\0B=3\0'), [want('A', 'one\nB=2'), want('B', '3')]).ok).toBe(true);
    expect(judgeVariables(variablesOfOutput('A=1\nA=2\n'), [want('A', '1')]).finding).toBe('A is printed more than once');
    expect(judgeVariables(variablesOfOutput('AB=1\n'), [want('A')]).finding).toBe('A is missing');
  });
});

describe('reading an environment', () => {
  const reader = { env: { OWN: 'yes', TOKEN: 'sup3r-secret-value' }, allow: 'any' as const };
  const signal = AbortSignal.timeout(20_000);
  const command = (run: string, more: Partial<CommandSettings> = {}) => ({ kind: 'command' as const, command: { run, timeoutMs: 10_000, cwd: null, env: {}, on: null, ...more } });
  it('takes a file, the worker’s own, or what a command prints', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'env-')), '.env');
    writeFileSync(path, file);
    expect((await readEnvironment({ kind: 'file', file: path, on: null }, reader, signal))('APP_ENV')).toEqual({ kind: 'value', value: 'production' });
    expect((await readEnvironment({ kind: 'worker', on: null }, reader, signal))('OWN')).toEqual({ kind: 'value', value: 'yes' });
    expect((await readEnvironment(command('env', { env: { GIVEN: '${env:TOKEN}' } }), reader, signal))('GIVEN')).toEqual({ kind: 'value', value: 'sup3r-secret-value' });
  });
  it('says why it cannot, with nothing of what was printed', async () => {
    await expect(readEnvironment({ kind: 'file', file: '/no/such/.env', on: null }, reader, signal)).rejects.toThrow('/no/such/.env: there is no such file.');
    const failed = readEnvironment(command('echo SECRET=vis""ible; echo "no such service: $GIVEN" >&2; exit 7', { env: { GIVEN: '${env:TOKEN}' } }), reader, signal);
    await expect(failed).rejects.toThrow('it ended with code 7: no such service: ***');
    await failed.catch((error: Error) => expect(error.message).not.toContain('visible'));
    await expect(readEnvironment(command('sleep 30', { timeoutMs: 1_000 }), reader, signal)).rejects.toThrow('it did not end within 1 s');
    await expect(readEnvironment(command('env'), { ...reader, allow: ['ls'] }, signal)).rejects.toThrow('not on this worker');
  });
});
