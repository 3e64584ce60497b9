// A secret is a reference in the plan and a value only inside one call: it is refused when written out, filled in, and masked again.
import { describe, expect, it } from 'vitest';
import { fillSecrets, maskSecrets, secretValues } from '../../src/plan/index.js';
import { plan, read, told } from './providers.js';
import { sample, spoiled } from './sample.js';

const literal = 'hunter2-hunter2';
const withHeader = (header: string): string => spoiled('at: p95', `at: p95, headers: { ${header} }`);

describe('a secret written out is refused, and its text is never repeated', () => {
  const written: readonly (readonly [what: string, text: string])[] = [
    ['under a key that says so', withHeader(`authorization: 'Token ${literal}'`)],
    ['under a key with a prefix', withHeader(`x-api-key: ${literal}`)],
    ['as a variable’s default', `vars: { API_TOKEN: ${literal} }\n${sample}`],
    ['given by a variable', withHeader("x-api-key: '${var:KEY}'")],
    ['as a login in an address', spoiled("p95: { json: 'http://api/metrics'", `p95: { json: 'http://me:${literal}@api/metrics'`)],
    ['as a token in an address', spoiled("p95: { json: 'http://api/metrics'", `p95: { json: 'http://api/metrics?token=${literal}'`)],
    ['in a command’s environment', spoiled('run: systemctl stop checkout', `run: systemctl stop checkout, env: { PASSWORD: ${literal} }`)],
    ['in a command line', spoiled('run: systemctl stop checkout', `run: 'API_TOKEN=${literal} ./stop'`)],
    ['in a program’s arguments', spoiled('run: systemctl stop checkout', `run: './stop --password ${literal}'`)],
    ['by its shape alone', spoiled('ben: { email: ben@company.com }', 'ben: { email: ghp_abcdefghijklmnopqrstuvwxyz0123456789 }')],
  ];
  for (const [what, text] of written) {
    it(what, () => {
      const result = read(text, { vars: text.includes('${var:KEY}') ? { KEY: literal } : {} });
      const problems = result.ok ? [] : result.problems;
      expect(problems.map(({ code }) => code)).toEqual(['SECRET_AS_TEXT']);
      expect(problems[0]!.message).toMatch(/write \$\{env:NAME\}/);
      expect(JSON.stringify(result)).not.toContain(literal);
      expect(JSON.stringify(result)).not.toContain('ghp_');
    });
  }
  it('a secret that is wrong in another way too is still not repeated', () => {
    const text = spoiled("p95: { json: 'http://api/metrics'", `p95: { json: 'ftp://me:${literal}@api/metrics'`);
    expect(told(text).map((one) => one.split(' ')[1])).toEqual(['SECRET_AS_TEXT']);
  });
  it('references, names of files and descriptions are no secrets', () => {
    expect(told(withHeader("authorization: 'Bearer ${env:API_TOKEN}'"))).toEqual([]);
    expect(told(spoiled("p95: { json: 'http://api/metrics'", "p95: { json: 'http://me:${env:PW}@api/metrics'"))).toEqual([]);
    expect(told(spoiled('data-corruption: Customer data is wrong', 'data-corruption: Customer data is wrong\n  password-leak: A password was seen'))).toEqual([]);
    expect(told(spoiled('run: systemctl stop checkout', "run: './stop --token $TOKEN --token-file /run/secret'"))).toEqual([]);
  });
});

describe('references', () => {
  const resolved = plan(withHeader("authorization: 'Bearer ${env:API_TOKEN}'"));
  const { settings } = resolved.metrics[1]!;
  it('stay references in the resolved plan', () => { expect(JSON.stringify(resolved)).toContain('Bearer ${env:API_TOKEN}'); });
  it('are filled in for one call, leaving the settings as they were', () => {
    const filled = fillSecrets(settings, { API_TOKEN: literal });
    expect(filled['headers']).toEqual({ authorization: `Bearer ${literal}` });
    expect(JSON.stringify(settings)).not.toContain(literal);
  });
  it('a value is put in as it is, also when it looks like a pattern', () => { expect(fillSecrets({ a: '${env:X}' }, { X: '$& $1 ${env:X}' })).toEqual({ a: '$& $1 ${env:X}' }); });
  it('a missing one is named, without any value', () => {
    expect(() => fillSecrets({ a: '${env:ONE} ${env:TWO}' }, { ONE: literal })).toThrow(expect.objectContaining({ code: 'SECRET_MISSING', message: expect.stringMatching(/^(?!.*hunter2).*TWO is not set/) }));
  });
  it('that are not set here are noted, because the worker needs them', () => {
    const result = read(withHeader("x-api-key: '${env:API_TOKEN}'"), { env: {} });
    expect(result.ok && result.warnings).toContainEqual(expect.objectContaining({ level: 'note', code: 'NOT_SET_HERE', message: '${env:API_TOKEN} is not set here; the worker needs it' }));
    const set = read(withHeader("x-api-key: '${env:API_TOKEN}'"), { env: { API_TOKEN: 'x' } });
    expect(set.ok && set.warnings.filter(({ code }) => code === 'NOT_SET_HERE')).toEqual([]);
  });
});

describe('masking', () => {
  it('takes a value out of text wherever and however it stands there', () => {
    const secret = 'p@ss "w"/rd';
    const values = secretValues({ a: '${env:PW}', b: ['${env:PW}', '${env:NONE}'] }, { PW: secret });
    expect(values).toEqual([secret]);
    const text = `plain ${secret}, url ${encodeURIComponent(secret)}, json ${JSON.stringify({ secret })}`;
    expect(maskSecrets(text, values)).toBe('plain ***, url ***, json {"secret":"***"}');
  });
  it('of two values of which one is part of the other nothing remains', () => { expect(maskSecrets('abcdef abc', ['abc', 'abcdef'])).toBe('*** ***'); });
});
