// POST /v1/ready: a pipeline says that what a rollout waits for is there, by answering the ask as the person it stands for in the plan.
// It may speak only for the names in TIDEGATE_INBOUND_AS: who signs for a pipeline must not give a person's approval. Manual: docs/inbound.md.
import { z } from 'zod';
import { give, once, readJson, rolloutId } from './answers.js';
import type { Clock, InboundRollouts, Route } from './port.js';
import type { Seen } from './seen.js';
import { verifySigned } from './signatures.js';

const shape = z.strictObject({
  rollout: z.string().regex(rolloutId, 'this is no id of a rollout'),
  ask: z.string().min(1).max(300),
  by: z.string().min(1).max(200),
  id: z.string().min(1).max(180),
  /** left out: yes to whatever is asked */
  value: z.union([z.string().max(2_000), z.number(), z.boolean()]).optional(),
  reason: z.string().max(2_000).optional(),
});

export function readyRoute({ secrets, mayBe, rollouts, seen, now }: { readonly secrets: readonly string[]; /** whom a sender may speak for */ readonly mayBe: readonly string[]; readonly rollouts: InboundRollouts; readonly seen: Seen; readonly now: Clock }): Route {
  return {
    path: '/v1/ready', takes: 'application/json',
    verify: (request) => verifySigned(request, secrets, now),
    async handle({ raw }) {
      const read = readJson(raw, shape);
      if (!read.ok) return read.answer;
      const { rollout, ask, by, id, value, reason } = read.value;
      if (!mayBe.includes(by)) return { result: 'refused', code: 'NOT_SPOKEN_FOR', status: 403, message: 'Senders to this listener may not answer in this name; TIDEGATE_INBOUND_AS names those they may. Nothing was changed.', rollout };
      const payload = { by, identity: 'inbound:/v1/ready', ask, ...(reason === undefined ? {} : { reason }) };
      return once(seen, `ready ${rollout} ${id}`, rollout, () => (value === undefined ? give(rollouts, rollout, 'approve', payload, `ready/${id}`) : give(rollouts, rollout, 'answer', { ...payload, value }, `ready/${id}`)));
    },
  };
}
