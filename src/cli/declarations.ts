// Every verb: how it is written, its options, its examples, and where its module is. A module is loaded when its verb is used, so that
// `--help` and `validate` never load the engine. Longer than 200 lines would be wrong here; a table is what it is.
import type { VerbModule } from './verb.js';

export interface VerbDeclaration {
  readonly name: string;
  readonly args: string;
  readonly summary: string;
  /** flags, description, and 'many' for an option that may be repeated */
  readonly options: readonly (readonly [string, string] | readonly [string, string, 'many'])[];
  readonly examples: readonly string[];
  readonly notes?: string;
  readonly hidden?: true;
  readonly load: () => Promise<VerbModule>;
}

const json = ['--json', 'one JSON document on stdout and nothing else there'] as const;
const as = ['--as <WHO>', 'the person this comes from (default: $TIDEGATE_AS, else the OS user)'] as const;
const reason = ['-m, --reason <TEXT>', 'why, in words; kept in the record'] as const;
const commandId = ['--id <COMMAND-ID>', 'repeat a command under the id it had: it acts once'] as const;
const vars = ['--var <NAME=VALUE>', "value of one of the plan's variables; may be repeated", 'many'] as const;
const day1 = ['--day-1 <DATE>', "date of day 1 in the plan's zone, YYYY-MM-DD (default: today)"] as const;
const launch = ['--launch <TIME>', "the launch, 'YYYY-MM-DD HH:MM' in the plan's zone, or now (default: as the plan says)"] as const;
const within = ['--within <TIME>', 'how long each target may take to answer (default: 10s)'] as const;
const command = [as, reason, commandId, json] as const;

const liveExits = 'Exit code: 0 going well or completed, 2 waiting for a person, 3 held or paused, 4 rolled back,\n5 rollback incomplete or failed, 1 everything else (no such rollout, no connection).';

