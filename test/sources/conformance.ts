// What every metric source must pass, sentence by sentence of src/sources/port.ts. Run over all of them by conformance.test.ts; whoever
// adds a source adds a SourceUnderTest there, or runs it in a file named after the source. The misbehaving server: fault-server.ts.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Measurement, Point } from '../../src/judgement/types.js';
import type { ProviderSettings } from '../../src/plan/types.js';
import type { SourceEntry } from '../../src/sources/index.js';
import type { MetricRef, SourceProvider } from '../../src/sources/port.js';
import { closedAddress, FAULTS, startFaultServer, type Fault, type FaultServer } from './fault-server.js';

export interface SourceUnderTest {
  readonly name: string;
  readonly entry: SourceEntry;
  readonly provider: SourceProvider;
  /** Puts up something that measures 7 before scaling at any instant, and says how to ask for it. */
  healthy(server: FaultServer): ProviderSettings;
  /** Null: the source knows no such thing. Else something with three members of which `b` is there twice. */
  members: ((server: FaultServer) => ProviderSettings) | null;
  /** Settings that must be refused without any I/O. */
  readonly refused: readonly ProviderSettings[];
  /** For sources over HTTP: settings that ask `address`, and what each fault must be measured as. Null: not over HTTP. */
  readonly faults: { ask(address: string): ProviderSettings; readonly expected: Readonly<Record<Fault, Expected>>; readonly refusedConnection: Expected } | null;
  /** Starts something that does not end by itself; null: nothing to abort. */
  endless: ((server: FaultServer) => ProviderSettings) | null;
}
/** 'down': the value 0. Otherwise the code of a providerError. */
export type Expected = 'down' | string;

/** What a JSON API's source must make of each fault. */
export const HTTP_FAULTS: Readonly<Record<Fault, Expected>> = {
  html: 'html', 'html-502': 'server-error', hang: 'timeout', drip: 'timeout', loop: 'too-many-redirects', huge: 'too-large', bomb: 'too-large', truncated: 'not-json', cut: 'cut-off',
  reset: 'reset', empty: 'not-json', 'wrong-type': 'not-json', 'redirect-away': 'bad-redirect', 401: 'unauthorized', 403: 'forbidden', 404: 'not-found', 429: 'rate-limited', 500: 'server-error', 503: 'server-error',
};

/** Long ago, so that a source that asks a local clock gives itself away. */
const FROM = Date.UTC(1999, 0, 1);
const TO = FROM + 60_000;

export function metricRef(settings: ProviderSettings, more: Partial<MetricRef> = {}): MetricRef {
  return { name: 'error_rate', settings, scale: 1, timeoutMs: 2_000, stepMs: 15_000, members: false, ...more };
}

