// POST /v1/events: anything that can sign reports an event of a plan; the same as `tidegate report`. Manual: docs/inbound.md.
import { z } from 'zod';
import { give, once, readJson, rolloutId } from './answers.js';
import type { Clock, InboundRollouts, Route } from './port.js';
import type { Seen } from './seen.js';
import { verifySigned } from './signatures.js';

const instant = 'milliseconds since 1970 are needed, or an instant with its offset such as 2026-11-24T09:00:00Z';
const shape = z.strictObject({
  rollout: z.string().regex(rolloutId, 'this is no id of a rollout'),
  event: z.string().min(1).max(200),
  /** unique for the rollout: what comes again under it counts once */
  id: z.string().min(1).max(180),
  by: z.string().trim().min(1).max(200).optional(),
  reason: z.string().max(2_000).optional(),
  at: z.union([z.number(instant).int(instant).positive(instant), z.iso.datetime({ offset: true, error: instant })], instant).optional(),
});

export function eventsRoute({ secrets, rollouts, seen, now }: { readonly secrets: readonly string[]; readonly rollouts: InboundRollouts; readonly seen: Seen; readonly now: Clock }): Route {
  return {
    path: '/v1/events', takes: 'application/json',
    verify: (request) => verifySigned(request, secrets, now),
    async handle({ raw }) {
      const read = readJson(raw, shape);
      if (!read.ok) return read.answer;
      const { rollout, event, id, by = 'inbound', reason, at } = read.value;
      const happened = at === undefined ? {} : { at: typeof at === 'number' ? at : Date.parse(at) };
      return once(seen, `events ${rollout} ${id}`, rollout, () => give(rollouts, rollout, 'report', { by, identity: 'inbound:/v1/events', event, eventId: id, ...(reason === undefined ? {} : { reason }), ...happened }, `events/${id}`));
    },
  };
}