export const declarations: readonly VerbDeclaration[] = [
  { name: 'validate', args: '<PLAN...>', summary: 'check plans; every error as file:line:column', options: [vars, day1, launch, json], examples: ['tidegate validate rollout.yaml', 'tidegate validate --json plans/*.yaml'], notes: 'Exit code: 0 all valid, 1 an error in any of them. Warnings do not change it.', load: () => import('./verbs/validate.js') },
  { name: 'schema', args: '', summary: 'print the JSON Schema of a plan', options: [json], examples: ['tidegate schema > tidegate.schema.json'], load: () => import('./verbs/schema.js') },
  { name: 'rehearse', args: '<PLAN>', summary: 'carry out the whole rollout on a clock that skips, before anything moves', options: [['--scenario <FILE>', 'what goes wrong, who answers what (default: all healthy, everybody answers)'], vars, day1, launch, ['--cadence <TIME>', "look this often instead of at the plan's own cadence, e.g. 1h"], ['--until <TIME>', 'end a rehearsal that waits for ever (default: 3 times the nominal length, at least 30d)'], json], examples: ['tidegate rehearse rollout.yaml', 'tidegate rehearse rollout.yaml --scenario burst.yaml --cadence 1h'], notes: 'Exit code: 0 completed, 2 waiting for a person at --until, 3 held at --until, 4 rolled back,\n5 rollback incomplete or failed, 1 invalid plan or usage.', load: () => import('./verbs/rehearse.js') },
  { name: 'up', args: '', summary: 'run the embedded stack here: Temporal on a file, worker, metrics', options: [['--dir <DIR>', 'where its files lie (default: $TIDEGATE_HOME, else ./.tidegate)'], json], examples: ['tidegate up'], notes: 'Ctrl-C stops it; the next `tidegate up` goes on where it stood.', load: () => import('./verbs/up.js') },
  { name: 'start', args: '<PLAN>', summary: 'start a rollout', options: [['--id <ID>', "the rollout's id (default: the plan's own)"], vars, day1, launch, as, reason, json], examples: ['tidegate start rollout.yaml', 'tidegate start rollout.yaml --id batch-patches-v2 --day-1 2026-12-01', "tidegate start rollout.yaml --var variant=cloud-run --launch '2026-12-01 10:00'"], notes: 'A second live rollout of the same id is refused.', load: () => import('./verbs/start.js') },
  { name: 'list', args: '', summary: 'the rollouts and where each stands', options: [['--all', 'ended ones too'], json], examples: ['tidegate list', 'tidegate list --all --json'], load: () => import('./verbs/list.js') },
  { name: 'status', args: '<ID>', summary: 'one screen: where it stands and what the evidence says', options: [json], examples: ['tidegate status batch-patches-v1'], notes: liveExits, load: () => import('./verbs/status.js') },
  { name: 'watch', args: '<ID>', summary: 'the live board, until the rollout ends', options: [['--every <TIME>', 'refresh this often (default: 10s, sooner where the plan looks more often)'], as, json], examples: ['tidegate watch batch-patches-v1', 'tidegate watch batch-patches-v1 --every 1s'], notes: `On a terminal the keys c, r and p continue, roll back and pause, each after a yes.\n${liveExits}`, load: () => import('./verbs/watch.js') },
  { name: 'why', args: '<ID>', summary: 'why it stands where it stands, the gravest reason first', options: [json], examples: ['tidegate why batch-patches-v1'], load: () => import('./verbs/why.js') },
  { name: 'next', args: '<ID>', summary: 'what comes next: the calendar to the end', options: [json], examples: ['tidegate next batch-patches-v1'], load: () => import('./verbs/next.js') },
  { name: 'inbox', args: '', summary: 'what people are asked, over all live rollouts', options: [['--as <WHO>', 'only what this person may answer (default: $TIDEGATE_AS, else everything)'], json], examples: ['tidegate inbox --as commander'], load: () => import('./verbs/inbox.js') },
  { name: 'approve', args: '<ID> <ASK>', summary: 'say yes to an ask', options: command, examples: ["tidegate approve batch-patches-v1 wave-2/approval --as commander -m 'numbers are good'"], load: () => import('./verbs/commands.js').then((m) => ({ verb: m.approve })) },
  { name: 'reject', args: '<ID> <ASK>', summary: 'say no to an ask; the rollout holds', options: command, examples: ["tidegate reject batch-patches-v1 wave-2/approval --as commander -m 'wait for the fix'"], load: () => import('./verbs/commands.js').then((m) => ({ verb: m.reject })) },
  { name: 'answer', args: '<ID> <ASK> <VALUE>', summary: 'answer an ask with a value', options: command, examples: ['tidegate answer batch-patches-v1 comfort yes --as engineering-lead'], load: () => import('./verbs/commands.js').then((m) => ({ verb: m.answer })) },
  { name: 'withdraw', args: '<ID> <ASK>', summary: 'take an approval back, until the first write', options: command, examples: ["tidegate withdraw batch-patches-v1 wave-2/approval --as commander -m 'new ticket came in'"], load: () => import('./verbs/commands.js').then((m) => ({ verb: m.withdraw })) },
  { name: 'pause', args: '<ID>', summary: 'hold where it is; watching goes on, the soak does not count', options: command, examples: ["tidegate pause batch-patches-v1 -m 'looking into ticket 812'"], load: () => import('./verbs/commands.js').then((m) => ({ verb: m.pause })) },
  { name: 'resume', args: '<ID>', summary: 'go on after a pause or a hold', options: command, examples: ['tidegate resume batch-patches-v1'], load: () => import('./verbs/commands.js').then((m) => ({ verb: m.resume })) },
  { name: 'extend', args: '<ID> <TIME>', summary: 'make the soak of the phase longer', options: [['--phase <PHASE>', 'the phase meant (default: the one it is in)'], ...command], examples: ["tidegate extend batch-patches-v1 24h -m 'holiday traffic'"], load: () => import('./verbs/commands.js').then((m) => ({ verb: m.extend })) },
  { name: 'skip', args: '<ID> <WHAT>', summary: 'skip one named thing: soak, a gate item, an ask', options: command, examples: ["tidegate skip batch-patches-v1 soak --as commander -m 'enough evidence'"], notes: "Needs the phase's approvers; an invariant cannot be skipped.", load: () => import('./verbs/commands.js').then((m) => ({ verb: m.skip })) },
  { name: 'rollback', args: '<ID>', summary: 'take it back, and prove it', options: [['--phase <PHASE>', 'undo this phase and all after it'], ['--to <PHASE>', "restore this phase's verified end state"], ['--offline', 'without Temporal: write and verify the recorded values from the journal'], ...command], examples: ["tidegate rollback batch-patches-v1 -m 'customers report lost data'", 'tidegate rollback batch-patches-v1 --to wave-1', 'tidegate rollback batch-patches-v1 --offline'], notes: 'Exit code: 0 accepted; with --offline 4 everything is back, 5 something remains.', load: () => import('./verbs/rollback.js') },
  { name: 'stop', args: '<ID>', summary: 'end it where it is: no more moves, targets stay', options: [['--leave-exposed', 'even though users keep what was rolled out'], ...command], examples: ['tidegate stop batch-patches-v1 --leave-exposed'], load: () => import('./verbs/commands.js').then((m) => ({ verb: m.stop })) },
  { name: 'report', args: '<ID> <EVENT>', summary: 'report an event, e.g. one the triggers wait for', options: [['--event-id <ID>', 'the same event from several reporters counts once'], ['--at <INSTANT>', 'when it happened, ISO 8601 (default: now)'], ...command], examples: ["tidegate report batch-patches-v1 data-corruption -m 'ticket 812'"], load: () => import('./verbs/commands.js').then((m) => ({ verb: m.report })) },
  { name: 'amend', args: '<ID> <PLAN>', summary: 'put a changed plan in force', options: [vars, ...command], examples: ['tidegate amend batch-patches-v1 rollout.yaml'], load: () => import('./verbs/amend.js') },
  { name: 'journal', args: '<ID>', summary: 'the record: every decision and the evidence under it', options: [['--verify', 'recompute the chain of hashes'], ['--export <FILE>', 'write the record as JSON lines; - is stdout'], json], examples: ['tidegate journal batch-patches-v1', 'tidegate journal batch-patches-v1 --verify', 'tidegate journal batch-patches-v1 --export record.jsonl'], notes: 'Exit code: 0, or 1 when the chain is broken.', load: () => import('./verbs/journal.js') },
  { name: 'targets', args: '<PLAN>', summary: "what each of the plan's targets stands at now; nothing is changed", options: [within, vars, day1, launch, json], examples: ['tidegate targets rollout.yaml', 'tidegate targets rollout.yaml --within 30s --json'], notes: 'Read by this machine, with its secrets and from its directory.\nExit code: 0, or 1 when one cannot be read.', load: () => import('./verbs/targets.js') },
  { name: 'doctor', args: '[PLAN]', summary: 'what is missing here and how to get it; with a plan: does all it calls answer?', options: [['--fix', 'register search attributes and make the home where they are missing'], within, vars, day1, launch, json], examples: ['tidegate doctor', 'tidegate doctor --fix', 'tidegate doctor rollout.yaml'], notes: 'With a PLAN: every secret is looked up, every target read, every metric measured once, the settings of\nevery channel and the permission of every command checked. Nothing is changed, nothing is sent.\nExit code: 0 nothing needed is missing, 1 something is.', load: () => import('./verbs/doctor.js') },
  { name: 'quickstart', args: '', summary: 'the whole job on this machine in a few minutes (npm start)', options: [['--fault', 'the new version fails in the third wave'], ['--as <WHO>', 'answer asks as this person only'], json], examples: ['tidegate quickstart', 'tidegate quickstart --fault'], hidden: true, load: () => import('./verbs/quickstart.js') },
];
