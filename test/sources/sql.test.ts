// The sql source against a real PostgreSQL: what a query may answer, what the server refuses, who hangs, and what becomes of connections.
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Measurement } from '../../src/judgement/types.js';
import type { ProviderSettings } from '../../src/plan/types.js';
import { sources } from '../../src/sources/index.js';
import type { MetricRef } from '../../src/sources/port.js';
import { createSql, schema } from '../../src/sources/sql.js';
import { query, startPostgres, type Postgres } from '../servers/postgres.js';
import { describeNeeding } from '../setup/needs.js';
import { metricRef, sourceConformance } from './conformance.js';
import { closedAddress } from './fault-server.js';

const root = join(import.meta.dirname, '../..');
const tls = join(root, 'test/servers/tls');
const SECRET = 's3cret-pa55word';
const provider = createSql();
const measure = async (settings: ProviderSettings, more: Partial<MetricRef> = {}, signal = new AbortController().signal): Promise<Measurement> => (await provider.measure(metricRef(settings, { timeoutMs: 5_000, ...more }), 0, 60_000, signal))[0]!.measurement;

describe('settings', () => {
  test.each(['postgres://u:p@h/d', 'postgresql://h/d?sslmode=verify-full', 'postgres://u:${env:PASSWORD}@h/d', '${env:SQL_URL}'])('%s is an address', (url) => { expect(schema.settings.safeParse({ url, query: 'select 1' }).success).toBe(true); });
  test.each(['http://h/d', 'h:5432', 'mysql://h/d', ''])("'%s' is none", (url) => { expect(schema.settings.safeParse({ url, query: 'select 1' }).success).toBe(false); });
});

