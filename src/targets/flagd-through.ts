// Whether a move has come as far as the applications: a subscription like that of their in-process provider, and 10,000 users evaluated on what
// comes from there. Its neighbours: ./flagd.ts (the provider), src/flagd-sync (the source, where it is Tidegate's own).
import { setTimeout as sleep } from 'node:timers/promises';
import { viewFlag, type FlagPlace } from './flagd-text.js';
import { countOn, SYNTHETIC_USERS } from './flagd-users.js';
import { agrees } from './share.js';
import { TargetUnreachable, TargetUnverified, type TargetRef } from './port.js';

/** A source that is just starting, or whose connection broke, is asked again after this. */
const PAUSE_MS = 200;

interface Through { readonly address: string; readonly selector: string; readonly place: FlagPlace; readonly percent: number; readonly target: TargetRef; readonly signal: AbortSignal }

/**
 * Waits until what the source sends gives `percent`, at most the target's write limit.
 * @returns evidence in words @throws TargetUnverified
 */
export async function verifyThrough({ address, selector, place, percent, target, signal: outer }: Through): Promise<string> {
  // loaded only here: the sync protocol takes a while to load, and most flags are not looked at through it
  const { syncedFlags } = await import('../flagd-sync/client.js');
  const where = `the sync source at ${address}${selector === '' ? '' : `, selector ${selector}`}`;
  // A timer of our own: a signal combined of others may be collected before it fires (Node 20).
  const limit = new AbortController();
  const { signal } = limit;
  const end = (): void => limit.abort();
  const timer = setTimeout(end, target.writeTimeoutMs);
  outer.addEventListener('abort', end, { once: true });
  if (outer.aborted) end();
  let last = 'nothing came from it';
  try {
    while (!signal.aborted) {
      try {
        for await (const json of syncedFlags({ address, selector, signal })) {
          // what comes is JSON, whatever the file is
          const view = viewFlag(json, { ...place, file: where });
          const counted = await countOn(view, place.flag);
          last = `it sends ${view.sharePercent} % (${counted.toLocaleString('en-US')} of ${SYNTHETIC_USERS.toLocaleString('en-US')} users evaluate to ${view.on})`;
          if (view.sharePercent === percent && agrees(counted, SYNTHETIC_USERS, percent)) return `${where}: ${last.slice('it sends '.length)}`;
        }
      } catch (error) { last = error instanceof Error ? error.message.replace(/\.$/, '') : String(error); }
      await sleep(PAUSE_MS, null, { signal }).catch(() => null);
    }
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', end);
  }
  if (outer.aborted) throw new TargetUnreachable({ code: 'ABORTED', where, what: 'verifying was given up.', means: 'Whether applications have the change is not known.' });
  throw new TargetUnverified({ code: 'FLAG_NOT_SYNCED', where, what: `${percent} % of users should get flag '${place.flag}', but after ${target.writeTimeoutMs} ms: ${last}.`, means: 'The file is changed; it is not shown that applications have the change.', todo: 'Look at the sync source, and at which file and selector it serves.' });
}
