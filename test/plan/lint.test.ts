// What is allowed but probably not meant is said; what is usual is not.
import { describe, expect, it } from 'vitest';
import { read } from './providers.js';
import { sample, spoiled } from './sample.js';

const lints = (text: string, options: Parameters<typeof read>[1] = {}): readonly string[] => {
  const result = read(text, options);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.warnings.map(({ level, code, path, message }) => `${level} ${code} ${path}: ${message}`);
};

describe('the lint', () => {
  it('says nothing about a usual plan but how late its slowest trigger is heard', () => {
    expect(lints(sample)).toEqual([expect.stringMatching(/^note SLOW_DETECTION triggers\.emergency\[0\]: “error_rate > 10% for 5m” is heard after up to 20m in “wave-1” \(5m the condition \+ 15m the cadence\)$/)]);
  });
  it('counts a query’s own window into the detection time', () => {
    const text = spoiled("json: 'http://api/metrics', at: errors.rate, unit: '%'", "prometheus: 'rate(errors[10m])', url: 'http://p', unit: '%'");
    expect(lints(text)[0]).toMatch(/heard after up to 30m .*10m the query’s own window \+ 5m the condition \+ 15m the cadence/);
  });
  it('three flags at 25% that each choose their own users expose 58% of them', () => {
    const text = spoiled('flag: new-checkout }, cap: 80% }', 'flag: new-checkout }, cap: 80% }\n  two: { flagd: { file: flags.json, flag: two } }\n  three: { flagd: { file: flags.json, flag: three } }')
      .replace('move: { flag: 10% }', 'move: { flag: 25%, two: 25%, three: 25% }');
    expect(lints(text)).toContainEqual(expect.stringMatching(/^warning UNALIGNED_COHORTS phases\[0\]\.move: 3 flags .* about 58% of users get at least one of them, not 25%/));
  });
  it('flags of one group expose the same users, and flags with salts of their own do not', () => {
    const two = (group: string): string => spoiled("flag: { flagd: { file: flags.json, flag: new-checkout }, cap: 80% }", `flag: { unleash: { url: 'http://u', token: '\${env:T}', environment: p, flag: one, group: all } }\n  two: { unleash: { url: 'http://u', token: '\${env:T}', environment: p, flag: two${group} } }`).replace('move: { flag: 10% }', 'move: { flag: 25%, two: 25% }');
    expect(lints(two(', group: all')).filter((one) => one.includes('UNALIGNED'))).toEqual([]);
    expect(lints(two(', group: others')).filter((one) => one.includes('UNALIGNED'))).toHaveLength(1);
    expect(lints(two('')).filter((one) => one.includes('UNALIGNED'))).toHaveLength(1);
  });
  it('a variable that is declared and used nowhere', () => {
    const declared = (about: string): string => `vars: { SHOP: http://shop, SPARE: nothing }\n${spoiled('rollout:', `description: ${about}\nrollout:`)}`;
    expect(lints(declared('the shop at ${var:SHOP}')).filter((one) => one.includes('UNUSED'))).toEqual(['warning UNUSED_VARIABLE vars.SPARE: “SPARE” is used nowhere: write ${var:SPARE} where it belongs, or leave it out']);
    expect(lints(declared('the shop at ${var:SHOP}, ${var:SPARE}')).filter((one) => one.includes('UNUSED'))).toEqual([]);
  });
  it('a soak shorter than what its trigger looks at', () => {
    expect(lints(spoiled('soak: 48h', 'soak: 30m').replace("'error_rate > wave-1 + 5 points'", "'mean(error_rate over 1h) > 5%'"))).toContainEqual(expect.stringMatching(/^warning SHORT_SOAK phases\[1\]\.soak: “wave-2” soaks for 30m, but “error_rate > 5% over 1h”/));
  });
  it('a gate that asks for more looks than its soak has', () => {
    expect(lints(spoiled('soak: 48h', "soak: 20m\n    leave: ['error_rate < 5% in 3 of 5 looks']"))).toContainEqual(expect.stringMatching(/^warning NEVER_MEASURED phases\[1\]\.leave: .* has only 4 in its soak/));
  });
  it('new alerts before anything has soaked', () => {
    expect(lints(`${spoiled("'comfort = yes'", "'comfort = yes', 'new alerts(critical) = 0'")}alerts: { critical: { memory: a } }\n`)).toContainEqual(expect.stringMatching(/^warning NEVER_MEASURED phases\[0\]\.enter: /));
  });
  it('a ratio that is shown in % as it is read', () => {
    const query = (text: string): string => spoiled("json: 'http://api/metrics', at: errors.rate", `prometheus: '${text}', url: 'http://p'`);
    const found = (text: string): boolean => lints(query(text)).some((one) => one.startsWith('warning NO_SCALE metrics.error_rate'));
    expect([found('sum(rate(e[1m])) / sum(rate(r[1m]))'), found('100 * sum(rate(e[1m])) / sum(rate(r[1m]))'), found("sum(rate(e[1m])) / sum(rate(r[1m]))', reads: ratio, better: 'lower")]).toEqual([true, false, false]);
  });
  it('seconds that are shown as milliseconds', () => {
    expect(lints(spoiled("json: 'http://api/metrics', at: p95", "prometheus: 'max(request_duration_seconds)', url: 'http://p'"))).toContainEqual(expect.stringMatching(/NO_SCALE metrics\.p95: .*add “reads: s”/));
  });
  it('a number of samples that nothing counts', () => {
    expect(lints(spoiled('at: p95', 'min samples: 5, at: p95'))).toContainEqual(expect.stringMatching(/^warning NO_SAMPLES metrics\.p95\.min samples/));
    expect(lints(spoiled('at: p95', 'min samples: 5, at: p95, samples: n')).filter((one) => one.includes('NO_SAMPLES'))).toEqual([]);
  });
  it('an approval that the one who starts could block', () => {
    expect(lints(`starter may approve: no\n${sample}`)).toContainEqual(expect.stringMatching(/^warning STARTER_BARRED phases\[0\]\.approval: the approval of “wave-1” needs everybody/));
    expect(lints(`starter may approve: no\n${spoiled('needs: 2', 'needs: 1')}`).filter((one) => one.includes('STARTER'))).toEqual([]);
  });
  it('files and commands without a host, where there are several workers', () => {
    expect(lints(sample, { workers: 2 }).filter((one) => one.includes('NO_HOST'))).toEqual([expect.stringContaining('targets.flag'), expect.stringContaining('rollback.if that fails[0]')]);
    expect(lints(`${sample}incidents: { critical: { steps: [{ step: Fall back, run: ./fallback.sh }] } }\n`, { workers: 2 }).filter((one) => one.includes('NO_HOST') && one.includes('incidents.critical.steps[0]'))).toHaveLength(1);
    expect(lints(sample, { workers: 1 }).filter((one) => one.includes('NO_HOST'))).toEqual([]);
    expect(lints(spoiled('cap: 80%', 'cap: 80%, on: host-1').replace('run: systemctl stop checkout', 'run: systemctl stop checkout, on: host-1'), { workers: 2 }).filter((one) => one.includes('NO_HOST'))).toEqual([]);
  });
});
