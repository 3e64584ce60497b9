// guard: targets that must keep their value, read at the pace of the watch, in every state of the rollout, by the worker of their host. One
// attempt is one look, paced like the watch's (watch.ts); it returns when something is to be done. Restoring is restore-target.ts.
import { ApplicationFailure, Context, activityInfo } from '@temporalio/activity';
import { afterLook } from '../src/judgement/index.js';
import { exposesLess } from '../src/plan/index.js';
import { abortAfter } from './failure.js';
import type { Ports } from './ports.js';
import { read, sameValue } from './read-target.js';
import type { GuardFound, GuardHeartbeat, GuardInput, GuardReport } from './types.js';

type Guarded = GuardInput['targets'][number];
type Look = { readonly guarded: Guarded } & ({ readonly reading: GuardFound } | { readonly unread: string });

export const guard = (ports: Ports) => async (input: GuardInput): Promise<GuardReport> => {
  const heart = activityInfo().heartbeatDetails as GuardHeartbeat | undefined;
  const asOf = await ports.clock.now();
  const dueAt = heart?.dueAt ?? asOf;
  const signal = abortAfter(25_000);
  const looks = await Promise.all(input.targets.map((guarded) => lookAt(ports, guarded, signal)));

  const { unbroken, tell } = afterLook(heart?.memory ?? input.unbroken, asOf, looks.flatMap((look) => ('unread' in look ? [look.unread] : [])), input.unwatchedAfterMs);
  const read = looks.flatMap((look) => ('reading' in look ? [look] : []));
  const first = read.filter(({ guarded }) => guarded.expected === null);
  const stands = ({ guarded, reading }: (typeof read)[number]): boolean => guarded.expected !== null && sameValue(reading.found, guarded.expected);
  const elsewhere = read.filter((look) => look.guarded.expected !== null && !stands(look) && !(look.guarded.contested !== null && sameValue(look.reading.found, look.guarded.contested)));
  const back = read.filter((look) => look.guarded.contested !== null && stands(look));
  if (first.length + elsewhere.length + back.length > 0 || tell !== null) {
    const found = (some: typeof read): GuardFound[] => some.map(({ reading }) => reading);
    return { first: found(first), elsewhere: elsewhere.map(({ guarded, reading }) => ({ ...reading, safer: exposesLess(guarded.target, reading.found, guarded.expected!) })), back: found(back), unbroken, unwatched: tell };
  }

  // By an absolute schedule, like the watch.
  const now = ports.clock.after(asOf);
  const nextDue = dueAt + input.everyMs > now ? dueAt + input.everyMs : now + input.everyMs;
  const line = looks.map((look) => ('unread' in look ? look.unread : `${look.reading.target} stands at ${look.reading.found}`)).join('; ');
  Context.current().heartbeat({ memory: unbroken, line, dueAt: nextDue } satisfies GuardHeartbeat);
  const failure = ApplicationFailure.create({ type: 'StillGuarding', category: 'BENIGN', message: line, nextRetryDelay: Math.max(1, nextDue - now) });
  failure.stack = '';
  throw failure;
};

async function lookAt(ports: Ports, guarded: Guarded, signal: AbortSignal): Promise<Look> {
  const { target } = guarded;
  try {
    const { value, detail } = await read(ports, target, 'guard', signal);
    return { guarded, reading: { target: target.id, found: value, detail } };
  } catch (error) {
    return { guarded, unread: `${target.id} cannot be read: ${error instanceof Error ? error.message.slice(0, 300) : String(error)}` };
  }
}
