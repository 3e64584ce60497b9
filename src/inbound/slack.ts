// POST /v1/slack: a button under a message about an ask answers it, as the person whom the plan in force knows by this Slack user.
// Slack waits 3 s and shows nothing of the answer to a button, so people are told by the interaction's response_url. Manual: docs/inbound.md.
import { z } from 'zod';
import { fillSecrets, type ResolvedPlan } from '../plan/index.js';
import type { Environment } from '../plan/secrets.js';
import { FinalError, TransientError } from '../errors.js';
import type { HttpClient } from '../http/client.js';
import type { Log } from '../log/log.js';
import { answerOf, give, invalid, once, readJson, rolloutId } from './answers.js';
import type { Answer, Clock, InboundRollouts, Route } from './port.js';
import type { Seen } from './seen.js';
import { verifySlack } from './signatures.js';

/** Slack's own limit is 3 s; the rest is for the way there and back. */
const answerWithinMs = 2_000;

const interaction = z.object({ type: z.string() });
const pressed = z.object({
  user: z.object({ id: z.string().regex(/^[UW][A-Z0-9]{1,40}$/) }),
  response_url: z.url({ protocol: /^https?$/ }).optional(),
  actions: z.array(z.object({ action_id: z.string(), action_ts: z.string().max(40).optional(), value: z.string().optional() })).min(1),
});
const button = z.strictObject({ rollout: z.string().regex(rolloutId), ask: z.string().min(1), value: z.union([z.string(), z.number()]) });
type Button = z.infer<typeof button>;

export interface SlackDeps { readonly secrets: readonly string[]; readonly rollouts: InboundRollouts; readonly env: Environment; readonly http: HttpClient; readonly seen: Seen; readonly now: Clock; readonly log: Pick<Log, 'warn'>; readonly answerWithinMs?: number }

export function slackRoute(deps: SlackDeps): Route {
  return {
    path: '/v1/slack', takes: 'application/x-www-form-urlencoded',
    verify: (request) => verifySlack(request, deps.secrets, deps.now),
    async handle({ raw }) {
      const payload = new URLSearchParams(raw.toString('utf8')).get('payload');
      if (payload === null) return invalid('NO_PAYLOAD', "The form has no field 'payload'.");
      const kind = readJson(payload, interaction);
      if (!kind.ok) return kind.answer;
      if (kind.value.type !== 'block_actions') return nothing;
      const press = readJson(payload, pressed);
      if (!press.ok) return press.answer;
      const { user, response_url: replyTo, actions } = press.value;
      // Slack wants different ids within one block, so the buttons of an ask differ after the second slash.
      const action = actions.find((one) => one.action_id === 'tidegate/answer' || one.action_id.startsWith('tidegate/answer/'));
      if (action === undefined) return nothing;
      const meant = readJson(action.value ?? '', button);
      if (!meant.ok) return meant.answer;

      const { rollout, ask } = meant.value;
      const id = `slack/${user.id}/${action.action_ts ?? deps.now()}`;
      const work = once(deps.seen, `${id} ${rollout} ${ask}`, rollout, () => answerAsk(deps, user.id, meant.value, id));
      const late = work.then(async (answer) => { if (replyTo !== undefined && answer.result !== 'replayed') await tell(deps, replyTo, answer); return answer; });
      return { ...(await within(deps.answerWithinMs ?? answerWithinMs, work) ?? { result: 'deferred', code: 'ON_ITS_WAY', message: 'It is on its way; the person is told what comes of it.', rollout }), late };
    },
  };
}

const nothing: Answer = { result: 'ignored', code: 'NOTHING_TO_DO', message: 'This is no answer to an ask.' };

async function answerAsk({ rollouts, env }: SlackDeps, user: string, { rollout, ask, value }: Button, id: string): Promise<Answer> {
  try {
    const plan = await rollouts.planInForce(rollout);
    if (plan === null) throw new TransientError({ code: 'NOT_ANSWERING', what: `No worker answers for ${rollout} now. Nothing was changed.` });
    const by = personOf(plan, user, env);
    const payload = { by, identity: `slack:${user}`, ask };
    const answer = await (value === 'approve' || value === 'reject' ? give(rollouts, rollout, value, payload, id) : give(rollouts, rollout, 'answer', { ...payload, value }, id));
    // A status over 299 only makes Slack draw a warning sign: what the rollout refused is said in words.
    return answer.result === 'refused' ? { ...answer, status: 200 } : answer;
  } catch (error) {
    const answer = answerOf(error, rollout);
    return answer.result === 'refused' ? { ...answer, status: 200 } : answer;
  }
}

/** @throws FinalError UNKNOWN_PERSON unless the slack channels of the plan name exactly one person for this user */
function personOf(plan: ResolvedPlan, user: string, env: Environment): string {
  const channels = [...Object.values(plan.channels).flat(), ...plan.people.flatMap((person) => person.channels)].filter((channel) => channel.provider === 'slack');
  const entries = channels.flatMap(({ settings }) => Object.entries((settings['people'] ?? {}) as Readonly<Record<string, unknown>>));
  const found = new Set(entries.filter(([, value]) => typeof value === 'string' && filled(value, env) === user).map(([person]) => person));
  const [person, ...others] = [...found].filter((one) => plan.people.some(({ id }) => id === one));
  if (person !== undefined && others.length === 0) return person;
  const why = person === undefined ? `the plan of ${plan.rollout} does not know you: its slack channel names nobody with the user ${user} under people` : `the plan of ${plan.rollout} names several people with the user ${user} (${[person, ...others].join(', ')})`;
  throw new FinalError({ code: 'UNKNOWN_PERSON', what: `${why}. Nothing was changed.` });
}

function filled(text: string, env: Environment): string | null {
  try { return fillSecrets(text, env); } catch { return null; }
}

/** Said to the one who pressed, and to nobody else; the message with the buttons stays (the rollout itself changes it). */
async function tell({ http, log }: SlackDeps, replyTo: string, answer: Answer): Promise<void> {
  const undo = answer.more?.['undo'];
  const said = answer.result === 'accepted' ? `✔ ${answer.message}${typeof undo === 'string' ? `\nTo undo: ${undo}` : ''}` : `✖ ${answer.message}`;
  const text = said.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const outcome = await http.send({ url: replyTo, method: 'POST', contentType: 'application/json', body: JSON.stringify({ response_type: 'ephemeral', replace_original: false, text }), timeLimitMs: 5_000, redirects: 0, readBody: false, secretPath: true });
  if (outcome.kind === 'failure' || outcome.status >= 300) log.warn({ code: answer.code, why: outcome.kind === 'failure' ? outcome.detail : `status ${outcome.status}` }, 'the person who pressed a button in Slack could not be told what came of it');
}

async function within<T>(ms: number, work: Promise<T>): Promise<T | null> {
  let limit: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([work, new Promise<null>((resolve) => { limit = setTimeout(() => resolve(null), ms); })]);
  } finally { clearTimeout(limit); }
}
