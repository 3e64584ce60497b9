// Which commands a worker runs: only what its own list names, whatever a plan says. Used by ./run.ts before anything is started.
// The list belongs to the host, not to the plan, because who may edit a plan is not who may run programs on a host.

/** 'any': no restriction (a developer's own machine). Otherwise each entry is a program, or one whole command line. */
export type AllowedCommands = readonly string[] | 'any';

/**
 * An entry allows
 * - the command whose whole text it is (a list of arguments is compared joined by single spaces), or
 * - every command whose program it names: the first word, written exactly as the plan writes it.
 *
 * A shell line that can start a second program (`;`, `&`, `|`, `$(…)`, backticks, redirections, several lines) has no single program, so it
 * needs its whole text or `sh` on the list. Naming a program that runs others (`sh`, `env`, `xargs`, `ssh`) allows everything it can run.
 */
export function isAllowed(run: string | readonly string[], allow: AllowedCommands): boolean {
  if (allow === 'any') return true;
  const text = typeof run === 'string' ? run.trim() : run.join(' ');
  if (allow.includes(text)) return true;
  const program = typeof run === 'string' ? programOfLine(text) : run[0];
  return program !== undefined && allow.includes(program);
}

function programOfLine(line: string): string {
  if (/[;&|<>()`\n\r]/.test(line)) return 'sh';
  const first = line.split(/\s+/, 1)[0] ?? '';
  // quotes, expansions, escapes and assignments make the first word something else than what is read here
  return /^[\w@%+:,./-]+$/.test(first) ? first : 'sh';
}
