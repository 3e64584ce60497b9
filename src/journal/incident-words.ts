// The incident report as Markdown. Everything in it comes from incident-report.ts; what is null there is 'not recorded' here. Pure.
import { IANAZone } from 'luxon';
import type { Exposed, Incident, IncidentReport, Said } from './incident-report.js';
import { harmless, instant, lengthInWords } from './report-words.js';

const nothing = 'not recorded';
type At = (at: number) => string;

export function incidentInWords(report: IncidentReport): string {
  const zone = IANAZone.isValidZone(report.timezone) ? report.timezone : 'UTC';
  const at: At = (ms) => instant(ms, zone);
  const head = [
    `# Incident report: ${plain(report.rollout)}`, '',
    ...table([['rollout', [report.rollout, report.description].filter((text) => text !== null && text !== '').join(': ')], ['owner', report.owner], ['started by', report.startedBy], ['outcome', report.outcome ?? 'not over yet'], ['times in', zone]]),
  ];
  if (report.incidents.length === 0) return [...head, '', 'The record holds no rollback.', ''].join('\n');
  return [...head, ...report.incidents.flatMap((one, index) => ['', `## ${report.incidents.length === 1 ? 'What happened' : `Incident ${index + 1}`}`, '', ...body(one, at)])].join('\n') + '\n';
}

function body(one: Incident, at: At): readonly string[] {
  const noticedMs = one.noticed === null || one.decided === null ? null : one.decided.at - one.noticed.at;
  const { took } = one;
  const limit = took === null ? nothing : took.limitMs === null ? `${lengthInWords(took.ms)}; its limit is ${nothing}` : `${lengthInWords(took.ms)} of ${lengthInWords(took.limitMs)}: ${took.ms <= took.limitMs ? 'kept' : 'exceeded'}`;
  return [
    ...table([
      ['what', one.reason], ['in', one.phase], ['taken back to', one.to], ['noticed', one.noticed === null ? null : `${at(one.noticed.at)}: ${one.noticed.text}`],
      ['decided', one.decided === null ? null : `${at(one.decided.at)} by ${one.decided.by}${one.decided.automatic === null ? '' : one.decided.automatic ? ', by itself' : ''}${noticedMs === null ? '' : `, ${lengthInWords(noticedMs)} after it was noticed`}`],
      ['from the decision to the last read-back', limit], ['verified', one.verified === null ? null : `${at(one.verified.at)}: ${one.verified.text}`],
    ]),
    ...section('Evidence', one.evidence.map((sign) => entry(sign, at))),
    ...section('Moved back', one.movedBack.map((move) => `${at(move.at)}  ${plain(move.target)} to ${plain(move.to ?? nothing)}${move.tookMs === null ? '' : `, ${lengthInWords(move.tookMs)} after the decision`}${move.readBack === null ? '' : `; read back: ${plain(move.readBack)}`}`)),
    ...(one.notMovedBack.length === 0 ? [] : section('NOT moved back', one.notMovedBack.map(({ target, why }) => `${plain(target)}: ${plain(why ?? nothing)}`))),
    ...(one.steps.length === 0 ? [] : section('Steps taken when that was not enough', one.steps.map((step) => entry(step, at)))),
    ...section('Who had been exposed', one.exposed.map((stretch) => exposed(stretch, at))),
    ...section('Who was told', one.told.map((message) => `${at(message.at)}  ${plain(message.title)}${message.severity === null ? '' : ` (${message.severity})`}${message.to.length === 0 ? '' : `, to ${message.to.map(plain).join(', ')}`}${message.failed === null ? '' : `; NOT delivered: ${plain(message.failed)}`}`)),
    ...section('Who answered', one.answers.map((answer) => entry(answer, at))),
    ...section('In order', one.timeline.map((step) => entry(step, at))),
  ];
}

const exposed = ({ target, value, from, until, forMs }: Exposed, at: At): string => `${plain(target)} at ${plain(value)} from ${at(from)} ${until === null ? `; its end is ${nothing}` : `to ${at(until)}, ${lengthInWords(forMs ?? 0)}`}`;
const entry = (said: Said, at: At): string => `${at(said.at)}  ${plain(said.by)}: ${plain(said.text)}`;
const section = (title: string, lines: readonly string[]): readonly string[] => ['', `### ${title}`, '', ...(lines.length === 0 ? [nothing] : lines.map((line) => `- ${line}`))];
const table = (rows: readonly (readonly [string, string | null])[]): readonly string[] => ['| | |', '|---|---|', ...rows.map(([name, value]) => `| ${name} | ${value === null || value === '' ? nothing : plain(value).replaceAll('|', '\\|')} |`)];

/** What people and commands wrote must neither steer a terminal nor become markup. */
const plain = (text: string): string => harmless(text).replace(/<(?=[a-zA-Z/!?])/g, '&lt;').replace(/([\\`*[\]])/g, '\\$1');
