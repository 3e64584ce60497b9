// The time-skipping server at its beginning and its end: a machine that is busy rehearses all the same, and nothing is left of a server that is gone.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { openEnvironment } from '../../src/engine/rehearsal.js';
import { describeNeeding, pathOf } from '../setup/needs.js';

describeNeeding(['test-server'], 'the time-skipping server', () => {
  it('that is not up within five seconds is started again, and that is said', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'tidegate-slow-'));
    const slow = join(dir, 'slow-server');
    writeFileSync(slow, `#!/bin/sh\nif [ ! -e ${dir}/tried ]; then touch ${dir}/tried; sleep 6; exit 1; fi\nexec ${pathOf('test-server')} "$@"\n`);
    chmodSync(slow, 0o755);
    vi.stubEnv('TIDEGATE_TEST_SERVER', slow);
    const lines: string[] = [];
    try {
      const environment = await openEnvironment((line) => lines.push(line));
      expect(await environment.currentTimeMs()).toBeGreaterThan(0);
      expect(lines.join()).toContain('starting it again');
      await environment.teardown();
    } finally { vi.unstubAllEnvs(); rmSync(dir, { recursive: true, force: true }); }
  });

  it('that is gone ends the calls that were waiting for it, and throws at nobody', async () => {
    const thrown: unknown[] = [];
    const hear = (error: unknown): void => { thrown.push(error); };
    process.on('uncaughtException', hear);
    try {
      const environment = await openEnvironment();
      const never = await environment.client.workflow.start('never', { taskQueue: 'nobody', workflowId: 'never' });
      const waiting = never.result().then(() => 'result', (error: unknown) => String(error));
      await new Promise((resolve) => { setTimeout(resolve, 200); });
      await environment.teardown();
      expect(await waiting).not.toBe('result');
      // longer than the first repetition waits
      await new Promise((resolve) => { setTimeout(resolve, 1_500); });
    } finally { process.off('uncaughtException', hear); }
    expect(thrown).toEqual([]);
  });
});
