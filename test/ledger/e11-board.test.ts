// Row E11: the live board of the plan's dashboard. How it behaves at every width and state: test/cli/board.test.ts.
import { expect, it } from 'vitest';
import { renderBoard } from '../../src/cli/board.js';
import { shownStatus } from '../../src/cli/shown-status.js';
import { at, seenOf, statusOf } from '../cli/fake-cli.js';
import { resolved } from './examples.js';

it('E11: the board shows wave and percentage, time, health, five metrics with their change, incidents, alerts, the last issue and the three keys', () => {
  const plan = resolved('batch-patches');
  const board = renderBoard({ status: shownStatus(seenOf(statusOf()), plan), plan, controls: 'keys', prompt: null, note: null }, { width: 80, color: false, now: at });
  for (const wanted of ['wave-2, 2/4 (25 %)', 'HEALTHY', 'soaked 13 h of 48 h clean', 'error_rate', 'success_rate', 'p99_latency', 'memory', 'Incidents  0 critical', 'Alerts', 'Last issue none', 'CONTINUE', 'ROLLBACK', 'PAUSE']) expect(board).toContain(wanted);
  expect(board).toMatch(/error_rate +2\.3 % +\[▼ -0\.5\]/);
});
