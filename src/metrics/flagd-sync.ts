// What is exported of the flag files that are served to flagd providers (src/flagd-sync/server.ts); docs/operations.md has the table.
import { Counter, Gauge, type Registry } from 'prom-client';

export interface FlagdSyncMeters {
  subscribers(selector: string, count: number): void;
  /** a new state was pushed */
  good(selector: string): void;
  /** the file has a state that cannot be served */
  broken(selector: string): void;
}

export function createFlagdSyncMeters(registry: Registry): FlagdSyncMeters {
  const registers = [registry];
  const labelNames = ['selector'];
  const subscribers = new Gauge({ name: 'tidegate_flagd_sync_subscribers', help: 'Open streams of flagd providers.', labelNames, registers });
  const pushes = new Counter({ name: 'tidegate_flagd_sync_pushes_total', help: 'States of a flag file that were pushed.', labelNames, registers });
  const broken = new Counter({ name: 'tidegate_flagd_sync_broken_total', help: 'States of a flag file that were not served, because they are missing, broken or not text.', labelNames, registers });
  const good = new Gauge({ name: 'tidegate_flagd_sync_file_good', help: '1: what is served is what the file says; 0: it is an older state, or none.', labelNames, registers });
  return {
    subscribers: (selector, count) => subscribers.set({ selector }, count),
    good: (selector) => { pushes.inc({ selector }); good.set({ selector }, 1); },
    broken: (selector) => { broken.inc({ selector }); good.set({ selector }, 0); },
  };
}
