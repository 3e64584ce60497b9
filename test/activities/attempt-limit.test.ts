// The hard limit of an attempt: what a provider does is aborted by it, whatever the garbage collector does meanwhile.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setTimeout as pause } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, it } from 'vitest';
import { abortAfter } from '../../activities/failure.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

it('the limit of an attempt survives a garbage collection', async () => {
  const why = await new MockActivityEnvironment().run(async () => {
    const aborted = new Promise<string>((resolve) => { const signal = abortAfter(200); signal.addEventListener('abort', () => resolve((signal.reason as Error).name)); });
    await pause(10);
    collect();
    collect();
    return Promise.race([aborted, pause(5_000, 'never')]);
  });
  expect(why).toBe('TimeoutError');
});

it('a cancelled attempt is aborted at once', async () => {
  const environment = new MockActivityEnvironment();
  const running = environment.run(async () => { const signal = abortAfter(60_000); await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve())); return 'aborted'; });
  await pause(10);
  environment.cancel();
  expect(await running).toBe('aborted');
});
