// A machine that is busy, or reads the server from its disk for the first time, rehearses all the same.
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
});
