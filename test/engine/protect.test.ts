// Several rollouts may protect one target, and none may move what another protects, whichever of the two began first.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { enginePort } from '../../src/engine/engine-port.js';
import { openEnvironment } from '../../src/engine/rehearsal.js';
import { describeNeeding } from '../setup/needs.js';

describeNeeding(['test-server'], 'a protected target', () => {
  let environment: TestWorkflowEnvironment;
  beforeAll(async () => { environment = await openEnvironment(); });
  afterAll(async () => { await environment.teardown(); });
  const begin = async (rollout: string): Promise<string> => {
    await environment.client.workflow.start('rollout', { taskQueue: 'nobody', workflowId: `rollout/${rollout}` });
    return `rollout/${rollout}`;
  };

  it('is held by several at once, and refuses who would move it, naming the holder', async () => {
    const engine = enginePort(environment.client);
    const [a, b, c] = [await begin('a'), await begin('b'), await begin('c')];
    expect(await engine.protect('flagd/one', 'a', a)).toBe('protected/flagd/one/1');
    expect(await engine.protect('flagd/one', 'b', b)).toBe('protected/flagd/one/2');
    // the same attempt once more takes nothing more
    expect(await engine.protect('flagd/one', 'b', b)).toBe('protected/flagd/one/2');
    await expect(engine.unprotected('flagd/one', c)).rejects.toMatchObject({ code: 'TARGET_PROTECTED', message: expect.stringContaining('rollout a') });
    await expect(engine.unprotected('flagd/other', c)).resolves.toBeUndefined();
  });

  it('that somebody moves already cannot be protected, and nothing of the try stays behind', async () => {
    const engine = enginePort(environment.client);
    const [mover, keeper] = [await begin('mover'), await begin('keeper')];
    await engine.claim('target/flagd/two', 'mover', mover);
    await expect(engine.protect('flagd/two', 'keeper', keeper)).rejects.toMatchObject({ code: 'TARGET_CLAIMED', message: expect.stringContaining('rollout mover') });
    await expect(engine.protect('flagd/two', 'mover', mover)).resolves.toBe('protected/flagd/two/2');
  });

  it('of a holder that is gone holds nobody up', async () => {
    const engine = enginePort(environment.client);
    const [dead, alive] = [await begin('dead'), await begin('alive')];
    await engine.protect('flagd/three', 'dead', dead);
    await environment.client.workflow.getHandle(dead).terminate();
    await expect(engine.unprotected('flagd/three', alive)).resolves.toBeUndefined();
    expect(await engine.protect('flagd/three', 'alive', alive)).toBe('protected/flagd/three/1');
  });
});
