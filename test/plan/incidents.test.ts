// Incidents, paths of people and what starts follow-ups: what a plan may say of them, its defaults, and what is refused.
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { plan, read, told, messageOf } from './providers.js';
import { sample } from './sample.js';

const minute = 60_000;
const people = sample.replace('  ben: { email: ben@company.com }', '  ben: { email: ben@company.com }\n  cid: { roles: [boss] }\n  dee: { roles: [boss] }');
const withTop = (top: string): string => `${people}${top}\n`;

describe('a path', () => {
  it('is walked person by person, each after a time of its own or that of all', () => {
    const { escalation, escalationAfterMs } = plan(withTop('escalation: [ana, { to: ben, after: 10m }, boss]\nescalate every: 20m'));
    expect(escalation).toEqual(['ana', 'ben', 'cid', 'dee']);
    expect(escalationAfterMs).toEqual([20, 10, 20, 20].map((one) => one * minute));
  });
  it('without a word about it is the owner alone', () => {
    expect(plan(sample)).toMatchObject({ escalation: ['ana'], escalationAfterMs: [30 * minute], incidents: [] });
  });
  it('calls nobody twice', () => { expect(plan(withTop('escalation: [ana, lead, cid, boss]')).escalation).toEqual(['ana', 'cid', 'dee']); });
});

describe('an incident', () => {
  it('that says nothing calls the escalation path, five minutes each, its first commands', () => {
    const [incident] = plan(withTop('escalation: [ben, { to: ana, after: 2m }]\nincidents: { critical: {} }')).incidents;
    expect(incident).toEqual({ severity: 'critical', commander: 'ben', path: [{ who: 'ben', afterMs: 5 * minute }, { who: 'ana', afterMs: 2 * minute }], acknowledgeWithinMs: 5 * minute, firstSteps: [], steps: [], tell: [], followUps: [] });
  });
  it('calls its commander first, and once', () => {
    const [incident] = plan(withTop('incidents: { critical: { commander: cid, acknowledge within: 3m, path: [ana, { to: ben, after: 10m }, cid, dee] } }')).incidents;
    expect(incident!.path.map(({ who, afterMs }) => [who, afterMs / minute])).toEqual([['cid', 3], ['ana', 3], ['ben', 10], ['dee', 3]]);
  });
  it('keeps first steps, steps, people who are told and follow-ups with who does them', () => {
    const [incident] = plan(withTop(`incidents:
  emergency:
    commander: ana
    first steps: ['Check https://api/health', 'docs/runbook/latency.md']
    steps: [{ step: Manual fallback on, run: ./fallback.sh on, timeout: 1m }]
    tell: boss
    follow-ups: [{ follow-up: Root cause, who: ben, within: 24h }, { follow-up: Post-mortem, within: 7d }]`)).incidents;
    expect(incident).toMatchObject({
      severity: 'emergency', firstSteps: ['Check https://api/health', 'docs/runbook/latency.md'], tell: ['cid', 'dee'],
      steps: [{ id: 'incidents/emergency/steps/manual-fallback-on', name: 'Manual fallback on', run: { run: './fallback.sh on', timeoutMs: minute } }],
      followUps: [{ id: 'incidents/emergency/root-cause', on: 'incident', who: ['ben'], withinMs: 24 * 60 * minute }, { id: 'incidents/emergency/post-mortem', who: ['ana'], withinMs: 7 * 24 * 60 * minute }],
    });
  });
  it('stands in the order of severity, whatever the order of the file', () => {
    expect(plan(withTop('incidents: { emergency: {}, warning: {}, critical: {} }')).incidents.map(({ severity }) => severity)).toEqual(['warning', 'critical', 'emergency']);
  });
});

