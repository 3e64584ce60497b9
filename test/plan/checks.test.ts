// Items that a machine settles, the completion, and who may start: what each means, and that whatever makes no sense is refused where it stands.
import { describe, expect, it } from 'vitest';
import { messageOf, plan, read, told } from './providers.js';
import { placeOf, sample } from './sample.js';

const prepared = (items: string, phase = ''): string => `${sample.replace('    enter: [all of wave-1', `${phase === '' ? '' : `    preparation: ${phase}\n`}    enter: [all of wave-1`)}preparation: ${items}\n`;
const itemOf = (item: string) => plan(prepared(`[${item}]`)).preparation[0]!;
const problem = (item: string): string => { const text = prepared(`[${item}]`); const result = read(text); return result.ok ? 'sound' : result.problems.map(({ line, column, code, message }) => `${line}:${column} ${code}: ${message}`).join('\n'); };
const at = (item: string, needle: string): string => placeOf(prepared(`[${item}]`), needle);

describe('an item that a machine settles', () => {
  it('is a condition over the plan’s metrics, measured when it is checked', () => {
    expect(itemOf("{ item: Fast enough, holds: 'p95 < 2s' }")).toMatchObject({ kind: 'check', question: 'Fast enough', from: ['ana'], check: { kind: 'holds', condition: { text: 'p95 < 2000ms' } } });
  });
  it('is a probe with whatever its source takes', () => {
    expect(itemOf("{ item: Ready, probe: { url: 'http://api/readyz', fields: { status: ok, components.db: ok } }, timeout: 3s }").check).toMatchObject({ kind: 'probe', timeoutMs: 3000, settings: { url: 'http://api/readyz', fields: { status: 'ok', 'components.db': 'ok' }, status: 200 } });
    expect(itemOf("{ item: Ready, probe: 'http://api/readyz' }").check).toMatchObject({ kind: 'probe', timeoutMs: 10_000, settings: { url: 'http://api/readyz' } });
  });
  it('is an environment: a file, the worker’s own, or what a command prints', () => {
    expect(itemOf("{ item: Env, environment: { file: .env, has: { A: set, B: production, C: false, PORT: 8080 } }, on: api-1 }").check).toEqual({
      kind: 'environment', source: { kind: 'file', file: '.env', on: 'api-1' },
      has: [{ key: 'A', value: null, secret: false }, { key: 'B', value: 'production', secret: false }, { key: 'C', value: 'false', secret: false }, { key: 'PORT', value: '8080', secret: false }],
    });
    expect(itemOf('{ item: Env, environment: { worker: yes, has: { A: set } } }').check).toMatchObject({ source: { kind: 'worker', on: null } });
    expect(itemOf("{ item: Env, environment: { command: [docker, compose, exec, -T, api, env], has: { A: set } }, timeout: 20s, cwd: /srv, on: api-1 }").check).toMatchObject({ source: { kind: 'command', command: { run: ['docker', 'compose', 'exec', '-T', 'api', 'env'], timeoutMs: 20_000, cwd: '/srv', on: 'api-1' } } });
  });
  it('never shows a variable that is called like a secret, or is compared with one', () => {
    const { check } = itemOf("{ item: Env, environment: { worker: yes, has: { SECRET_KEY: set, API_KEY: '${env:EXPECTED}', DB_PASSWORD: set, USE_TOKEN: 'false', MODE: live } } }");
    expect(check!.kind === 'environment' && check!.has.filter((one) => one.secret).map((one) => one.key)).toEqual(['SECRET_KEY', 'API_KEY', 'DB_PASSWORD', 'USE_TOKEN']);
  });
  it('stands before a phase as well, where it may speak of what is over by then', () => {
    const made = plan(prepared('[]', "[{ item: Calm, holds: 'error_rate < baseline + 5 points' }, { item: As before, holds: 'p95 < 2x wave-1' }]"));
    expect(made.phases[1]!.preparation.map(({ id, check }) => [id, check!.kind === 'holds' && check!.condition.text])).toEqual([['phases/wave-2/preparation/0', 'error_rate < baseline + 5 points'], ['phases/wave-2/preparation/1', 'p95 < 2x wave-1']]);
    expect(made.baseline!.metrics).toContain('error_rate');
  });

  it.each([
    ["{ item: Two ways, run: 'true', holds: 'p95 < 2s' }", 'holds', 'WRONG_ITEM: “run” and “holds” exclude each other'],
    ["{ sign-off: Signed, probe: 'http://api/readyz' }", 'probe', 'WRONG_ITEM: a machine cannot sign off'],
    ["{ item: Fast, holds: 'p96 < 2s' }", 'p96', 'UNKNOWN_METRIC'],
    ["{ item: Fast, holds: 'p95 < 2 MB' }", '2 MB', 'WRONG_UNIT'],
    ["{ item: Fast, holds: 'p95 < 2s', timeout: 3s }", 'timeout: 3s', 'KEY_WITHOUT_EFFECT: “timeout” has no effect on “holds”'],
    ["{ item: Up, probe: 'http://api/readyz', cwd: /srv }", 'cwd: /srv', 'KEY_WITHOUT_EFFECT: “cwd” has no effect on “probe”'],
    ["{ item: Fast, holds: 'p95 < 2x baseline' }", 'baseline\' }', 'is taken after the preparation'],
    ["{ item: Fast, holds: 'p95 < 2s over soak' }", 'soak\' }', 'has not begun when this is checked'],
    ["{ item: Fast, holds: 'p95 < 2s for 5m' }", "'p95 < 2s for", 'WRONG_PLACE: “json” answers only for now'],
    ["{ item: Fast, holds: 'p95 < 2s in 3 of 5 looks' }", "'p95 < 2s in", 'WRONG_PLACE: there are no looks to count'],
    ["{ item: Fine, holds: 'comfort = yes' }", "'comfort = yes' }]", 'WRONG_PLACE: comfort is what a person says'],
    ["{ item: Clean, holds: 'events(data-corruption) = 0' }", "'events(", 'WRONG_PLACE: what is reported is not measured'],
    ["{ item: Up, probe: { url: 'http://api', colour: red } }", 'colour', 'UNKNOWN_KEY: unknown key “colour”'],
    ['{ item: Env, environment: { has: { A: set } } }', '{ has: { A', 'WRONG_ITEM: say where the variables are'],
    ['{ item: Env, environment: { file: .env, worker: yes, has: { A: set } } }', 'yes, has', 'WRONG_ITEM: “file” and “worker” exclude each other'],
    ['{ item: Env, environment: { file: .env, has: {} } }', '{} }', 'TOO_SMALL'],
    ['{ item: Env, environment: { file: .env } }', '{ file: .env }', 'MISSING_KEY: “has” is missing'],
    ['{ item: Env, environment: { file: .env, has: { A: 1.10 } } }', '1.10', 'WRONG_TYPE: 1.1 may have been written otherwise: put the value in quotes'],
    ['{ item: Env, environment: { file: .env, has: { A: set } }, timeout: 3s }', 'timeout: 3s', 'KEY_WITHOUT_EFFECT: “timeout” has no effect on “environment”'],
    ['{ item: Env, environment: { file: .env, has: { DB_PASSWORD: hunter2-and-more } } }', 'hunter2', 'SECRET_AS_TEXT'],
    ['{ item: Env, environment: { file: .env, has: { SECRET_KEY: hunter2-and-more } } }', 'hunter2', 'SECRET_AS_TEXT'],
  ])('is refused where it makes no sense: %s', (item, needle, message) => {
    const said = problem(item);
    expect(said).toContain(message);
    expect(said.split('\n')[0]).toMatch(new RegExp(`^${at(item, needle)} `));
    if (needle === 'hunter2') expect(said).not.toContain('hunter2');
  });
  it('is refused with all others at once', () => {
    expect(told(prepared("[{ item: A, holds: 'p96 < 2s' }, { item: B, environment: { has: {} } }]")).length).toBe(3);
  });
});

const completed = (more: string): string => `${sample}completion: ${more}\n`;

describe('a completion', () => {
  const full = "{ checks: [{ check: Post-deployment validation, run: npm run validate, timeout: 5m }, { check: Smoke, run: ./smoke.sh }], items: [{ item: Accepted, from: ben }, { item: Fast, holds: 'p95 < 2x wave-2' }], compare: [p95, comfort] }";
  it('runs commands in their order, asks items and compares metrics', () => {
    expect(plan(completed(full)).completion).toMatchObject({
      checks: [{ id: 'completion/checks/post-deployment-validation', name: 'Post-deployment validation', command: { run: 'npm run validate', timeoutMs: 300_000 } }, { id: 'completion/checks/smoke' }],
      items: [{ id: 'completion/items/0', question: 'Accepted', from: ['ben'], kind: 'item' }, { id: 'completion/items/1', kind: 'check' }], compare: ['p95', 'comfort'],
    });
  });
  it('has a baseline taken of what it compares; what a person says is asked, not measured', () => {
    expect(plan(sample).baseline!.metrics).toEqual([]);
    expect(plan(completed('{ compare: [p95, comfort] }')).baseline!.metrics).toEqual(['p95']);
  });
  it('compares without a list whatever the baseline holds', () => {
    expect(plan(`${sample.replace('error_rate > 10% for 5m', 'error_rate > baseline + 5 points')}completion: {}\n`).completion!.compare).toEqual(['error_rate']);
  });
  it('is none without the key', () => { expect(plan(sample).completion).toBeNull(); });
  it.each([
    ['{ compare: [p59] }', 'p59', 'UNKNOWN_METRIC: there is no metric “p59”; did you mean “p95”?'],
    ['{ compare: [p95, p95] }', 'p95] }', 'DUPLICATE_NAME'],
    ['{ compare: [] }', '[] }\n', 'TOO_SMALL'],
    ['{ checks: [{ check: A, run: x }, { check: a, run: y }] }', 'a, run: y', 'DUPLICATE_NAME: there are two checks “a”'],
    ['{ checks: [{ check: A }] }', '{ check: A }', 'WRONG_TYPE: this key has no value'],
    ['{ items: [{ item: A, when: week -1 }] }', 'when: week -1', 'KEY_WITHOUT_EFFECT'],
    ['{ items: [{ item: A, from: cid }] }', 'cid', 'UNKNOWN_PERSON'],
  ])('is refused where it makes no sense: %s', (text, needle, message) => {
    const result = read(completed(text));
    const said = result.ok ? 'sound' : result.problems.map(({ line, column, code, message }) => `${line}:${column} ${code}: ${message}`).join('\n');
    expect(said).toContain(message);
    expect(said.split('\n')[0]).toMatch(new RegExp(`^${placeOf(completed(text), needle)} `));
  });
  it('is not also the name of a phase', () => { expect(messageOf(completed('{}').replaceAll('wave-2', 'completion'), 'WRONG_NAME')).toContain('call the phase otherwise'); });
  it('that compares needs a baseline', () => {
    expect(messageOf(completed('{ compare: [p95] }').replace('baseline: { over: 24h }\n', ''), 'NO_BASELINE')).toContain('nothing to compare with');
  });
});

describe('starts only by', () => {
  it('names people or roles', () => { expect(plan(`${sample}starts only by: [lead, ben]\n`).startsOnlyBy).toEqual(['ana', 'ben']); });
  it('is nobody in particular when it is not said', () => { expect(plan(sample).startsOnlyBy).toEqual([]); });
  it('is refused for somebody whom the plan does not know', () => { expect(messageOf(`${sample}starts only by: pipeline\n`, 'UNKNOWN_PERSON')).toContain('there is no person or role “pipeline”'); });
});
