// How the suites run: everything once, and what runs workflows a second time without the workflow cache (every task replays the whole
// history), which finds code that is not deterministic. What suites get from the machine: test/setup/global.ts.
import { defineConfig } from 'vitest/config';

const every = ['test/**/*.test.ts'];
// Whole programs in real time, many at once: alone on the machine, after everything else.
const programs = ['test/processes/**/*.test.ts', 'test/quickstart/**/*.test.ts', 'test/live/**/*.test.ts'];

export default defineConfig({
  test: {
    // Threads crash with the SDK's native part; forks do not.
    pool: 'forks',
    maxWorkers: 2,
    reporters: ['default', './test/setup/last-lines.ts'],
    globalSetup: ['test/setup/global.ts'],
    projects: [
      { extends: true, test: { name: 'default', include: every, exclude: programs, hookTimeout: 240_000, testTimeout: 240_000 } },
      // The SDK notes a stack trace for every promise, which in a replayed history is a third of the time; a failure here says its test and what was expected, not its line.
      { extends: true, test: { name: 'uncached', execArgv: ['--stack-trace-limit=0'], include: ['test/workflows/**/*.test.ts'], hookTimeout: 240_000, testTimeout: 600_000, env: { TIDEGATE_TEST_CACHE: '0' } } },
      { extends: true, test: { name: 'programs', include: programs, maxWorkers: 1, sequence: { groupOrder: 1 }, hookTimeout: 120_000, testTimeout: 120_000 } },
    ],
  },
});
