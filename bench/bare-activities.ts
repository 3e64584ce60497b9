// The activities of the bare watch (bare-watch.ts) and of the naive loop (naive-loop.ts). Time and the world come from whoever measures.
import { ApplicationFailure, Context, activityInfo } from '@temporalio/activity';
import type { BareInput } from './bare-watch.js';

export interface BareWorld {
  now(): Promise<number> | number;
  /** a look is made; true: what it sees is bad */
  look(id: string): boolean;
  undo(id: string): void;
}
export type BareActivities = ReturnType<typeof bareActivities>;

interface Heart { readonly startedAt: number; readonly dueAt: number; readonly looks: number }

export function bareActivities(world: BareWorld) {
  return {
    async watch(input: BareInput): Promise<{ readonly bad: boolean; readonly looks: number }> {
      const now = await world.now();
      const heart = (activityInfo().heartbeatDetails as Heart | undefined) ?? { startedAt: now, dueAt: now, looks: 0 };
      const looks = heart.looks + 1;
      const bad = world.look(input.id);
      if (bad || now >= heart.startedAt + input.forMs) return { bad, looks };
      const dueAt = Math.max(heart.dueAt + input.cadenceMs, now + 1);
      Context.current().heartbeat({ startedAt: heart.startedAt, dueAt, looks } satisfies Heart);
      throw ApplicationFailure.create({ type: 'StillWatching', category: 'BENIGN', message: 'all is well', nextRetryDelay: dueAt - now });
    },
    async lookOnce(id: string): Promise<'well' | 'bad'> { return world.look(id) ? 'bad' : 'well'; },
    async undo(id: string): Promise<void> { world.undo(id); },
  };
}
