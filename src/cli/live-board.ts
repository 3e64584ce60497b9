// A rollout shown live until it ends: the board and its keys on a terminal, one line a change elsewhere. Used by `watch` and `quickstart`.
import { randomUUID } from 'node:crypto';
import type { Ms } from '../judgement/index.js';
import { renderBoard } from './board.js';
import { noKeys, pressKey, type BoardAction, type KeyState, type SpeakFor } from './board-keys.js';
import { changesBetween } from './changes.js';
import { follow } from './follow.js';
import type { Cli, LiveText, Rollouts, Sink } from './ports.js';
import type { Sight } from './seeing.js';
import type { ShownStatus } from './shown-status.js';
import { byOf } from './who.js';
import { clockInWords } from '../wording.js';

export interface LiveOptions {
  readonly rollout: string;
  readonly everyMs: Ms | null;
  readonly actor: string;
  /** where one-line changes go when there is no screen to draw on; null: nowhere */
  readonly changesTo: Sink | null;
  /** draw the board here (stdout must be a terminal) */
  readonly board: boolean;
  /** who answers by the key `c`; default: `actor` */
  readonly speakFor?: SpeakFor;
  /** Called after each look that brought news; may put a question to the person, or act by itself. */
  readonly onNews?: (status: ShownStatus, act: (action: BoardAction) => Promise<void>, ask: (state: KeyState) => void) => void;
}

/** What was done last stands on the board this long. */
const noteMs = 20_000;

export async function showLive(rollouts: Rollouts, options: LiveOptions, cli: Cli): Promise<{ readonly status: ShownStatus; readonly left: boolean }> {
  const leave = new AbortController();
  let wake = new AbortController();
  let keys: KeyState = noKeys;
  let latest: Sight | null = null;
  let note: string | null = null;
  let noteAt = -Infinity;
  let before: ShownStatus | null = null;
  let troubled = false;
  const live: LiveText | null = options.board ? cli.live() : null;

  const draw = () => {
    if (live === null || latest === null) return;
    if (cli.now() - noteAt > noteMs) note = null;
    const prompt = keys.asking === null ? null : `${keys.asking.words}?  [y] yes  [n] no`;
    live.draw(renderBoard({ ...latest, controls: cli.stdinIsTTY ? 'keys' : 'commands', prompt, note: keys.said ?? note }, { width: cli.out.columns, color: cli.out.color, now: cli.now() }));
  };
  const act = async (action: BoardAction): Promise<void> => {
    note = `… ${action.words}`;
    noteAt = cli.now();
    draw();
    try {
      const id = randomUUID();
      const done = await rollouts.command(options.rollout, action.name, { ...byOf(action.as ?? options.actor, null, rollouts.identity, cli), id, ...action.payload }, id);
      note = done.undo === null ? done.did : `${done.did}; to undo: ${done.undo}`;
    } catch (error) {
      note = error instanceof Error ? error.message : String(error);
    }
    noteAt = cli.now();
    options.changesTo?.write(`${clockInWords(cli.now(), latest?.status.timezone ?? 'UTC', 'second')}  ${note}\n`);
    draw();
    wake.abort();
    wake = new AbortController();
  };
  const deafen = options.board ? cli.keys((key) => {
    if (latest === null) return;
    const { state, effect } = pressKey(keys, key, latest.status, options.speakFor);
    keys = state;
    if (effect.kind === 'leave') leave.abort();
    if (effect.kind === 'act') void act(effect.action);
    draw();
  }) : () => {};
  // whatever ends this, the terminal is given back as it was found
  let closed = false;
  const close = () => { if (closed) return; closed = true; deafen(); live?.done(); };
  cli.atEnd(close);
  try {
    const status = await follow(rollouts, {
      rollout: options.rollout,
      everyMs: options.everyMs,
      wake: () => wake.signal,
      tick: draw,
      seen: (sight, trouble) => {
        latest = sight;
        if (trouble !== null) { note = trouble; noteAt = cli.now(); } else if (troubled) note = null;
        troubled = trouble !== null;
        const lines = trouble !== null ? [] : changesBetween(before, sight.status);
        if (trouble === null) before = sight.status;
        for (const text of lines) options.changesTo?.write(`${clockInWords(cli.now(), sight.status.timezone, 'second')}  ${text}\n`);
        // a question about an ask that is settled meanwhile must not be answered with yes
        if (keys.asking !== null && typeof keys.asking.payload['ask'] === 'string' && !sight.status.asks.some((a) => a.ask === keys.asking?.payload['ask'])) keys = noKeys;
        if (keys.asking === null) options.onNews?.(sight.status, act, (state) => { keys = state; });
        draw();
      },
    }, cli, leave.signal);
    return { status, left: leave.signal.aborted };
  } finally {
    close();
  }
}
