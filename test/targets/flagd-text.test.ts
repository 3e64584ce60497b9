// Proves that a flag file is edited as a careful person would: only the share changes, whatever the file looks like around it.
import { describe, expect, it } from 'vitest';
import { editFlag } from '../../src/targets/flagd-edit.js';
import { viewFlag, type FlagPlace } from '../../src/targets/flagd-text.js';

const place = (changes: Partial<FlagPlace> = {}): FlagPlace => ({ file: 'flags.json', flag: 'new', by: null, variants: null, ...changes });

const COMMENTED = `{
  // who owns this file: the platform team
  "$schema": "https://flagd.dev/schema/v0/flags.json",
  "flags": {
    /* the old one: "new": { } is not here */
    "old":  { "state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off" }, // keep
\t"new": {
      "state": "ENABLED",
      "variants": { "on": true, "off": false },
      "defaultVariant": "off", // off for the unknown
      "targeting": {
        "fractional": [
          { "cat": [ { "var": "$flagd.flagKey" }, { "var": "userId" } ] },
          [ "on",  10 ], // grows
          [ "off", 90 ]  /* shrinks */
        ]
      },
    },
  },
}
`;

const YAML = `# flags of the shop
flags:
  old: {state: ENABLED, variants: {on: true, off: false}, defaultVariant: "on"}   # leave me
  new:
    state: ENABLED      # someone may set DISABLED
    variants:
      "on": true
      "off": false
    defaultVariant: "off"
    targeting:
      fractional:
        - cat:
            - var: $flagd.flagKey
            - var: userId
        - - "on"   # first
          - 10
        - - "off"
          - 90
`;

describe('editing the share of a flag', () => {
  it('changes two numbers of a JSON file with comments, tabs and trailing commas, and no other byte', () => {
    expect(editFlag(COMMENTED, place(), 25)).toBe(COMMENTED.replace('"on",  10 ', '"on",  25 ').replace('"off", 90 ', '"off", 75 '));
  });

  it('changes two numbers of a YAML file, and no other byte', () => {
    expect(editFlag(YAML, place({ file: 'flags.yaml' }), 50)).toBe(YAML.replace('- 10\n', '- 50\n').replace('- 90\n', '- 50\n'));
  });

  it('states two decimals with weights out of 10,000, and goes back to whole percents', () => {
    const fine = editFlag(COMMENTED, place(), 12.5);
    expect(fine).toContain('[ "on",  1250 ]');
    expect(viewFlag(fine, place()).sharePercent).toBe(12.5);
    expect(viewFlag(editFlag(COMMENTED, place(), 0.01), place()).sharePercent).toBe(0.01);
    expect(viewFlag(editFlag(COMMENTED, place(), 99.99), place()).sharePercent).toBe(99.99);
    expect(editFlag(fine, place(), 10)).toBe(COMMENTED);
  });

  it('gives 0 and 100 with both buckets kept, in their order', () => {
    expect(editFlag(COMMENTED, place(), 0)).toContain('[ "on",  0 ], // grows\n          [ "off", 100 ]');
    expect(editFlag(COMMENTED, place(), 100)).toContain('[ "on",  100 ], // grows\n          [ "off", 0 ]');
  });

  it('keeps the order of a file that lists the off bucket first, since the order decides which users are in', () => {
    const swapped = COMMENTED.replace('[ "on",  10 ], // grows\n          [ "off", 90 ]', '[ "off", 90 ],\n          [ "on", 10 ]');
    expect(viewFlag(swapped, place()).sharePercent).toBe(10);
    expect(editFlag(swapped, place(), 30)).toContain('[ "off", 70 ],\n          [ "on", 30 ]');
  });

  it('keeps line ends, a byte order mark and escapes', () => {
    const text = `\uFEFF${COMMENTED.replace('the platform team', 'Größe 😀').replaceAll('\n', '\r\n')}`;
    expect(editFlag(text, place(), 25)).toBe(text.replace('"on",  10 ', '"on",  25 ').replace('"off", 90 ', '"off", 75 '));
  });

  it('keeps the rules around the share', () => {
    const ruled = `{"flags":{"new":{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"off","targeting":{"if":[{"ends_with":[{"var":"email"},"@our.example"]},"on",{"fractional":[["on",1],["off",99]]}]}}}}`;
    expect(viewFlag(ruled, place())).toMatchObject({ sharePercent: 1, otherRules: true, userKeys: ['targetingKey'] });
    expect(editFlag(ruled, place(), 2)).toBe(ruled.replace('["on",1],["off",99]', '["on",2],["off",98]'));
  });

  it('understands buckets without weights as flagd does', () => {
    const halves = `{"flags":{"new":{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"off","targeting":{"fractional":[["on"],["off"]]}}}}`;
    expect(viewFlag(halves, place()).sharePercent).toBe(50);
    expect(viewFlag(editFlag(halves, place(), 60), place()).sharePercent).toBe(60);
  });

  it('enables a disabled flag for a share above 0 and leaves it disabled, with its weights down, for 0', () => {
    const disabled = COMMENTED.replace('"new": {\n      "state": "ENABLED"', '"new": {\n      "state": "DISABLED"');
    expect(disabled).not.toBe(COMMENTED);
    expect(viewFlag(disabled, place()).sharePercent).toBe(0);
    expect(editFlag(disabled, place(), 10)).toBe(COMMENTED);
    expect(editFlag(disabled, place(), 25)).toBe(editFlag(COMMENTED, place(), 25));
    expect(editFlag(disabled, place(), 0)).toBe(disabled.replace('"on",  10 ', '"on",  0 ').replace('"off", 90 ', '"off", 100 '));
    expect(editFlag(YAML.replace('state: ENABLED      #', 'state: DISABLED     #'), place({ file: 'f.yml' }), 10)).toBe(YAML.replace('state: ENABLED      #', 'state: ENABLED     #'));
  });

  it('returns the very same text when the share is so already', () => { expect(editFlag(COMMENTED, place(), 10)).toBe(COMMENTED); });
});

