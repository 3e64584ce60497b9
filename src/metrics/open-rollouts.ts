// Rollouts by state and phase: what the engine's own list says, asked at a scrape and kept for a while. No worker could count them: each
// knows only what it did itself, and nothing after its restart. Series of rollouts that are over are dropped here too.
import { Gauge, type Registry } from 'prom-client';
import type { EpochMs, Ms } from '../judgement/types.js';
import type { Meters } from './port.js';

export interface OpenRollout { readonly rollout: string; readonly state: string; readonly phase: string; readonly owner: string; readonly hold: string }

export interface OpenRolloutsOptions {
  readonly list: () => Promise<readonly OpenRollout[]>;
  readonly registry: Registry;
  readonly meters: Meters;
  readonly now?: () => EpochMs;
  /** default 10 s: two Prometheus servers do not double the load */
  readonly keepMs?: Ms;
}

/** Registers the gauges and answers what fills them: call it before the registry is read. It never fails and waits no longer than `list` does. */
export function exportOpenRollouts({ list, registry, meters, now = Date.now, keepMs = 10_000 }: OpenRolloutsOptions): () => Promise<void> {
  const registers = [registry];
  const byState = new Gauge({ name: 'tidegate_rollouts', help: 'Open rollouts by state and phase, from the engine\'s list.', labelNames: ['state', 'phase'], registers });
  const facts = new Gauge({ name: 'tidegate_rollout_info', help: 'One for each open rollout.', labelNames: ['rollout', 'state', 'phase', 'owner', 'hold'], registers });
  const reachable = new Gauge({ name: 'tidegate_engine_reachable', help: '1: the engine answered when its rollouts were listed.', registers });
  let known = new Set<string>();
  let listedAt = -Infinity;

  return async () => {
    if (now() - listedAt < keepMs) return;
    try {
      const open = await list();
      listedAt = now();
      byState.reset();
      facts.reset();
      for (const one of open) {
        byState.inc({ state: one.state, phase: one.phase });
        facts.set({ ...one }, 1);
      }
      const ids = new Set(open.map((one) => one.rollout));
      for (const gone of known) if (!ids.has(gone)) meters.forget(gone);
      known = ids;
      reachable.set(1);
    } catch {
      // Unknown stays unknown: no count at all instead of an old one that looks healthy. Why it failed is in the log and in /readyz.
      byState.reset();
      facts.reset();
      reachable.set(0);
    }
  };
}
