// `through`: a move is verified by what a sync source really sends, not only by the file that it should send.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createFlagd } from '../../src/targets/flagd.js';
import { context } from './conformance.js';
import { flagsAt, syncWorld, type SyncWorld } from '../flagd-sync/world.js';

let world: SyncWorld;
beforeEach(async () => { world = await syncWorld(); });
afterEach(async () => { await world.end(); });
const flagd = createFlagd();
const failure = async (call: Promise<unknown>): Promise<unknown> => call.then(() => expect.unreachable('it succeeded'), (error: unknown) => error);

it('10,000 users are evaluated on what comes from the source', async () => {
  const { address } = await world.serve({ files: { shop: world.file } });
  const target = world.target('checkout', { through: address, selector: 'shop' });
  await flagd.write(target, 25, 10, context());
  expect(await flagd.verify(target, 25, context())).toMatch(new RegExp(`^${world.file}: 25 % .*; the sync source at ${address}, selector shop: 25 % \\(2,\\d{3} of 10,000 users evaluate to on\\)$`));
});

it('a source that lags behind the file is waited for', async () => {
  const behind = join(world.dir, 'behind.json');
  await writeFile(behind, flagsAt(10));
  const { address } = await world.serve({ files: { '': behind } });
  await flagd.write(world.target('checkout'), 25, 10, context());
  const verified = flagd.verify(world.target('checkout', { through: address }), 25, context());
  setTimeout(() => { void writeFile(behind, flagsAt(25)); }, 100);
  expect(await verified).toContain(`the sync source at ${address}: 25 %`);
});

it('a source that starts late is waited for', async () => {
  const { address, port, close } = await world.serve();
  await close();
  await flagd.write(world.target('checkout'), 25, 10, context());
  const verified = flagd.verify(world.target('checkout', { through: address }), 25, context());
  setTimeout(() => { void world.serve({ port }); }, 300);
  expect(await verified).toContain(`the sync source at ${address}: 25 %`);
});

it('a source that serves another file, another selector or nothing is not proof, and the message says what came', async () => {
  const other = join(world.dir, 'other.json');
  await writeFile(other, flagsAt(10));
  const { address } = await world.serve({ files: { other } });
  await flagd.write(world.target('checkout'), 25, 10, context());
  const verify = (more: object): Promise<unknown> => failure(flagd.verify(world.target('checkout', { ...more }, 2_000), 25, context()));
  expect(await verify({ through: address })).toMatchObject({ code: 'FLAG_NOT_SYNCED', name: 'TargetUnverified', transient: true, message: expect.stringMatching(/it sends 10 % \([\d,]+ of 10,000 users evaluate to on\)/) });
  expect(await verify({ through: address, selector: 'shop' })).toMatchObject({ code: 'FLAG_NOT_SYNCED', message: expect.stringContaining("no flag file has this selector; there are 'other'") });
  expect(await verify({ through: '127.0.0.1:1' })).toMatchObject({ code: 'FLAG_NOT_SYNCED', name: 'TargetUnverified' });
});

it('verifying that is given up ends', async () => {
  const other = join(world.dir, 'other.json');
  await writeFile(other, flagsAt(10));
  const { address } = await world.serve({ files: { '': other } });
  await flagd.write(world.target('checkout'), 25, 10, context());
  const abort = new AbortController();
  const verified = failure(flagd.verify(world.target('checkout', { through: address }, 60_000), 25, context({ signal: abort.signal })));
  setTimeout(() => abort.abort(), 300);
  expect(await verified).toMatchObject({ code: 'ABORTED', name: 'TargetUnreachable' });
});

it('settings that are wrong are known without asking', () => {
  const problems = (more: object): string => flagd.check(world.target('checkout', { ...more }), [25]).join();
  expect(problems({ through: 'localhost' })).toContain('HOST:PORT is needed');
  expect(problems({ selector: 'shop' })).toContain("'selector' goes with 'through'");
  expect(problems({ through: '${env:SYNC_ADDRESS}', selector: 'shop' })).toBe('');
});
