// The path of an incident, walked person by person until somebody says that it is theirs. It takes place in the rollout while that lives
// (incidents.ts), and then in a workflow of its own (incident.ts): here is what both have in common, and nothing that knows where it is.
import type { EpochMs } from '../src/judgement/types.js';
import type { AskView, IncidentView } from './messages.js';
import type { IncidentRecord } from './state.js';

/** After a round without an answer the next begins, an hour after that one began. */
const roundMs = 3_600_000;
/** Of many rounds the last calls are kept. */
const keptCalls = 50;

export interface Ground {
  now(): EpochMs;
  incident(): IncidentRecord;
  change(change: Partial<IncidentRecord>): void;
  /** Waits until somebody has acknowledged it, it is over, or the instant has come; answers whether it is one of the first two. */
  settled(at: EpochMs): Promise<boolean>;
  call(who: string): void;
  /** Everybody was called, and nobody has answered. */
  nobody(): void;
}

export async function walkPath(ground: Ground): Promise<void> {
  for (;;) {
    if (await ground.settled(ground.incident().nextAt)) return;
    const { path, walked, called, roundAt, acknowledgeWithinMs } = ground.incident();
    const now = ground.now();
    const step = path[walked];
    if (step === undefined) {
      const next = Math.max(now, roundAt + roundMs);
      ground.change({ walked: 0, roundAt: next, nextAt: next });
      ground.nobody();
    } else {
      ground.change({ walked: walked + 1, nextAt: now + (path[walked + 1]?.afterMs ?? acknowledgeWithinMs), called: [...called, { who: step.who, at: now }].slice(-keptCalls) });
      ground.call(step.who);
    }
  }
}

export const acknowledgeAsk = (incident: { readonly id: string }): string => `${incident.id}/acknowledge`;
/** The alarm that one call raised, so that it can be taken back. */
export const callMatter = ({ id }: IncidentRecord, call: IncidentView['called'][number]): string => `${id}/${call.who}@${call.at}`;

/** Who may say that it is theirs. */
export const mayTake = ({ path, commander }: IncidentRecord): string[] => [...new Set([commander, ...path.map(({ who }) => who)])];
/** Who has been called by now, and the commander. */
export const addressed = ({ called, commander }: IncidentRecord): string[] => [...new Set([commander, ...called.map(({ who }) => who)])];

export const nameOf = ({ id, severity, commander }: IncidentRecord): string => `${id} (${severity}, commander ${commander})`;
export const firstStepLines = ({ firstSteps }: IncidentRecord): string[] => firstSteps.map((step, index) => `${index + 1}. ${step}`);

export function callWords(incident: IncidentRecord, who: string): { readonly title: string; readonly body: string } {
  const before = [...new Set(incident.called.slice(0, -1).map((call) => call.who))].filter((one) => one !== who);
  return {
    title: `${nameOf(incident)}: ${incident.text}`,
    body: [
      `${who}, is it yours? Others are called until somebody says so.`, ...(before.length === 0 ? [] : [`called before, without an answer: ${before.join(', ')}`]), ...firstStepLines(incident), `answer: mine  (ask ${acknowledgeAsk(incident)})`,
    ].join('\n'),
  };
}

export const callAnswers = (incident: IncidentRecord, who: string, now: EpochMs) => ({ options: ['mine'], healthy: 'mine', from: [who], needs: 1, withinMs: incident.nextAt - now });

/** The question as screens show it. */
export const question = (incident: IncidentRecord): string => `${nameOf(incident)}: ${incident.text}. Is it yours?`;
export const acknowledgeView = (incident: IncidentRecord): AskView => ({
  ask: acknowledgeAsk(incident), kind: 'acknowledge', phase: null, question: question(incident), from: addressed(incident), others: mayTake(incident), needs: 1, options: ['mine'], healthy: 'mine',
  askedAt: incident.openedAt, dueAt: null, otherwise: 'the next is called', answers: [], state: 'open', result: null,
});
