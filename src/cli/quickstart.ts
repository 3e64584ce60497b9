// The whole job on one machine in a few minutes: stack, sample service, real traffic, and examples/quickstart.yaml carried from 0 to 100 %
// with the live board here. Uses the same verbs' parts as everybody; the children are quickstart-children.ts.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { packageRoot } from '../engine/package-root.js';
import { isEnded, type ShownStatus } from './shown-status.js';
import { answerTo, noKeys, rejectionOf, type BoardAction, type KeyState } from './board-keys.js';
import { showLive } from './live-board.js';
import { paintFor } from './paint.js';
import { openParts } from './parts.js';
import { parseOrRefuse } from './planning.js';
import type { Cli, ExitCode } from './ports.js';
import { startChild, untilSaid } from './quickstart-children.js';
import { byOf } from './who.js';
import { numberInWords } from '../wording.js';

export interface QuickstartOptions { readonly fault: boolean; readonly actor: string; readonly json: boolean }

const planFile = 'examples/quickstart.yaml';
const flagKey = 'new-checkout';

export async function runQuickstart(options: QuickstartOptions, given: Cli): Promise<ExitCode> {
  const dir = resolve(given.cwd, '.tidegate', 'quickstart');
  const cli = ownCli(given, dir);
  const say = (line: string) => cli.err.write(`${line}\n`);

  // the stack refuses a second one in this home before anything of the first is thrown away
  await refuseSecond(dir, cli);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const stack = await cli.parts.stack({ dir, env: cli.env, ports: 'free', progress: say });
  cli.atEnd(() => stack.stop());

  const flags = join(dir, 'flags.json');
  writeFileSync(flags, `${JSON.stringify({ $schema: 'https://flagd.dev/schema/v0/flags.json', flags: { [flagKey]: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' } } }, null, 2)}\n`);
  const service = startChild('sample-service', 'examples/sample-service/service.js', ['--port', '0', '--flags', flags, '--flag', flagKey, ...(options.fault ? ['--fault-at', '50'] : [])], dir);
  cli.atEnd(() => service.stop());
  const url = await untilSaid(service, 'sample-service', /on (http:\/\/127\.0\.0\.1:\d+)/, 10_000, dir);
  const traffic = startChild('traffic', 'examples/traffic/traffic.js', ['--url', url], dir);
  cli.atEnd(() => traffic.stop());
  say(`the sample service serves real checkouts at ${url}${options.fault ? '; its new version will fail from 50 % on' : ''}`);

  const input = { text: await cli.readText(join(packageRoot(), planFile)), file: planFile, vars: { PORT: new URL(url).port, FLAGS: flags }, day1: null, now: cli.now() };
  const { plan, document } = await parseOrRefuse(input, cli);
  const rollouts = await openParts({ cwd: cli.cwd, user: cli.user, env: { ...cli.env, ...stack.env } }).rollouts();
  cli.atEnd(() => rollouts.close());
  await rollouts.start({ rollout: plan.rollout, document: document(), options: { vars: input.vars, startedBy: byOf(options.actor, null, rollouts.identity, cli) }, summary: `${plan.rollout}: ${plan.description}` });
  say(`${plan.rollout} is started; Temporal's own view of it: ${stack.ui ?? stack.address}\n`);

  const board = cli.out.isTTY && !options.json;
  const people = board && cli.stdinIsTTY;
  if (!people) say('No terminal to ask at: every ask gets its healthy answer by itself.');
  const answers = people ? askHere() : answerByItself(say);
  const { status, left } = await showLive(rollouts, { rollout: plan.rollout, everyMs: 1_000, actor: options.actor, board, changesTo: board ? null : cli.err, speakFor: nextPerson, onNews: answers }, cli);

  if (cli.interrupted.aborted) return 130;
  if (left && !isEnded(status.state)) say('You left; the quickstart is cleaned up.');
  const exposed = await exposedNow(url);
  const report = await reportOf(plan.rollout, stack.env, cli);
  if (options.json) cli.out.write(`${JSON.stringify({ ...status, exposedPercent: exposed }, null, 2)}\n`);
  else {
    cli.out.write(`\n${report.trimEnd()}\n\n`);
    const paint = paintFor(cli.out);
    if (exposed === null) cli.out.write('The service did not say who is on the new version.\n');
    else cli.out.write(`${status.state === 'rolled-back' && exposed === 0 ? paint.good('✔') : '·'} The service itself says: ${numberInWords(exposed)} % of its users of the last minute get the new version${exposed === 0 ? ', that is nobody' : ''}.\n`);
    cli.out.write(`The record stays in ${dir}: TIDEGATE_HOME=${dir} tidegate journal ${plan.rollout} --verify\n`);
  }
  return status.exitCode;
}

