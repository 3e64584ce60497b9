// POST /v1/alertmanager: alerts that name a rollout become its events. Alertmanager sends a group, repeats it while it fires, sends again
// after 5xx and reads no answer; so the answer says for each alert what became of it, and so does a counter. Manual: docs/inbound.md.
import { z } from 'zod';
import type { Meters } from '../metrics/port.js';
import { answerOf, give, readJson, rolloutId } from './answers.js';
import type { Answer, InboundRollouts, Result, Route } from './port.js';
import { verifyBearer } from './signatures.js';

const texts = z.record(z.string(), z.string());
const alertShape = z.object({ status: z.enum(['firing', 'resolved']), labels: texts, annotations: texts.optional(), startsAt: z.iso.datetime({ offset: true }), fingerprint: z.string().min(1).max(100) });
/** Version 4 of the webhook; fields not used here may be anything. */
const shape = z.object({ version: z.literal('4'), alerts: z.array(alertShape) });
type Alert = z.infer<typeof alertShape>;

export interface AlertmanagerDeps { readonly tokens: readonly string[]; /** the label whose value is a rollout's id */ readonly rolloutLabel: string; readonly rollouts: InboundRollouts; readonly meters: Pick<Meters, 'observeInboundAlert'> }

export function alertmanagerRoute({ tokens, rolloutLabel, rollouts, meters }: AlertmanagerDeps): Route {
  return {
    path: '/v1/alertmanager', takes: 'application/json',
    // Alertmanager repeats after 5xx and after nothing else: by a 429 an alert would be lost
    limitedStatus: 503,
    verify: (request) => verifyBearer(request, tokens),
    async handle({ raw }) {
      const read = readJson(raw, shape);
      if (!read.ok) return read.answer;
      const { alerts } = read.value;
      const answers = new Map<Alert, Answer>();
      const meant = new Map<string, Alert[]>();
      for (const alert of alerts) {
        const rollout = alert.labels[rolloutLabel] ?? '';
        if (alert.status === 'resolved') answers.set(alert, ignored('RESOLVED', 'it is over'));
        else if (rollout === '') answers.set(alert, ignored('NO_ROLLOUT', `it has no label '${rolloutLabel}'`));
        else meant.set(rollout, [...(meant.get(rollout) ?? []), alert]);
      }
      await Promise.all([...meant].map(([rollout, those]) => report(rollouts, rollout, those, (alert, answer) => answers.set(alert, answer))));
      const each = alerts.map((alert) => ({ alert, answer: answers.get(alert)! }));
      for (const { answer } of each) meters.observeInboundAlert({ result: answer.result });
      return together(each);
    },
  };
}

/** All alerts about one rollout, one after the other. Once the engine does not answer the rest waits for the next sending. */
async function report(rollouts: InboundRollouts, rollout: string, alerts: readonly Alert[], set: (alert: Alert, answer: Answer) => void): Promise<void> {
  let startedAt: number | null = null;
  let trouble: Answer | null = rolloutId.test(rollout) ? null : { result: 'unknown', code: 'NO_SUCH_ROLLOUT', message: `the label is no id of a rollout` };
  try {
    if (trouble === null) {
      const { row, status } = await rollouts.see(rollout);
      if (status === null && row.execution === 'running') trouble = { result: 'unavailable', code: 'NOT_ANSWERING', message: 'no worker answers for this rollout' };
      startedAt = status?.startedAt ?? null;
    }
  } catch (error) { trouble = answerOf(error, rollout); }
  for (const alert of alerts) {
    const answer: Answer = trouble ?? await one(rollouts, rollout, alert, startedAt);
    if (answer.result === 'unavailable') trouble = answer;
    set(alert, answer);
  }
}

async function one(rollouts: InboundRollouts, rollout: string, { labels, annotations, startsAt, fingerprint }: Alert, startedAt: number | null): Promise<Answer> {
  const event = labels['event'] ?? kebab(labels['alertname'] ?? '');
  if (event === '') return { result: 'refused', code: 'NO_EVENT', message: 'it has neither a label event nor an alertname' };
  // What was broken before the rollout began was not broken by it.
  if (startedAt !== null && Date.parse(startsAt) < startedAt) return { result: 'refused', code: 'FIRED_BEFORE_START', message: 'it fired before this rollout began, and is not held against it' };
  const reason = (annotations?.['summary'] ?? annotations?.['description'] ?? labels['alertname'] ?? '').slice(0, 500);
  const id = `alertmanager/${fingerprint}/${startsAt}`;
  // No `at`: it fires now. Its beginning may lie before the latest move, and triggers count from there.
  return give(rollouts, rollout, 'report', { by: 'alertmanager', identity: 'inbound:/v1/alertmanager', event, eventId: id, ...(reason === '' ? {} : { reason }) }, id);
}

function together(each: readonly { readonly alert: Alert; readonly answer: Answer }[]): Answer {
  const more = { alerts: each.map(({ alert, answer }) => ({ fingerprint: alert.fingerprint, ok: isFine(answer.result), code: answer.code, message: answer.message })) };
  const of = (result: Result): Answer | undefined => each.find(({ answer }) => answer.result === result)?.answer;
  const count = (fits: (result: Result) => boolean): number => each.filter(({ answer }) => fits(answer.result)).length;
  const message = `${count((result) => result === 'accepted')} reported, ${count((result) => result === 'ignored')} ignored, ${count((result) => !isFine(result))} not taken.`;
  const failure = of('unavailable') ?? of('failed');
  if (failure !== undefined) return { ...failure, message: `${message} ${failure.message}`, more };
  if (of('accepted') !== undefined) return { result: 'accepted', code: 'DONE', message, more };
  const refusal = of('refused') ?? of('unknown');
  return refusal === undefined ? { result: 'ignored', code: 'NOTHING_TO_DO', message, more } : { ...refusal, message: `${message} ${refusal.message}`, more };
}

const isFine = (result: Result): boolean => result === 'accepted' || result === 'ignored';
const ignored = (code: string, message: string): Answer => ({ result: 'ignored', code, message });

/** `HTTPErrorsHigh` → `http-errors-high`, as events are named in plans. */
export function kebab(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').replace(/([A-Z])([A-Z][a-z])/g, '$1-$2').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
}