describe('what makes no sense is refused where it stands', () => {
  const mistakes: readonly (readonly [what: string, top: string, at: string, code: string, says: RegExp])[] = [
    ['a person nobody knows in a path', 'escalation: [ana, { to: bne, after: 10m }]', 'bne', 'UNKNOWN_PERSON', /did you mean “ben”/],
    ['a time that is none', 'escalation: [ana, { to: ben, after: soon }]', 'soon', 'WRONG_DURATION', /write 90s/],
    ['a wait before the first call', 'escalation: [{ to: ana, after: 5m }]', 'after: 5m', 'KEY_WITHOUT_EFFECT', /is called at once/],
    ['an unknown key of a step', 'escalation: [{ to: ana, afer: 5m }]', 'afer', 'UNKNOWN_KEY', /did you mean “after”/],
    ['two commanders', 'incidents: { critical: { commander: boss } }', 'boss } }', 'ONE_PERSON', /“boss” is 2 people \(cid, dee\)/],
    ['a commander nobody knows', 'incidents: { critical: { commander: anna } }', 'anna', 'UNKNOWN_PERSON', /did you mean “ana”/],
    ['an incident of no weight', 'incidents: { info: {} }', 'info', 'UNKNOWN_KEY', /allowed here: warning, critical, emergency/],
    ['a path to nobody', 'incidents: { critical: { path: [] } }', '[] } }', 'TOO_SMALL', /at least 1/],
    ['no time to acknowledge', 'incidents: { critical: { acknowledge within: 0m } }', '0m', 'WRONG_DURATION', /no length of time/],
    ['a step without a command', 'incidents: { critical: { steps: [{ step: Look }] } }', '{ step: Look }', 'WRONG_TYPE', /this key has no value/],
    ['two steps of one name', "incidents: { critical: { steps: [{ step: Fall back, run: a }, { step: 'Fall back!', run: b }] } }", "'Fall back!'", 'DUPLICATE_NAME', /two called “Fall back!”/],
    ['two follow-ups of one name', 'incidents: { critical: { follow-ups: [{ follow-up: Cause, within: 1d }, { follow-up: cause, within: 2d }] } }', 'cause, within: 2d', 'DUPLICATE_NAME', /two called “cause”/],
    ['a follow-up of an incident that says when', 'incidents: { critical: { follow-ups: [{ follow-up: Cause, on: rollback, within: 1d }] } }', 'on: rollback', 'UNKNOWN_KEY', /unknown key “on”/],
    ['a follow-up on something that does not happen', 'follow-ups: [{ follow-up: Fix, on: warnings, within: 24h }]', 'warnings', 'WRONG_VALUE', /did you mean “warning”\? \(allowed: rollback, completion, issue, warning, critical, emergency, event:NAME\)/],
    ['a follow-up on an event nobody declared', "follow-ups: [{ follow-up: Fix, on: 'event:data-coruption', within: 24h }]", "'event:data-coruption'", 'UNKNOWN_EVENT', /did you mean “data-corruption”/],
    ['a review that comes before it reminds', 'reviews: [{ review: Daily, every: day, remind after: 24h }]', '24h }]', 'WRONG_DURATION', /the next one comes before 24h are over/],
  ];
  it.each(mistakes)('%s', (_what, top, at, code, says) => {
    const text = withTop(top);
    expect(told(text)).toEqual([`${placeIn(text, top, at)} ${code}`]);
    expect(messageOf(text, code)).toMatch(says);
  });
  it('all at once', () => {
    expect(told(withTop('escalation: [nobody]\nincidents: { critical: { commander: noone, tell: noperson } }\nfollow-ups: [{ follow-up: Fix, on: never, within: 24h }]')).map((one) => one.split(' ')[1])).toEqual(['UNKNOWN_PERSON', 'UNKNOWN_PERSON', 'UNKNOWN_PERSON', 'WRONG_VALUE']);
  });
});

/** Where `needle` stands behind the beginning of `top`. */
function placeIn(text: string, top: string, needle: string): string {
  const at = text.indexOf(needle, text.indexOf(top));
  const before = text.slice(0, at).split('\n');
  return `${before.length}:${before.at(-1)!.length + 1}`;
}

describe('a follow-up', () => {
  it('may begin as trouble begins', () => {
    expect(plan(withTop("follow-ups: [{ follow-up: Fix it, on: warning, within: 24h }, { follow-up: Report, on: 'event: data-corruption', within: 72h }]")).followUps.map(({ on, who }) => [on, who])).toEqual([['warning', ['ana']], ['event:data-corruption', ['ana']]]);
  });
});

describe('a review', () => {
  it('is reminded of after a day, a daily one after eight hours, or as the plan says', () => {
    expect(plan(withTop('reviews: [{ review: a }, { review: b, every: day }, { review: c, every: week, remind after: 2d }]')).reviews.map(({ remindAfterMs }) => remindAfterMs! / 3_600_000)).toEqual([24, 8, 48]);
  });
});

it('a grade may ask how long people took to acknowledge', () => {
  expect(read(withTop('grades: { quick: [rollout.slowest_acknowledgement < 5min] }')).ok).toBe(true);
});

describe('the examples of the manuals are sound', () => {
  const base = { ...(parse(sample) as Record<string, unknown>), people: Object.fromEntries(['ana', 'ben', 'engineer-on-duty', 'technical-lead', 'clinical-lead', 'director', 'stakeholders'].map((id) => [id, id === 'ana' ? { roles: ['lead'] } : {}])), events: { 'data-corruption': 'x', 'data-breach': 'y' } };
  it.each(['incidents', 'reviews'])('docs/%s.md', (name) => {
    const page = readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');
    const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text]) => text!);
    expect(examples.length).toBeGreaterThan(0);
    for (const text of examples) expect(told(stringify({ ...base, ...(parse(text) as object) }))).toEqual([]);
  });
});