/** Never the user's own Temporal or journal: the quickstart has everything to itself, and its plan's commands may run. */
function ownCli(cli: Cli, dir: string): Cli {
  const env: Record<string, string | undefined> = Object.fromEntries(Object.entries(cli.env).filter(([name]) => !/^TEMPORAL_(ADDRESS|NAMESPACE|PROFILE|CONFIG_FILE|API_KEY|TLS)/.test(name) && !/^TIDEGATE_(HOME|JOURNAL|HTTP|COMMANDS|HOST)$/.test(name)));
  env['TIDEGATE_HOME'] = dir;
  env['TIDEGATE_COMMANDS'] = '*';
  // the user's own profile would name another server as surely as an address
  env['TEMPORAL_CONFIG_FILE'] = join(dir, 'no-temporal-profile.toml');
  return Object.assign(Object.create(cli) as Cli, { env });
}

async function refuseSecond(dir: string, cli: Cli): Promise<void> {
  const { runningStack } = await import('../engine/settings.js');
  const other = runningStack(dir);
  if (other === null || other.pid === cli.user.pid) return;
  const { FinalError } = await import('../errors.js');
  throw new FinalError({ code: 'STACK_RUNNING', where: dir, what: `Process ${other.pid} runs a quickstart here already.`, means: 'Nothing was started.', todo: 'Wait for it, stop it with Ctrl-C, or run this one in another directory.' });
}

type OnNews = (status: ShownStatus, act: (action: BoardAction) => Promise<void>, ask: (state: KeyState) => void) => void;

/** The next person an ask waits for; nobody named means whoever sits here. */
function nextPerson(ask: ShownStatus['asks'][number]): string | null {
  return ask.from.find((person) => !ask.answers.some((answer) => answer.by === person)) ?? null;
}

/** One vote a look, in the order the plan names the people, each once. */
function answerByItself(say: (line: string) => void): OnNews {
  const given = new Set<string>();
  return (status, act) => {
    for (const ask of status.asks) {
      const person = nextPerson(ask);
      const key = `${ask.ask} ${ask.askedAt} ${person ?? ''}`;
      if (given.has(key)) continue;
      given.add(key);
      say(`nobody is here to ask: ${person ?? 'somebody'} answers ${ask.healthy} to "${ask.question}"`);
      void act(answerTo(ask, person));
      return;
    }
  };
}

/** The board puts the question; `y` is the healthy answer, `n` a rejection, any other key asks later (`c`). */
function askHere(): OnNews {
  const put = new Set<string>();
  return (status, _act, ask) => {
    const next = status.asks.find((a) => !put.has(`${a.ask} ${a.askedAt} ${nextPerson(a) ?? ''}`));
    if (next === undefined) return;
    const person = nextPerson(next);
    put.add(`${next.ask} ${next.askedAt} ${person ?? ''}`);
    ask({ ...noKeys, asking: answerTo(next, person), otherwise: rejectionOf(next, person) });
  };
}

async function exposedNow(url: string): Promise<number | null> {
  try {
    const answer = (await (await fetch(`${url}/metrics`, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(3_000) })).json()) as { flag?: { exposed_percent?: number | null } };
    return answer.flag?.exposed_percent ?? null;
  } catch {
    return null; // said to the person as "did not say"
  }
}

async function reportOf(rollout: string, env: Readonly<Record<string, string>>, cli: Cli): Promise<string> {
  const journal = await openParts({ cwd: cli.cwd, user: cli.user, env: { ...cli.env, ...env } }).journal();
  try {
    return await journal.report(rollout, { width: cli.out.columns, color: cli.out.color });
  } finally {
    await journal.close();
  }
}
