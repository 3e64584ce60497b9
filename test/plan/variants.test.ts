// Variants and typed variables: one plan for several ways of doing it, of which exactly one is chosen, and values that are what they claim.
import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { describe, expect, it } from 'vitest';
import { filledDocument, planJsonSchema, resolvePlan } from '../../src/plan/index.js';
import { messageOf, now, plan, providers, read, told } from './providers.js';
import { placeOf, sample } from './sample.js';

const variants = `variants:
  cloud-run:  { about: 'Recommended for the pilot: up in under an hour', vars: { DEPLOY: ./deploy/cloud-run.sh, SHARE: 10 } }
  on-premise: { about: Required for government, vars: { DEPLOY: ./deploy/on-premise.sh, SHARE: 5 } }
`;
/** Steps, triggers and phases that only one of them has. */
const two = `${sample
  .replace('move: { flag: 10% }', "move: { flag: '${var:SHARE}%' }")
  .replace("emergency: ['error_rate > 10% for 5m', event: data-corruption]", "emergency:\n    - { when: p95 > 5s, only in: cloud-run }\n    - error_rate > 10% for 5m\n    - event: data-corruption")
  .replace('  - phase: wave-2', "  - phase: cold-start\n    only in: cloud-run\n    soak: 1h\n  - phase: wave-2")
}preparation:
  - { item: The servers are racked, only in: on-premise }
  - { group: Data, only in: [on-premise], items: [The disks are encrypted, { item: Backups leave the house, only in: on-premise }] }
  - { item: 'Deployed on \${var:variant}', run: '\${var:DEPLOY}' }
${variants}`;
const as = (variant: string, text = two) => plan(text, { vars: { variant } });

