// What the command line sees and says of a real server when nobody works there: the last known, refusals with their code, and no hanging.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openClient } from '../../src/engine/connection.js';
import { startDevServer, type DevServer } from '../../src/engine/server.js';
import { rolloutsOnTemporal } from '../../src/engine/rollouts-on-temporal.js';
import { shownStatus } from '../../src/cli/shown-status.js';
import type { Rollouts, StartRequest } from '../../src/cli/ports.js';
import { TidegateError } from '../../src/errors.js';
import { describeNeeding, pathOf } from '../setup/needs.js';

const request = (rollout: string): StartRequest => ({ rollout, document: { rollout }, options: { startedBy: { by: 'ann' } }, summary: rollout });
async function refusal(what: Promise<unknown>): Promise<TidegateError> {
  const error: unknown = await what.then(() => null, (e: unknown) => e);
  if (!(error instanceof TidegateError)) throw new Error(`expected a TidegateError, got ${String(error)}`);
  return error;
}

describeNeeding(['temporal-cli'], 'a real server without a worker', () => {
  let server: DevServer;
  let rollouts: Rollouts;
  let terminate: (workflowId: string) => Promise<unknown>;
  beforeAll(async () => {
    server = await startDevServer({ dbFile: null, uiPort: null, program: pathOf('temporal-cli') });
    const client = await openClient({ address: server.address, addressFrom: 'configured', namespace: 'default', connection: {} });
    rollouts = rolloutsOnTemporal({ client, identity: 'test', address: server.address, close: () => client.connection.close(), limits: { queryMs: 500, callMs: 5_000, commandMs: 500 } });
    terminate = (id) => client.workflow.getHandle(id).terminate('by the test');
    await rollouts.start(request('first-one'));
  });
  afterAll(async () => { await rollouts?.close(); await server?.stop(); });

  test('a query that nobody takes ends in the last known, not in an error', async () => {
    const seen = await rollouts.see('first-one');
    expect(seen).toMatchObject({ silent: 'no-worker', status: null, watch: null, row: { rollout: 'first-one', execution: 'running' } });
    expect(shownStatus(seen, null)).toMatchObject({ answered: false, state: 'preparing', exitCode: 3, hold: { reason: 'unknown' } });
    expect(await rollouts.planInForce('first-one')).toBeNull();
  });
  test('a command that nobody takes is not accepted, and says under which id to repeat it', async () => {
    const { code, transient, message } = await refusal(rollouts.command('first-one', 'pause', { by: 'ann', id: 'req-7' }, 'req-7'));
    expect({ code, transient }).toEqual({ code: 'COMMAND_NOT_ACCEPTED', transient: true });
    expect(message).toContain('--id req-7');
  });
  test('a second live rollout of the same id is refused, and the running one named', async () => {
    const { code, message } = await refusal(rollouts.start(request('first-one')));
    expect(code).toBe('ROLLOUT_ALREADY_RUNNING');
    expect(message).toContain('rollout/first-one');
  });
  test('an unknown rollout is refused with the one that was meant', async () => {
    await expect.poll(async () => (await rollouts.list('live', 10)).length, { timeout: 10_000 }).toBe(1); // visibility is a moment behind
    const { code, message } = await refusal(rollouts.see('frist-one'));
    expect(code).toBe('NO_SUCH_ROLLOUT');
    expect(message).toContain('Did you mean first-one?');
  });
  test('what was terminated from outside is failed, cannot be commanded, and may be started again', async () => {
    await rollouts.start(request('second'));
    await terminate('rollout/second');
    const seen = await rollouts.see('second');
    expect(shownStatus(seen, null)).toMatchObject({ state: 'failed', exitCode: 5 });
    expect(seen.failure).toContain('terminated from outside');
    expect((await refusal(rollouts.command('second', 'pause', { by: 'ann' }, 'req-8'))).code).toBe('ROLLOUT_ENDED');
    await rollouts.start(request('second'));
    expect((await rollouts.see('second')).row.execution).toBe('running');
  });
});