describe('a flag without targeting', () => {
  const bare = (inside: string): string => `{\n  "flags": {\n    "new": ${inside}\n  }\n}\n`;
  const rule = '{ "fractional": [{ "cat": [{ "var": "$flagd.flagKey" }, { "var": "userId" }] }, ["on", 10], ["off", 90]] }';
  const STYLES: readonly [string, string, string, string][] = [
    ['on one line', 'f.json', bare('{ "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": "off" }'), `"off", "targeting": ${rule} }`],
    ['on several lines', 'f.json', bare('{\n      "state": "ENABLED",\n      "variants": { "on": true, "off": false },\n      "defaultVariant": "off"\n    }'), `"off",\n      "targeting": ${rule}\n    }`],
    ['with a comment behind its last value', 'f.json', bare('{\n      "state": "ENABLED",\n      "variants": { "on": true, "off": false },\n      "defaultVariant": "off" // why\n    }'), `"off", // why\n      "targeting": ${rule}\n    }`],
    ['with a trailing comma', 'f.json', bare('{\n      "state": "ENABLED",\n      "variants": { "on": true, "off": false },\n      "defaultVariant": "off",\n    }'), `"off",\n      "targeting": ${rule}\n    }`],
    ['whose last value is a mapping', 'f.json', bare('{\n      "state": "ENABLED",\n      "defaultVariant": "off", // why\n      "variants": {\n        "on": true,\n        "off": false\n      }\n    }'), `"off", // why\n      "targeting": ${rule},\n      "variants"`],
    ['with an empty targeting', 'f.json', bare('{ "state": "ENABLED", "targeting": {}, "variants": { "on": true, "off": false }, "defaultVariant": "off" }'), `"targeting": ${rule}, "variants"`],
    ['in YAML', 'f.yaml', 'flags:\n  new:\n    state: ENABLED\n    variants: {"on": true, "off": false}\n    defaultVariant: "off"  # why\n  other: {state: ENABLED, variants: {"on": true, "off": false}, defaultVariant: "on"}\n', `"off"  # why\n    targeting: ${rule}\n  other`],
    ['at the end of a YAML file without a line end', 'f.yaml', 'flags:\n  new:\n    state: ENABLED\n    variants: {"on": true, "off": false}\n    defaultVariant: "off"', `"off"\n    targeting: ${rule}`],
    ['in YAML with an empty targeting', 'f.yaml', 'flags:\n  new:\n    state: ENABLED\n    targeting:\n    variants: {"on": true, "off": false}\n    defaultVariant: "off"\n', `targeting: ${rule}\n    variants`],
    ['in YAML on one line', 'f.yaml', 'flags:\n  new: {state: ENABLED, variants: {"on": true, "off": false}, defaultVariant: "off"} # x\n', `"off", "targeting": ${rule}} # x`],
  ];
  it.each(STYLES)('%s gets one, and nothing else changes', (_, file, text, expected) => {
    expect(viewFlag(text, place({ file })).sharePercent).toBe(0);
    const edited = editFlag(text, place({ file }), 10);
    expect(edited).toContain(expected);
    expect(viewFlag(edited, place({ file })).sharePercent).toBe(10);
  });

  it('reads as its default variant', () => {
    expect(viewFlag(bare('{ "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": "on" }'), place()).sharePercent).toBe(100);
  });

  it('with variants of other names uses the boolean ones, or those the plan names', () => {
    const text = bare('{ "state": "ENABLED", "variants": { "yes": true, "no": false }, "defaultVariant": "no" }');
    expect(viewFlag(text, place())).toMatchObject({ on: 'yes', off: 'no', sharePercent: 0 });
    const models = bare('{ "state": "ENABLED", "variants": { "a": "model-a", "b": "model-b" }, "defaultVariant": "a" }');
    expect(viewFlag(editFlag(models, place({ variants: { on: 'b', off: 'a' } }), 5), place({ variants: { on: 'b', off: 'a' } })).sharePercent).toBe(5);
    expect(() => viewFlag(models, place())).toThrow(/'a', 'b'.*Say in the plan which is which/);
  });
});