describe('a plan with variants', () => {
  it('is the one that was chosen: its values, its entries, its name', () => {
    const cloud = as('cloud-run');
    expect(cloud.variant).toBe('cloud-run');
    expect(cloud.phases.map(({ phase }) => phase)).toEqual(['wave-1', 'cold-start', 'wave-2']);
    expect(cloud.preparation.map(({ id, question }) => [id, question])).toEqual([['preparation/0', 'Deployed on cloud-run']]);
    expect(cloud.preparation[0]!.command!.run).toBe('./deploy/cloud-run.sh');
    expect(cloud.phases[0]!.moves[0]!.to).toBe(10);
    expect(cloud.triggers.filter(({ severity }) => severity === 'emergency').map(({ condition }) => condition.text)).toEqual(['p95 > 5000ms', 'error_rate > 10% for 5m', 'event: data-corruption']);
  });
  it('leaves out what belongs to the others', () => {
    const onPremise = as('on-premise');
    expect(onPremise.phases.map(({ phase }) => phase)).toEqual(['wave-1', 'wave-2']);
    expect(onPremise.preparation.map(({ question }) => question)).toEqual(['The servers are racked', 'The disks are encrypted', 'Backups leave the house', 'Deployed on on-premise']);
    expect(onPremise.phases[0]!.moves[0]!.to).toBe(5);
    expect(onPremise.triggers.filter(({ severity }) => severity === 'emergency')).toHaveLength(2);
  });
  it('is refused without a choice, with every variant and what it is for', () => {
    expect(told(two)).toEqual([`${placeOf(two, 'variants:')} MISSING_VARIANT`]);
    expect(messageOf(two, 'MISSING_VARIANT')).toMatch(/--var variant=NAME, one of: cloud-run \(Recommended for the pilot: up in under an hour\), on-premise \(Required for government\)/);
  });
  it('is refused with a choice that it has not, with what was meant', () => {
    expect(messageOf(two, 'UNKNOWN_VARIANT', { vars: { variant: 'onpremise' } })).toMatch(/no variant “onpremise”; did you mean “on-premise”\?; one of: cloud-run \(Recommended/);
  });
  it('is refused the same way when the engine hands it over', () => {
    const result = resolvePlan(parseYaml(two), { file: 'plan', now, env: null, providers, vars: {}, day1: null });
    expect(result.ok ? [] : result.problems.map(({ path, code }) => [path, code])).toEqual([['variants', 'MISSING_VARIANT']]);
  });
  it('a choice where there is none to make is refused', () => {
    expect(messageOf(sample, 'UNKNOWN_VARIABLE', { vars: { variant: 'cloud-run' } })).toMatch(/has no variants, so “cloud-run” cannot be chosen/);
  });
  it('without variants is as it was', () => expect(plan(sample).variant).toBeNull());

  it('is judged in every variant: each problem once, at its own line, saying where it is not all of them', () => {
    // what is wrong before, within and after entries that one of the variants leaves out
    const wrong = two.replace('soak: 1h', 'soak: soon').replace('soak: 48h', 'soak: later').replace('The disks are encrypted', '{ item: Disks, frm: ana }');
    const result = read(wrong, { unchosen: 'every' });
    const problems = result.ok ? [] : result.problems.map(({ line, column, path, code, message }) => [`${line}:${column}`, path, code, /— in the variant .*/.exec(message)?.[0] ?? 'in all']);
    expect(problems).toEqual([
      [placeOf(wrong, 'soon'), 'phases[1].soak', 'WRONG_DURATION', '— in the variant cloud-run'],
      [placeOf(wrong, 'later'), 'phases[2].soak', 'WRONG_DURATION', 'in all'],
      [placeOf(wrong, 'frm'), 'preparation[1].items[0].frm', 'UNKNOWN_KEY', '— in the variant on-premise'],
    ]);
  });
  it('every lint of it stands at its own line too', () => {
    // the trigger after one that on-premise leaves out is judged slow
    const slow = two.replace('error_rate > 10% for 5m', 'error_rate > 10% for 30m');
    const result = read(slow, { unchosen: 'every' });
    const place = result.ok ? result.warnings.filter(({ code, message }) => code === 'SLOW_DETECTION' && message.includes('30m')).map(({ line, column, path }) => [`${line}:${column}`, path]) : [];
    expect(place).toEqual([[placeOf(slow, 'error_rate > 10% for 30m'), 'triggers.emergency[1]']]);
  });
  it('is sound only when it is sound in each; then the first is shown', () => {
    const result = read(two, { unchosen: 'every' });
    expect(result.ok && result.plan.variant).toBe('cloud-run');
    expect(read(two.replace('only in: cloud-run\n    soak', 'only in: on-premise\n    enter: [all of wave-2]\n    soak'), { unchosen: 'every' }).ok).toBe(false);
  });
  it('can be read as its first', () => {
    const result = read(two, { unchosen: 'first' });
    expect(result.ok && result.plan.variant).toBe('cloud-run');
  });

  const mistakes: readonly (readonly [promise: string, from: string, to: string, at: string, code: string, says: RegExp])[] = [
    ['a variant that lacks a value is named', 'DEPLOY: ./deploy/on-premise.sh, ', '', '{ about: Required', 'MISSING_VARIABLE', /the variant “on-premise” gives no value to DEPLOY, which “cloud-run” gives/],
    ['an entry of a variant that does not exist', 'only in: on-premise }', 'only in: on-premis }', 'on-premis }', 'UNKNOWN_VARIANT', /did you mean “on-premise”\? \(known: cloud-run, on-premise\)/],
    ['one in a list of variants', '[on-premise], items', '[cloud-run, on_premise], items', 'on_premise]', 'UNKNOWN_VARIANT', /there is no variant “on_premise”; did you mean “on-premise”/],
    ['an entry of no variant', '[on-premise], items', '[], items', '[], items', 'TOO_SMALL', /would be in no variant/],
    ['an entry of something that is no name', '[on-premise], items', '{ a: b }, items', '{ a: b }', 'UNKNOWN_VARIANT', /takes the name of a variant/],
    ['a misspelt key of a variant', 'about: Required', 'abuot: Required', 'abuot', 'UNKNOWN_KEY', /did you mean “about”/],
    ['a name that is none', 'on-premise: {', 'on premise: {', 'on premise: {', 'WRONG_NAME', /“on premise” is no name/],
  ];
  it.each(mistakes)('%s', (_promise, from, to, at, code, says) => {
    const text = two.replace(from, () => to);
    const result = read(text, { unchosen: 'every' });
    const found = result.ok ? [] : result.problems.filter((problem) => problem.code === code);
    expect(found.map(({ line, column }) => `${line}:${column}`)).toContain(placeOf(text, at));
    expect(found.map(({ message }) => message).join('\n')).toMatch(says);
  });
  it('what is only in a variant of a plan that has none is refused', () => {
    const text = `${sample}preparation: [{ item: x, only in: cloud-run }]\n`;
    expect(told(text)).toEqual([`${placeOf(text, 'only in')} UNKNOWN_VARIANT`]);
  });
  it('a value of the variant yields to --var and goes before a default in the text', () => {
    const text = two.replace("run: '${var:DEPLOY}'", "run: '${var:DEPLOY, default true}'");
    expect(as('cloud-run', text).preparation[0]!.command!.run).toBe('./deploy/cloud-run.sh');
    expect(plan(text, { vars: { variant: 'cloud-run', DEPLOY: './mine.sh' } }).preparation[0]!.command!.run).toBe('./mine.sh');
  });
  it('a variable used only in another variant may be given all the same', () => {
    const text = two.replace('The servers are racked', "'Racked in ${var:HALL}'");
    expect(plan(text, { vars: { variant: 'cloud-run', HALL: 'A' } }).variant).toBe('cloud-run');
  });
  it('a secret that only one of them writes out is found without saying it', () => {
    const result = read(two.replace('SHARE: 5', `SHARE: 5, API_TOKEN: ${'x'.repeat(20)}`).replace('SHARE: 10', 'SHARE: 10, API_TOKEN: y'), { unchosen: 'every' });
    expect(result.ok ? [] : result.problems.map(({ code }) => code)).toContain('SECRET_AS_TEXT');
    expect(JSON.stringify(result)).not.toContain('x'.repeat(20));
  });
  it('goes to a running rollout as the one that was chosen, which can be read again as no other', () => {
    const filled = filledDocument(parseYaml(two), { variant: 'on-premise' });
    const again = (variant: string | null) => resolvePlan(filled, { file: 'plan', now, env: null, providers, vars: variant === null ? {} : { variant }, day1: null });
    expect(again('on-premise')).toMatchObject({ ok: true, plan: as('on-premise') });
    expect(again('cloud-run')).toMatchObject({ ok: false, problems: [{ code: 'UNKNOWN_VARIANT' }] });
    expect(JSON.stringify(filled)).not.toContain('${var:');
  });
});

describe('a variable with a type', () => {
  const withVars = (vars: string, use = '${var:X}'): string => `vars: { X: ${vars} }\n${sample}description: '${use}'\n`;
  const refused = (vars: string, value?: string): string => messageOf(withVars(vars), 'WRONG_VARIABLE', value === undefined ? {} : { vars: { X: value } });
  const taken = (vars: string, value?: string): string => plan(withVars(vars), value === undefined ? {} : { vars: { X: value } }).description;

  it.each([
    ['number', 'type: number, from: 1, to: 100', ['1', '99.5', '100'], ['0', '100.1', 'many', '1e3', ''], /the variable X is “.*”; allowed: a number from 1 to 100/],
    ['whole', 'type: whole, from: 0', ['0', '7'], ['-1', '7.5', 'x'], /allowed: a whole number, at least 0/],
    ['length', 'type: length, from: 5m, to: 2h', ['5m', '90min', '2h'], ['4m', '3h', '10'], /allowed: a length of time such as 90s, 5m or 24h from 5m to 2h/],
    ['yes or no', 'type: yes or no', ['yes', 'no'], ['maybe', '1'], /allowed: yes or no/],
    ['text', "type: text, like: '^v\\d+$'", ['v1', 'v22'], ['1', 'v', 'v1x'], /allowed: a text like \^v\\d\+\$/],
  ] as const)('of type %s takes what fits and refuses all else, named, with what is allowed', (_type, declared, good, bad, says) => {
    for (const value of good) expect(taken(`{ ${declared} }`, value)).toBe(value);
    for (const value of bad) expect(refused(`{ ${declared} }`, value)).toMatch(says);
  });
  it('is refused at validation when its own default does not fit, at the default', () => {
    const text = withVars('{ type: number, from: 1, to: 100, default: 500 }');
    expect(told(text)).toEqual([`${placeOf(text, '500')} WRONG_VARIABLE`]);
    expect(messageOf(text, 'WRONG_VARIABLE')).toMatch(/the variable X is “500”; allowed: a number from 1 to 100/);
  });
  it('is refused also where nothing uses it', () => {
    const text = `vars: { X: { type: whole } }\n${sample}`;
    expect(told(text, { vars: { X: 'many' } })).toEqual(['1:12 WRONG_VARIABLE']);
  });
  it('is held against its type wherever the value comes from: the text, the variant', () => {
    expect(messageOf(withVars('{ type: whole }', '${var:X, default some}'), 'WRONG_VARIABLE')).toMatch(/X is “some”; allowed: a whole number/);
    const text = `vars: { SHARE: { type: number, to: 50 } }\n${two.replace('SHARE: 5 ', 'SHARE: 75 ')}`;
    expect(messageOf(text, 'WRONG_VARIABLE', { unchosen: 'every' })).toMatch(/SHARE is “75”; allowed: a number, at most 50 — in the variant on-premise/);
  });
  it('works as a number where a number is needed, and as a text where a text is', () => {
    // a value of a target, a number of a provider’s settings, one inside a list, a yes, and text
    const text = `vars: { CAP: { default: 60, type: number }, CODE: { default: 204, type: whole }, LOUD: { default: yes, type: yes or no } }\n${sample
      .replace('cap: 80%', "cap: '${var:CAP}%', read only: no").replace('flag: new-checkout', "flag: '${var:CODE}'")
      .replace('  comfort:', "  http: { probe: { url: 'http://api/healthz', status: ['${var:CODE}', 200] } }\n  http2: { probe: { url: 'http://api/healthz', status: '${var:CODE}' } }\n  comfort:")
    }starter may approve: '\${var:LOUD}'\nsources: { memory: { ranged: '\${var:LOUD}' } }\ndescription: '\${var:CODE}'\n`.replace('  http:', '  m: { memory: {} }\n  http:');
    const resolved = plan(text);
    expect([resolved.targets[0]!.cap, resolved.targets[0]!.settings['flag']]).toEqual([60, '204']);
    expect(resolved.metrics.find(({ name }) => name === 'http')!.settings['status']).toEqual([204, 200]);
    expect(resolved.metrics.find(({ name }) => name === 'http2')!.settings['status']).toBe(204);
    expect(resolved.metrics.find(({ name }) => name === 'm')!.settings['ranged']).toBe(true);
    const replicas = plan(`vars: { PODS: { default: 5, type: whole } }\n${sample.replace('cap: 80% }', 'cap: 80% }\n  pods: { manual: scale it }').replace('move: { flag: 50% }', "move: { flag: 50%, pods: '${var:PODS}' }")}`);
    expect(replicas.phases[1]!.moves[1]!.to).toBe(5);
    expect([resolved.starterMayApprove, resolved.description]).toEqual([true, '204']);
  });
  it('without a type stays text where a number is needed, and is refused there as before', () => {
    const text = `vars: { CODE: 204 }\n${sample.replace('  comfort:', "  http: { probe: { url: 'http://api/healthz', status: '${var:CODE}' } }\n  comfort:")}`;
    expect(told(text)).toEqual([`${placeOf(text, "'${var:CODE}'")} WRONG_TYPE`]);
  });
  it.each([
    ['bounds on a text', '{ from: 1 }', 'KEY_WITHOUT_EFFECT', /bounds belong to number, whole and length/],
    ['a pattern on a number', '{ type: number, like: x }', 'KEY_WITHOUT_EFFECT', /it belongs to text/],
    ['a bound that is none', '{ type: whole, from: 1.5 }', 'WRONG_VARIABLE', /“1\.5” is no bound for X, which is a whole number/],
    ['bounds that leave nothing', '{ type: number, from: 5, to: 1 }', 'WRONG_VARIABLE', /nothing is from 5 to 1/],
    ['a pattern that is none', "{ like: '(' }", 'WRONG_VARIABLE', /“\(” is no regular expression/],
    ['a choice outside of its type', '{ type: whole, one of: [1, two] }', 'WRONG_VARIABLE', /“two” is no value of X; allowed: a whole number/],
    ['a value that is another variable', "'${var:Y}'", 'WRONG_VARIABLE', /refers to another variable/],
  ])('%s is refused', (_what, declared, code, says) => {
    expect(messageOf(`vars: { X: ${declared}, Y: a }\n${sample}`, code)).toMatch(says);
  });
  it('an unknown type is refused with those there are', () => {
    expect(messageOf(`vars: { X: { type: nummer } }\n${sample}`, 'WRONG_VALUE')).toMatch(/did you mean “number”\? \(allowed: text, number, whole, length, yes or no\)/);
  });
  it('a value and its choices may be written in more than one way', () => {
    expect(taken('{ type: number, one of: [10, 20] }', '10.0')).toBe('10');
    expect(taken('{ type: yes or no, default: true }')).toBe('yes');
  });
});

it('editors know variants, what is only in one, types of variables and the launch', () => {
  const schema = planJsonSchema() as { properties: Record<string, { items?: { properties?: Record<string, unknown> } }> };
  expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(['variants', 'launch', 'vars']));
  expect(schema.properties['phases']!.items!.properties).toHaveProperty('only in');
  expect(JSON.stringify(schema.properties['preparation']).split('"only in"')).toHaveLength(4);
  expect(JSON.stringify(schema.properties['vars'])).toContain('"yes or no"');
});

describe('docs/variants.md', () => {
  const page = readFileSync(new URL('../../docs/variants.md', import.meta.url), 'utf8');
  const [whole] = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!);
  it('its plan is sound in every variant and differs as the page says', () => {
    const result = read(whole!, { unchosen: 'every' });
    expect(result.ok ? [] : result.problems).toEqual([]);
    const [cloud, onPremise] = ['cloud-run', 'on-premise'].map((variant) => plan(whole!, { vars: { variant } }));
    expect(cloud!.preparation.some(({ question }) => /servers/.test(question))).toBe(false);
    expect(onPremise!.preparation.some(({ question }) => /servers/.test(question))).toBe(true);
  });
});
