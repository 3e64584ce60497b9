// How a pending activity is understood from what the server tells of it (servers differ in what they forget between two attempts).
import { msToTs } from '@temporalio/common/lib/time.js';
import { expect, test } from 'vitest';
import { attemptOf } from '../../src/engine/engine-port.js';

const scheduled = 1;
const started = 2;
const at = (seconds: number) => msToTs(seconds * 1000);

test('a look that nobody has taken yet has not begun', () => {
  expect(attemptOf({ state: scheduled, attempt: 1, lastStartedTime: null })).toEqual({ running: false, begun: false });
});

test('a look that waits for its next time has begun, also where the server forgets when', () => {
  expect(attemptOf({ state: scheduled, attempt: 2, lastStartedTime: null })).toEqual({ running: false, begun: true });
  expect(attemptOf({ state: scheduled, attempt: 2, lastStartedTime: at(10) })).toEqual({ running: false, begun: true });
});

test('a look is under way until it has handed over its memory', () => {
  expect(attemptOf({ state: started, attempt: 1, lastStartedTime: at(10) })).toEqual({ running: true, begun: true });
  expect(attemptOf({ state: started, attempt: 3, lastStartedTime: at(10), lastHeartbeatTime: at(5) })).toEqual({ running: true, begun: true });
  expect(attemptOf({ state: started, attempt: 3, lastStartedTime: at(10), lastHeartbeatTime: at(11) })).toEqual({ running: false, begun: true });
});