describe('what is not understood is refused with what to do, never guessed', () => {
  const flag = (targeting: string): string => `{"flags":{"new":{"state":"ENABLED","variants":{"on":true,"off":false,"third":false},"defaultVariant":"off","targeting":${targeting}}}}`;
  const CASES: readonly [string, string, string, RegExp][] = [
    ['a rule without a share', flag('{"if":[{"==":[{"var":"country"},"DE"]},"on","off"]}'), 'FLAG_NOT_UNDERSTOOD', /no 'fractional'.*Put \{ "fractional"/],
    ['two shares', flag('{"if":[true,{"fractional":[["on",1],["off",1]]},{"fractional":[["on",1],["off",1]]}]}'), 'FLAG_NOT_UNDERSTOOD', /more than one/],
    ['a share in a condition', flag('{"if":[{"==":[{"fractional":[["on",1],["off",1]]},"on"]},"on","off"]}'), 'FLAG_NOT_UNDERSTOOD', /in a condition/],
    ['three buckets', flag('{"fractional":[["on",1],["third",1],["off",1]]}'), 'FLAG_NOT_UNDERSTOOD', /exactly 'on' and 'off'/],
    ['computed weights', flag('{"fractional":[["on",{"var":"w"}],["off",1]]}'), 'FLAG_NOT_UNDERSTOOD', /constant whole weights/],
    ['one bucket for all', flag('{"fractional":["seed",["on",1],["off",1]]}'), 'FLAG_NOT_UNDERSTOOD', /names no field of the user/],
    ['weights of 0', flag('{"fractional":[["on",0],["off",0]]}'), 'FLAG_NOT_UNDERSTOOD', /two weights of 0/],
    ['no such flag', '{"flags":{"news":{}}}', 'FLAG_MISSING', /Did you mean 'news'/],
    ['no flags at all', '{"flags":{}}', 'FLAG_MISSING', /has no flags/],
    ['another file', '{"name":"package"}', 'FLAG_FILE_CORRUPT', /no 'flags'/],
    ['a flag without state', '{"flags":{"new":{"variants":{"on":true,"off":false}}}}', 'FLAG_FILE_CORRUPT', /no state/],
    ['half a file', COMMENTED.slice(0, 400), 'FLAG_FILE_CORRUPT', /not JSON.*Repair/],
    ['an empty file', '', 'FLAG_FILE_CORRUPT', /not JSON/],
    ['a flag given twice', '{"flags":{"new":{},"new":{}}}', 'FLAG_FILE_CORRUPT', /unique/i],
    ['an open comment', '{ /* "flags": {} }', 'FLAG_FILE_CORRUPT', /not JSON/],
  ];
  it.each(CASES)('%s', (_, text, code, message) => {
    for (const call of [() => viewFlag(text, place()), () => editFlag(text, place(), 5)]) {
      try { call(); expect.unreachable('it was accepted'); } catch (error) { expect(error).toMatchObject({ code, transient: false, message: expect.stringMatching(message) }); }
    }
  });

  it('a flag that tells users apart by something else than the plan says', () => {
    expect(viewFlag(COMMENTED, place({ by: 'userId' })).sharePercent).toBe(10);
    expect(() => viewFlag(COMMENTED, place({ by: 'email' }))).toThrow(/apart by 'userId', the plan says by 'email'/);
  });

  it('a YAML flag written with aliases', () => {
    const text = 'base: &b {fractional: [["on", 1], ["off", 99]]}\nflags:\n  new: {state: ENABLED, variants: {"on": true, "off": false}, defaultVariant: "off", targeting: *b}\n';
    expect(() => editFlag(text, place({ file: 'f.yaml' }), 5)).toThrow(/aliases/);
  });

  it('a YAML flag whose share other flags refer to', () => {
    const text = 'flags:\n  new: {state: ENABLED, variants: {"on": true, "off": false}, defaultVariant: "off", targeting: &t {fractional: [["on", 1], ["off", 99]]}}\n  two: {state: ENABLED, variants: {"on": true, "off": false}, defaultVariant: "off", targeting: *t}\n';
    expect(() => editFlag(text, place({ file: 'f.yaml' }), 5)).toThrow(/cannot be edited safely/);
  });
});