export function sourceConformance(source: SourceUnderTest): void {
  describe(`source ${source.name}`, () => {
    let server: FaultServer;
    beforeAll(async () => { server = await startFaultServer(); });
    afterAll(() => server.close());
    const { provider, entry } = source;
    const never = new AbortController().signal;
    const ask = (settings: ProviderSettings, more: Partial<MetricRef> = {}): Promise<readonly Point[]> => withinLimit(provider.measure(metricRef(settings, more), FROM, TO, never));

    test('is called in the plan what it is called in the registry', () => { expect(provider.name).toBe(source.name); });

    test('its settings pass its own schema, come out as plain JSON and pass again unchanged', () => {
      const once = entry.schema.settings.parse(source.healthy(server));
      expect(JSON.parse(JSON.stringify(once))).toEqual(once);
      expect(entry.schema.settings.parse(once)).toEqual(once);
      expect(provider.check(metricRef(once as ProviderSettings))).toEqual([]);
    });

    test('bad settings are told as sentences without any I/O, and measuring with them is an error of ours, not an exception', async () => {
      const before = server.asked.length;
      for (const settings of [...source.refused, { ...source.healthy(server), no_such_setting: 1 }]) {
        const problems = provider.check(metricRef(settings));
        expect(problems.length, JSON.stringify(settings)).toBeGreaterThan(0);
        for (const problem of problems) expect(problem).toMatch(/\S+ \S+/);
        expect((await ask(settings)).map((point) => [point.at, code(point.measurement)])).toEqual([[TO, 'settings']]);
      }
      expect(server.asked.length).toBe(before);
    });

    test('answers (from, to] ascending, never empty, the last point at the instant that was asked for, by no clock of its own', async () => {
      const settings = source.healthy(server);
      const points = await ask(settings);
      expect(points.length).toBeGreaterThan(0);
      expect(points.at(-1)!.at).toBe(TO);
      for (const [i, point] of points.entries()) {
        expect(point.at).toBeGreaterThan(i === 0 ? FROM : points[i - 1]!.at);
        expect(point.at).toBeLessThanOrEqual(TO);
      }
      if (!provider.ranged(metricRef(settings))) expect(points.length).toBe(1);
      else expect(points.map((point) => point.at)).toEqual([15, 30, 45, 60].map((s) => FROM + s * 1000));
    });

    if (source.name !== 'person') test('what it answers times the scale is the value', async () => {
      const scaled = async (scale: number): Promise<Measurement> => (await ask(source.healthy(server), { scale })).at(-1)!.measurement;
      const one = await scaled(1);
      expect(one).toMatchObject({ kind: 'value' });
      if (one.kind !== 'value') return;
      expect(await scaled(100)).toMatchObject({ kind: 'value', value: one.value * 100 });
      expect(one.value).toBe(source.name === 'probe' ? 1 : 7);
    });

    test('measuring twice changes nothing', async () => {
      const settings = source.healthy(server);
      expect(await ask(settings)).toEqual(await ask(settings));
    });

    test('what it answers is plain JSON', async () => {
      const points = await ask(source.healthy(server));
      expect(JSON.parse(JSON.stringify(points))).toEqual(points);
    });

    if (source.members !== null) {
      test('counts members once each and names them, in a stable order', async () => {
        const point = (await ask(source.members!(server), { members: true })).at(-1)!;
        expect(point.measurement).toMatchObject({ kind: 'value', value: 3 });
        if (point.measurement.kind !== 'value') return;
        expect(point.measurement.members).toHaveLength(3);
        expect(point.measurement.members).toEqual([...point.measurement.members!].sort());
        expect((await ask(source.members!(server), { members: true })).at(-1)!.measurement).toEqual(point.measurement);
      });
    }

    if (source.endless !== null) {
      test('ends at its time limit', async () => {
        const points = await ask(source.endless!(server), { timeoutMs: 300 });
        expect(points.map((point) => code(point.measurement))).toEqual([source.faults?.expected.hang ?? 'timeout']);
      });
      test('ends at once when the caller gives up, and says so', async () => {
        const giveUp = new AbortController();
        const pending = provider.measure(metricRef(source.endless!(server), { timeoutMs: 60_000 }), FROM, TO, giveUp.signal);
        setTimeout(() => giveUp.abort(), 100);
        expect((await withinLimit(pending)).map((point) => code(point.measurement))).toEqual(['aborted']);
      });
    }

    if (source.faults !== null) {
      const { faults } = source;
      test.each(FAULTS.map((fault) => [fault, faults.expected[fault]] as const))("a server that answers '%s' is measured as %s", async (fault, expected) => {
        const timeoutMs = fault === 'hang' || fault === 'drip' ? 300 : 5_000;
        const points = await ask(faults.ask(`${server.origin}/${fault}`), { timeoutMs });
        expect(server.asked.at(-1)!.path.startsWith(`/${fault}`)).toBe(true); // the fault struck
        expect(points).toHaveLength(1);
        expect([points[0]!.at, code(points[0]!.measurement)]).toEqual([TO, expected]);
      });

      test('no secret of the settings is in any measurement', async () => {
        const secrets = ['pa55-word-a', 'tok3n-in-query', 'tok3n-in-header'];
        for (const fault of FAULTS) {
          const address = `${server.origin.replace('http://', `http://ann:${secrets[0]}@`)}/${fault}?token=${secrets[1]}`;
          const points = await ask({ ...faults.ask(address), headers: { authorization: `Bearer ${secrets[2]}` } }, { timeoutMs: 200 });
          for (const secret of secrets) expect(JSON.stringify(points), fault).not.toContain(secret);
        }
      });

      test('a connection that is refused is measured as stated', async () => {
        expect(code((await ask(faults.ask(await closedAddress()))).at(-1)!.measurement)).toBe(faults.refusedConnection);
      });
    }
  });
}

/** `down` for a measured 0, the code for an error, else the kind. */
export function code(measurement: Measurement): string {
  if (measurement.kind === 'providerError') return measurement.code;
  return measurement.kind === 'value' && measurement.value === 0 ? 'down' : measurement.kind;
}

async function withinLimit<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => { timer = setTimeout(() => reject(new Error('the source did not end within 15 s')), 15_000); });
  try { return await Promise.race([promise, limit]); } finally { clearTimeout(timer); }
}