describeNeeding(['postgres'], 'a real PostgreSQL', () => {
  let server: Postgres;
  let url: string;
  /** the same database as a user with a password and nothing but SELECT on one table */
  let limited: string;
  let folder: string;
  beforeAll(async () => {
    server = await startPostgres();
    url = await server.createDatabase();
    await query(url, `create table orders (id int primary key, total numeric); insert into orders values (1, 2.5), (2, 4.5);
      create table secret (x int); create role limited login password '${SECRET}'; grant select on orders to limited;
      create function writes() returns int language plpgsql as 'begin insert into orders values (99, 1); return 1; end'`);
    folder = mkdtempSync(join(tmpdir(), 'tidegate-sql-'));
    const [{ data_directory: data }] = await query<{ data_directory: string }>(url, 'show data_directory') as [{ data_directory: string }];
    const { uid, gid } = statSync(data);
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, 'hba.conf'), 'host all limited 127.0.0.1/32 scram-sha-256\nhost all barred 127.0.0.1/32 reject\nhost all all 127.0.0.1/32 trust\n');
    for (const name of ['server.key', 'server.crt']) copyFileSync(join(tls, name), join(folder, name));
    for (const name of ['hba.conf', 'server.key', 'server.crt']) { chownSync(join(folder, name), uid, gid); chmodSync(join(folder, name), 0o600); }
    for (const [name, value] of [['hba_file', join(folder, 'hba.conf')], ['ssl_cert_file', join(folder, 'server.crt')], ['ssl_key_file', join(folder, 'server.key')], ['ssl', 'on']]) await query(url, `alter system set ${name} = '${value}'`);
    await server.restart();
    limited = url.replace('tidegate:tidegate@', `limited:${SECRET}@`);
  });
  afterAll(async () => { await server?.stop(); if (folder !== undefined) rmSync(folder, { recursive: true, force: true }); });
  const ask = (text: string, more: Partial<MetricRef> = {}): Promise<Measurement> => measure({ url, query: text }, more);
  /** sessions of this source that the server has */
  const sessions = async (): Promise<number> => Number((await query<{ n: string }>(url, "select count(*) as n from pg_stat_activity where application_name = 'tidegate'"))[0]!.n);
  async function until(what: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; !(await what()); tries += 1) { if (tries > 400) throw new Error('waited in vain'); await new Promise((resolve) => setTimeout(resolve, 50)); }
  }

  sourceConformance({ name: 'sql', entry: sources['sql']!, provider,
    healthy: () => ({ url, query: 'select sum(total) from orders' }),
    members: null,
    refused: [{}, { url: 'http://x', query: 'select 1' }, { url: 'postgres://x/y', query: ' ' }, { url: 'postgres://x/y' }],
    faults: null,
    endless: () => ({ url, query: 'select pg_sleep(100), 1 as samples' }),
  });

  describe('what a query answers', () => {
    test.each([
      ['an int', 'select 5', { kind: 'value', value: 5 }],
      ['a bigint, which comes as text', 'select 9007199254740991', { kind: 'value', value: 9007199254740991 }],
      ['a numeric, which comes as text', 'select 0.125::numeric', { kind: 'value', value: 0.125 }],
      ['a count', 'select count(*) from orders', { kind: 'value', value: 2 }],
      ['a float', "select 1.5e-3::float8 -- with a comment", { kind: 'value', value: 0.0015 }],
      ['yes', 'select true;', { kind: 'value', value: 1 }],
      ['no', 'select count(*) > 5 from orders', { kind: 'value', value: 0 }],
      ['NULL', 'select sum(total) from orders where id > 100', { kind: 'noData', detail: 'sum is NULL' }],
      ['no row', 'select id from orders where id > 100', { kind: 'noData', detail: 'the query answers no row' }],
      ['several rows', 'select id from orders', { kind: 'ambiguous', series: 2 }],
      ['NaN', "select 'NaN'::float8", { kind: 'nonFinite', value: 'NaN' }],
      ['infinity', "select '-Infinity'::float8", { kind: 'nonFinite', value: '-Inf' }],
      ['a numeric that no float can hold', 'select 10::numeric ^ 400', { kind: 'nonFinite', value: '+Inf' }],
      ['a value with samples', 'select avg(total) as value, count(*) as samples from orders', { kind: 'value', value: 3.5, samples: 2 }],
      ['nothing over no samples', 'select avg(total), count(*) as samples from orders where id > 100', { kind: 'idle', samples: 0 }],
      ['nothing over some samples', 'select null::int as value, 5 as samples', { kind: 'noData', detail: 'value is NULL' }],
      ['samples that are NULL', 'select 1, null::int as samples', { kind: 'noData', detail: 'samples is NULL' }],
    ] as const)('%s', async (_what, text, expected) => { expect(await ask(text)).toEqual(expected); });

    test.each([
      ['text that looks like a number', "select '5'", 'not-a-number', /cast it/], ['an interval', "select '5s'::interval", 'not-a-number', /extract/], ['samples below 0', 'select 1, -1 as samples', 'not-a-number', /no count/],
      ['a second column that is something else', 'select 1 as a, 2 as b', 'bad-answer', /columns a, b/], ['three columns', 'select 1 as a, 2 as samples, 3 as c', 'bad-answer', /a, samples, c/], ['no column', 'select', 'bad-answer', /no columns/],
      ['a statement that answers nothing', 'discard plans', 'bad-answer', /no columns/],
    ] as const)('%s is an error', async (_what, text, code, words) => { expect(await ask(text)).toMatchObject({ kind: 'providerError', code, detail: expect.stringMatching(words) as string }); });

    test('a count of members is a number: rows have no names here', async () => { expect(await ask('select count(*) from orders', { members: true })).toEqual({ kind: 'value', value: 2 }); });

    test('an answer of hundreds of megabytes is cut off, not read', async () => {
      expect(await ask("select repeat('x', 200000000)", { timeoutMs: 20_000 })).toMatchObject({ kind: 'providerError', code: 'too-large' });
      expect(await ask("select repeat('x', 1000) from generate_series(1, 1000000)", { timeoutMs: 20_000 })).toMatchObject({ kind: 'providerError', code: 'too-large' });
      expect(await ask('select 1')).toEqual({ kind: 'value', value: 1 });
    });
  });

  describe('reading only', () => {
    const untouched = async (): Promise<void> => { expect((await query<{ n: string }>(url, 'select count(*) as n from orders'))[0]!.n).toBe('2'); };
    test.each([
      ['an insert', 'insert into orders values (3, 1) returning id', 'read-only'], ['a delete inside a select', 'with gone as (delete from orders returning id) select count(*) from gone', 'read-only'],
      ['a function that writes', 'select writes()', 'read-only'], ['a new table', 'create table mine (x int)', 'read-only'], ['a sequence', "select nextval(pg_get_serial_sequence('orders', 'id'))", null],
      ['a second statement', 'select 1; delete from orders', 'bad-query'], ['an end of the transaction and a second statement', 'commit; delete from orders', 'bad-query'],
      ['taking the restriction off in the query itself', "select set_config('transaction_read_only', 'off', false), writes() as samples", null],
    ] as const)('%s changes nothing', async (_what, text, code) => {
      const found = await ask(text);
      if (code !== null) expect(found).toMatchObject({ kind: 'providerError', code });
      await untouched();
    });
    test('what one query sets, the next does not find', async () => {
      for (const text of ['set transaction read write', 'set session characteristics as transaction read write', 'commit']) await ask(text);
      expect(await ask('select writes()')).toMatchObject({ kind: 'providerError', code: 'read-only' });
      await untouched();
    });
  });

  describe('what cannot be asked', () => {
    const to = (more: string, text = 'select 1'): Promise<Measurement> => measure({ url: more, query: text }, { timeoutMs: 3_000 });
    test.each([
      ['bad SQL', () => ask('selekt 1'), 'bad-query'], ['a table that is not there', () => ask('select * from nowhere'), 'bad-query'], ['a division by zero', () => ask('select 1 / 0'), 'bad-query'],
      ['a table that is barred', () => to(limited, 'select x from secret'), 'forbidden'], ['a wrong password', () => to(limited.replace(SECRET, `${SECRET}-wrong`)), 'unauthorized'], ['no password', () => to(limited.replace(`:${SECRET}`, '')), 'unauthorized'],
      ['a user who is barred', () => to(url.replace('tidegate:tidegate@', 'barred@')), 'unauthorized'], ['a database that is not there', () => to(`${url}_gone`), 'not-found'], ['a host nobody knows', () => to('postgres://u@no-such-host.invalid/d'), 'unknown-host'],
      ['a port where nothing listens', async () => to(`postgres://u:${SECRET}@${new URL(await closedAddress()).host}/d`), 'refused'], ['a host name that is none', () => to(`postgres://u:${SECRET}@%2Fno%2Fsuch%2Fdir/d`), null],
    ] as const)('%s is an error without secrets', async (_what, asked, code) => {
      const found = await asked();
      expect(found).toMatchObject({ kind: 'providerError', ...(code === null ? {} : { code }) });
      expect(JSON.stringify(found)).not.toContain(SECRET);
    });
    test('the right password reads what it may', async () => { expect(await to(limited, 'select count(*) from orders')).toEqual({ kind: 'value', value: 2 }); });

    test('a password that is missing is not taken from the environment of this process', async () => {
      process.env['PGPASSWORD'] = SECRET;
      try { expect(await to(`${limited.replace(`:${SECRET}`, '')}?x=1`)).toMatchObject({ kind: 'providerError', code: 'unauthorized' }); } finally { delete process.env['PGPASSWORD']; }
    });

    test('TLS is as the address says: verified by an own authority, refused without it', async () => {
      const secure = url.replace('127.0.0.1', 'localhost');
      expect(await to(`${secure}?sslmode=verify-full&sslrootcert=${join(tls, 'ca.crt')}`, 'select ssl::int from pg_stat_ssl where pid = pg_backend_pid()')).toEqual({ kind: 'value', value: 1 });
      expect(await to(`${secure}?sslmode=verify-full`)).toMatchObject({ kind: 'providerError', code: 'tls' });
      expect(await to(`${secure}?sslmode=verify-full&sslrootcert=/nowhere/ca.crt`)).toMatchObject({ kind: 'providerError' });
      expect(await to(secure, 'select ssl::int from pg_stat_ssl where pid = pg_backend_pid()')).toEqual({ kind: 'value', value: 0 });
    });

    test('a server that speaks no TLS, another protocol, nothing at all', async () => {
      const says = async (words: string | null): Promise<Server> => { const one = createServer((socket) => { socket.on('error', () => undefined); if (words !== null) socket.end(words); }); await new Promise<void>((resolve) => one.listen(0, '127.0.0.1', resolve)); return one; };
      const [plain, http, silent] = [await says('N'), await says('HTTP/1.1 400 Bad Request\r\n\r\n'), await says(null)];
      const at = (one: Server, more = ''): string => `postgres://u:${SECRET}@127.0.0.1:${(one.address() as AddressInfo).port}/d${more}`;
      expect(await to(at(plain, '?sslmode=verify-full'))).toMatchObject({ kind: 'providerError', code: 'tls' });
      expect(await to(at(http))).toMatchObject({ kind: 'providerError' });
      expect(await measure({ url: at(silent), query: 'select 1' }, { timeoutMs: 300 })).toMatchObject({ kind: 'providerError', code: 'timeout' });
      for (const one of [plain, http, silent]) one.close();
    });
  });

  describe('what hangs', () => {
    test('a query behind a lock ends at the limit, here and on the server', async () => {
      const holder = new pg.Client({ connectionString: url });
      await holder.connect();
      try {
        await holder.query('begin; lock table orders in access exclusive mode');
        expect(await ask('select count(*) from orders', { timeoutMs: 400 })).toMatchObject({ kind: 'providerError', code: 'timeout' });
        await until(async () => (await query(url, "select 1 from pg_stat_activity where query = 'select count(*) from orders' and state = 'active'")).length === 0);
      } finally { await holder.end(); }
      expect(await ask('select count(*) from orders')).toEqual({ kind: 'value', value: 2 });
    });

    test('a network that swallows everything ends at the limit, and the connection is not used again', async () => {
      let dead = false;
      const relay = createServer((socket) => {
        const onward = connect(server.port, '127.0.0.1');
        for (const one of [socket, onward]) one.on('error', () => undefined).on('close', () => { socket.destroy(); onward.destroy(); });
        socket.on('data', (chunk) => { if (!dead) onward.write(chunk); });
        onward.on('data', (chunk) => { if (!dead) socket.write(chunk); });
      });
      await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
      const through = url.replace(`:${server.port}/`, `:${(relay.address() as AddressInfo).port}/`);
      expect(await measure({ url: through, query: 'select 1' })).toEqual({ kind: 'value', value: 1 });
      dead = true;
      expect(await measure({ url: through, query: 'select 1' }, { timeoutMs: 300 })).toMatchObject({ kind: 'providerError', code: 'timeout' });
      dead = false;
      expect(await measure({ url: through, query: 'select 1' })).toEqual({ kind: 'value', value: 1 });
      relay.close();
    });

    test('two that hang do not keep a third from ending at its limit, and when they have ended all is well', async () => {
      const hung = [1, 2].map(() => ask('select pg_sleep(100), 1 as samples', { timeoutMs: 1_500 }));
      expect(await ask('select 1', { timeoutMs: 300 })).toMatchObject({ kind: 'providerError', code: 'timeout' });
      for (const one of hung) expect(await one).toMatchObject({ kind: 'providerError', code: 'timeout' });
      expect(await ask('select 1')).toEqual({ kind: 'value', value: 1 });
    });
  });

  describe('connections', () => {
    /** what a server killed under a connection looks like: its last words, a cut, or nobody there */
    const gone = expect.stringMatching(/^(reset|refused|server-error)$/) as string;
    // whatever a test met, the next one finds a server
    afterEach(async () => { await server.start(); });

    test('twenty metrics at once use two, and a moment later none', async () => {
      // what was abandoned runs on at the server up to its own limit, a minute in one of the tests above
      await query(url, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tidegate'");
      await until(async () => (await sessions()) === 0);
      const all = Array.from({ length: 20 }, () => ask('select 1 from pg_sleep(0.05)'));
      const seen: number[] = [];
      for (let i = 0; i < 5; i += 1) seen.push(await sessions());
      for (const one of await Promise.all(all)) expect(one).toEqual({ kind: 'value', value: 1 });
      expect(Math.max(...seen)).toBeGreaterThan(0);
      expect(Math.max(...seen)).toBeLessThanOrEqual(2);
      await until(async () => (await sessions()) === 0);
    });

    test('after a restart of the server the next look is as before', async () => {
      expect(await ask('select 1')).toEqual({ kind: 'value', value: 1 });
      await server.kill();
      expect(await ask('select 1')).toMatchObject({ kind: 'providerError', code: gone });
      await server.start();
      expect(await ask('select 1')).toEqual({ kind: 'value', value: 1 });
    });

    test('a server that dies in the middle of a query is an error, not the end of this process', async () => {
      const pending = ask('select pg_sleep(100), 1 as samples', { timeoutMs: 20_000 });
      await until(async () => (await sessions()) > 0 && (await query(url, "select 1 from pg_stat_activity where query like 'select pg_sleep(100)%' and state = 'active'")).length > 0);
      await server.kill();
      expect(await pending).toMatchObject({ kind: 'providerError', code: gone });
      await server.start();
    });

    test('an idle connection does not keep a process from ending', async () => {
      const program = join(root, 'node_modules/.cache/tidegate', `sql-end-${process.pid}.ts`);
      writeFileSync(program, `import { createSql } from '${join(root, 'src/sources/sql.ts')}';
const points = await createSql().measure({ name: 'm', settings: { url: ${JSON.stringify(url)}, query: 'select 7' }, scale: 1, timeoutMs: 5000, stepMs: 1, members: false }, 0, 1, new AbortController().signal);
console.log(JSON.stringify(points), Date.now());
process.on('exit', () => console.log(Date.now()));`);
      try {
        const child = spawn(process.execPath, ['build/run-ts.mjs', program], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
        let out = '';
        child.stdout.on('data', (chunk: Buffer) => { out += chunk.toString(); });
        expect(await new Promise((resolve) => child.on('exit', resolve))).toBe(0);
        const [answer, exit] = out.trim().split('\n') as [string, string];
        expect(answer).toContain('"value":7');
        expect(Number(exit) - Number(answer.split(' ').at(-1))).toBeLessThan(8_000); // less than the ten seconds that idle connections are kept
      } finally { rmSync(program, { force: true }); }
    });
  });
});
