// A bad plan is refused before anything moves: every error named at once, with line and column, what was found and what is allowed.
import { describe, expect, it } from 'vitest';
import { printProblem } from '../../src/plan/index.js';
import { messageOf, messagesOf, read, told } from '../plan/providers.js';
import { placeOf, sample, spoiled } from '../plan/sample.js';

describe('one mistake is one error, at the place where it stands', () => {
  /** [what, text in the sample, text instead, where the error is shown, code, what it says] */
  const mistakes: readonly (readonly [promise: string, from: string, to: string, at: string, code: string, says: RegExp])[] = [
    ['an unknown key names its neighbour', 'owner: ana', 'ownr: ana\nowner: ana', 'ownr', 'UNKNOWN_KEY', /did you mean “owner”/],
    ['an unknown key inside a phase', 'watch: every 15m', 'wach: every 15m', 'wach', 'UNKNOWN_KEY', /did you mean “watch”\?.*allowed here: phase, starts/],
    ['a key written with another habit', "person: lead, question: 'Comfortable?'", "person: lead, question: 'Comfortable?', validFor: 2h", 'validFor', 'UNKNOWN_KEY', /did you mean “valid for”/],
    ['an unknown key of a provider', 'at: p95', 'att: p95, at: p95', 'att', 'UNKNOWN_KEY', /did you mean “at”/],
    ['an unknown key inside a provider’s map', 'flag: new-checkout }', 'flag: new-checkout, sed: 1 }', 'sed', 'UNKNOWN_KEY', /allowed here: file, flag, by/],
    ['an unknown provider', '  p95: { json:', '  p95: { jsn:', 'jsn', 'UNKNOWN_PROVIDER', /did you mean “json”/],
    ['two providers', "unit: ms }", "unit: ms, probe: 'http://api/healthz' }", 'probe', 'TWO_PROVIDERS', /keep one/],
    ['a missing key', 'soak: 48h\n    triggers', 'triggers', 'phase: wave-2', 'MISSING_KEY', /“soak” is missing; a text is needed/],
    ['a list where a text belongs', 'owner: ana', 'owner: [ana]', '[ana]', 'WRONG_TYPE', /found a list where a text is needed/],
    ['a text where a list belongs', "emergency: ['error_rate > 10% for 5m', event: data-corruption]", "emergency: 'error_rate > 10% for 5m'", "'error_rate > 10% for 5m'", 'WRONG_TYPE', /found “error_rate > 10% for 5m” where a list is needed/],
    ['a value outside a closed list', 'cap: 80%', 'cap: 80%, safer: lowr', 'lowr', 'WRONG_VALUE', /did you mean “lower”\? \(allowed: lower, higher, none\)/],
    ['an id with capitals', 'rollout: checkout', 'rollout: Checkout V1', 'Checkout', 'WRONG_FORMAT', /an id has a-z, 0-9 and -/],
    ['a wrong unit, to the column', "'error_rate < 5%'", "'error_rate < 5ms'", '5ms', 'WRONG_UNIT', /“ms” is a wrong unit for a metric in %; allowed: %/],
    ['a number without its unit', "'error_rate < 5%'", "'error_rate < 0.05'", '0.05', 'WRONG_UNIT', /0\.05 of what\? This metric is in %/],
    ['a percentage of a percentage', 'wave-1 + 5 points', 'wave-1 + 5%', "5%']", 'AMBIGUOUS_PERCENT', /write “\+ 5 points” or “\+ 5% of wave-1”/],
    ['a condition with a typo in the metric, to the column', "'error_rate < 5%'", "'eror_rate < 5%'", 'eror_rate', 'UNKNOWN_METRIC', /did you mean “error_rate”/],
    ['a condition with a typo in a word, to the column', 'error_rate trending down', 'error_rate trending dwn', 'dwn', 'CONDITION_SYNTAX', /did you mean “down”/],
    ['a level with a typo counts columns in its own text', "warning: '> 5%'", "warning: '> 5% fro 3m'", 'fro', 'CONDITION_SYNTAX', /did you mean “for”/],
    ['an event nobody declared', 'event: data-corruption]', 'event: data-coruption]', 'data-coruption', 'UNKNOWN_EVENT', /did you mean “data-corruption”/],
    ['a time of day that does not exist', 'day 3 at 09:00', 'day 3 at 25:00', '25:00', 'IMPOSSIBLE_TIME', /25:00 is no time of day/],
    ['a time in the gap of a clock change, with its date', 'day 3 at 09:00', 'day 7 at 02:30', '02:30', 'IMPOSSIBLE_TIME', /02:30 does not exist on 2026-03-08 in America\/Los_Angeles/],
    ['a day before the first', 'day 1 at 09:00', 'day 0 at 09:00', '0 at 09:00', 'IMPOSSIBLE_TIME', /days count from 1/],
    ['a day that is none', 'day 1 at 09:00', 'Monday at 09:00', 'Monday', 'WRONG_DAY', /write “day 3 at 09:00”/],
    ['a phase that starts before the one before it', 'day 1 at 09:00', 'day 5 at 09:00', 'day 3', 'IMPOSSIBLE_TIME', /“wave-2” would start before “wave-1”/],
    ['a time zone that is none', 'America/Los_Angeles', 'America/LosAngeles', 'America/LosAngeles', 'WRONG_ZONE', /did you mean “America\/Los_Angeles”/],
    ['a length of time that is none', 'soak: 48h', 'soak: 2 fortnights', '2 fortnights', 'WRONG_DURATION', /write “24h”/],
    ['a cadence without every', 'watch: every 15m', 'watch: 15m', '15m\n', 'WRONG_CADENCE', /write “every 15m”/],
    ['a percentage over 100', 'move: { flag: 50% }', 'move: { flag: 150% }', '150%', 'OVER_CAP', /150% is no share of users/],
    ['a percentage over the target’s cap', 'move: { flag: 50% }', 'move: { flag: 90% }', '90%', 'OVER_CAP', /90% is over this target’s cap of 80%/],
    ['a percentage without its sign', 'move: { flag: 50% }', 'move: { flag: 50 }', '50 }', 'WRONG_UNIT', /write 50%/],
    ['a phase that shrinks unsaid', 'move: { flag: 50% }', 'move: { flag: 5% }', '5% }\n    soak: 48h', 'SHRINKS', /“wave-2” exposes less than “wave-1”: 10% → 5%.*shrinks: yes/],
    ['a move of what is read only', 'cap: 80%', 'read only: yes', '10% }', 'READ_ONLY', /no phase may move it/],
    ['a target that does not exist', 'move: { flag: 50% }', 'move: { flg: 50% }', 'flg', 'UNKNOWN_TARGET', /did you mean “flag”/],
    ['a person that does not exist', 'from: [ana, ben]', 'from: [ana, bne]', 'bne', 'UNKNOWN_PERSON', /did you mean “ben”\? \(known: ana, ben, lead\)/],
    ['more votes than people', 'needs: 2', 'needs: 3', '3 }', 'WRONG_QUORUM', /3 people are needed, but “from” has 2 people \(ana, ben\)/],
    ['a phase that asks for itself', 'all of wave-1', 'all of wave-2', 'wave-2, error', 'CYCLIC_REFERENCE', /wave-2 → wave-2/],
    ['a phase that asks for one that does not exist', 'all of wave-1', 'all of wave-9', 'wave-9', 'UNKNOWN_PHASE', /known: wave-1, wave-2/],
    ['a comparison with the phase itself', "'error_rate > wave-1 + 5 points'", "'error_rate > wave-2 + 5 points'", 'wave-2 +', 'WRONG_PERIOD', /is this very phase/],
    ['a comparison with a phase where none is over', "'error_rate > 10% for 5m'", "'error_rate > wave-1 + 5 points for 5m'", 'wave-1 + 5 points for', 'WRONG_PERIOD', /put the condition into a phase that comes after it/],
    ['a soak before there is one', "'error_rate < 5%'", "'error_rate < 5% over soak'", 'soak', 'WRONG_WINDOW', /nothing has moved before the first phase/],
    ['an end criterion in a gate', "'error_rate < 5%'", "'rollout.mttr < 15min'", 'rollout.mttr', 'WRONG_SUBJECT', /use it under `grades`/],
    ['a key that changes nothing', 'event: data-corruption]', '{ event: data-corruption, within: 5m }]', 'within', 'KEY_WITHOUT_EFFECT', /no effect on “roll back”/],
    ['a rollback to a later phase', 'event: data-corruption]', '{ event: data-corruption, to: wave-3 }]', 'wave-3', 'UNKNOWN_PHASE', /allowed: start, previous, wave-1, wave-2/],
    ['two phases of one name', 'phase: wave-2', 'phase: wave-1', 'wave-1\n    starts: day 3', 'DUPLICATE_NAME', /two phases “wave-1”/],
    ['a phase called like a word of the language', 'phase: wave-2', 'phase: soak', 'soak\n    starts', 'WRONG_NAME', /is a word of the plan language/],
    ['a key that stands twice', 'timezone: America/Los_Angeles', 'timezone: UTC\ntimezone: UTC', 'timezone: UTC\npeople', 'DUPLICATE_KEY', /stands twice/],
    ['a variable without a value', 'file: flags.json', "file: '${var:FLAGS}'", "'${var:FLAGS}'", 'MISSING_VARIABLE', /give --var FLAGS=…/],
    ['a metric without a source', "  p95: { json: 'http://api/metrics', at: p95, unit: ms }", '  p95: { unit: ms }', '{ unit: ms }', 'NO_PROVIDER', /name a provider \(prometheus/],
    ['settings that contradict each other', 'at: p95', "at: p95, ratio: [a, b]", "'http://api/metrics', at: p95", 'WRONG_SETTINGS', /exactly one says what to read/],
  ];
  /** where one change is wrong in more than one place */
  const also: Readonly<Record<string, number>> = { 'a move of what is read only': 2 };
  for (const [promise, from, to, at, code, says] of mistakes) {
    it(promise, () => {
      const text = spoiled(from, to);
      const all = told(text);
      expect(all).toContain(`${placeOf(text, at)} ${code}`);
      expect(all).toHaveLength(also[promise] ?? 1);
      expect(messagesOf(text, code)[0]).toMatch(says);
    });
  }

  it('the sample itself is sound, so each of these is refused for its one change', () => { expect(told(sample)).toEqual([]); });
});

describe('a text that is no YAML', () => {
  it('a quote that is not closed is told with its line and a hint', () => {
    const text = spoiled("'error_rate < 5%'", "'error_rate < 5%");
    const result = read(text);
    expect(result.ok ? [] : result.problems.map(({ code }) => code)).toContain('YAML_SYNTAX');
    expect(result.ok ? '' : result.problems[0]!.message).toMatch(/quote|bracket|quotes/);
  });
  it('a tab as indentation is called a tab', () => { expect(messageOf('rollout: a\npeople:\n\tana: {}\n', 'YAML_SYNTAX')).toMatch(/tab/); });
  it('a text with a colon asks for quotes', () => { expect(messageOf('rollout: a: b\n', 'YAML_SYNTAX')).toMatch(/quotes/); });
  it('an empty file, a list and a single word are no plans', () => {
    expect(told('')).toEqual(['1:1 EMPTY_PLAN']);
    expect(told('- a\n')).toEqual(['1:1 WRONG_TYPE']);
    expect(told('hello')).toEqual(['1:1 WRONG_TYPE']);
  });
  it('a plan of 2 MiB is refused unread, one just under 1 MiB is read', () => {
    expect(messageOf(`${sample}\n# ${'x'.repeat(2 * 1024 * 1024)}`, 'PLAN_TOO_LARGE')).toMatch(/larger than 1 MiB/);
    expect(told(`${sample}\n# ${'x'.repeat(1024 * 1024 - sample.length - 10)}`)).toEqual([]);
    // bytes count, not characters
    expect(told(`${sample}\n# ${'ü'.repeat(600_000)}`)).toEqual(['1:1 PLAN_TOO_LARGE']);
  });
  it('nesting deeper than any plan is refused, not crashed on', () => { expect(told(`a: ${'['.repeat(200_000)}`).every((one) => one.endsWith('YAML_SYNTAX'))).toBe(true); });
  it('aliases that multiply are refused', () => {
    const bomb = `a: &a [x, x, x, x, x, x, x, x, x]\n${[...'bcdefghi'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(', ')}]`).join('\n')}\n`;
    expect(messageOf(bomb, 'YAML_SYNTAX')).toMatch(/alias/i);
  });
  it('keys that belong to JavaScript are unknown keys like any other', () => {
    expect(messageOf(`constructor: {}\n${sample}`, 'UNKNOWN_KEY')).toMatch(/unknown key “constructor”/);
    expect(messageOf(`__proto__: { owner: x }\n${sample}`, 'UNKNOWN_KEY')).toMatch(/unknown key “__proto__”/);
  });
});

describe('all errors at once', () => {
  it('shape, units, people, times, rules and secrets are told together, in the order of the file', () => {
    const text = sample
      .replace('timezone: America/Los_Angeles', 'timezone: Amerika')
      .replace('unit: ms }', 'unit: ms, tmeout: 3s }')
      .replace("'error_rate < 5%'", "'error_rate < 5ms'")
      .replace('needs: 2', 'needs: many')
      .replace('flag: 10%', 'flag: 110%')
      .replace('from: [ana, ben]', 'from: [ana, bne]')
      .replace('day 3 at 09:00', 'day 3 at 25:00')
      .replace('run: systemctl stop checkout', "run: 'curl -H \"Authorization: Bearer abcdefghijklmnop\" http://x/stop', on: 7");
    expect(told(text).map((one) => one.split(' ')[1])).toEqual([
      'WRONG_ZONE', 'UNKNOWN_KEY', 'WRONG_UNIT', 'UNKNOWN_PERSON', 'WRONG_FORMAT', 'OVER_CAP', 'IMPOSSIBLE_TIME', 'SHRINKS', 'SECRET_AS_TEXT', 'WRONG_TYPE',
    ]);
  });
  it('a missing key does not hide what is wrong elsewhere, and is not blamed twice', () => {
    const text = sample.replace('owner: ana\n', '').replace('    soak: 48h\n', '').replace("'comfort = yes'", "'comfrt = yes'");
    expect(told(text).map((one) => one.split(' ')[1])).toEqual(['MISSING_KEY', 'UNKNOWN_METRIC', 'MISSING_KEY']);
  });
  it('an error is printed as file:line:column, message and path', () => {
    const result = read(spoiled('needs: 2', 'needs: 3'));
    expect(result.ok ? '' : printProblem(result.problems[0]!, 'plans/checkout.yaml')).toMatch(/^plans\/checkout\.yaml:22:\d+: 3 people are needed.* \(phases\[0\]\.approval\.needs\)$/);
  });
});

describe('variables', () => {
  const text = spoiled('file: flags.json', "file: '${var:FLAGS, default flags.json}'");
  it('a variable on the command line that the plan does not have is an error with a suggestion', () => {
    expect(messageOf(text, 'UNKNOWN_VARIABLE', { vars: { FLAG: 'x' } })).toMatch(/no variable FLAG.*did you mean “FLAGS”/);
  });
  it('a value outside the declared ones is refused where it is used', () => {
    const chosen = `vars: { FLAGS: { one of: [a.json, b.json] } }\n${spoiled('file: flags.json', "file: '${var:FLAGS}'")}`;
    expect(told(chosen, { vars: { FLAGS: 'a.json' } })).toEqual([]);
    expect(messageOf(chosen, 'WRONG_VARIABLE', { vars: { FLAGS: 'c.json' } })).toMatch(/allowed: a\.json, b\.json/);
    expect(messageOf(chosen, 'MISSING_VARIABLE')).toMatch(/FLAGS has no value/);
  });
});
