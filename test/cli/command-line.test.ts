// The command line as words: what is refused, what help says, which input a verb gets. Nothing is run here.
import { describe, expect, test } from 'vitest';
import { readCommandLine } from '../../src/cli/command-line.js';
import { declarations } from '../../src/cli/declarations.js';
import { fakeCli } from './fake-cli.js';

function read(argv: readonly string[]) {
  const cli = fakeCli();
  const line = readCommandLine(argv, cli);
  return { line, stdout: cli.stdout(), stderr: cli.stderr() };
}

describe('help', () => {
  test.each(declarations.map((d) => [d.name, d] as const))('%s has help with an example of itself, and --json', (name, declaration) => {
    const { line, stdout, stderr } = read([name, '--help']);
    expect(line).toEqual({ kind: 'said', exitCode: 0 });
    expect(stdout).toMatch(new RegExp(`Examples?:\\n  \\$ tidegate ${name}`));
    expect(stdout).toContain('--json');
    expect(stderr).toBe('');
    for (const example of declaration.examples) {
      const words = [...example.replace(/ >.*/, '').matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!);
      expect(read(words.slice(1)).line, example).toMatchObject({ kind: 'verb', declaration: { name } });
    }
  });

  test('the first page names every verb but the hidden one', () => {
    const { stdout, line } = read(['--help']);
    expect(line).toEqual({ kind: 'said', exitCode: 0 });
    for (const { name, hidden } of declarations) expect(new RegExp(`^  ${name}\\b`, 'm').test(stdout), name).toBe(hidden !== true);
  });

  test('every verb that changes a running rollout takes --as, --reason, --id and --json', () => {
    for (const name of ['approve', 'reject', 'answer', 'withdraw', 'pause', 'resume', 'extend', 'skip', 'rollback', 'stop', 'report', 'amend']) {
      const flags = declarations.find((d) => d.name === name)!.options.map(([flag]) => flag).join(' ');
      for (const wanted of ['--as', '-m, --reason', '--id', '--json']) expect(flags, name).toContain(wanted);
    }
  });
});

describe('refusals', () => {
  test('an unknown verb is refused with the one that was meant', () => {
    const { line, stderr, stdout } = read(['stauts', 'x']);
    expect(line).toEqual({ kind: 'said', exitCode: 1 });
    expect(stderr).toContain('status');
    expect(stdout).toBe('');
  });
  test('a missing argument is named', () => {
    expect(read(['approve', 'batch']).stderr).toContain("'ASK'");
  });
  test('too many arguments are refused: a pasted line must not half work', () => {
    expect(read(['pause', 'a', 'b']).line).toEqual({ kind: 'said', exitCode: 1 });
  });
  test('an unknown option is refused with the one that was meant', () => {
    const { line, stderr } = read(['rollback', 'x', '--ofline']);
    expect(line).toEqual({ kind: 'said', exitCode: 1 });
    expect(stderr).toContain('--offline');
  });
  test('with --json a usage error is one JSON document on stdout too', () => {
    const { stdout, line } = read(['status', '--json']);
    expect(line).toEqual({ kind: 'said', exitCode: 1 });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'USAGE' } });
  });
  test('no verb at all shows the verbs and fails', () => {
    expect(read([]).line).toEqual({ kind: 'said', exitCode: 1 });
  });
});

describe('input', () => {
  test('arguments and options arrive as they were written', () => {
    const { line } = read(['answer', 'batch', 'comfort', '-3', '--as', 'lead', '-m', 'why not']);
    expect(line).toMatchObject({ kind: 'verb', input: { args: ['batch', 'comfort', '-3'], options: { as: 'lead', reason: 'why not' } } });
  });
  test('--var may be repeated and keeps its order', () => {
    expect(read(['start', 'p.yaml', '--var', 'a=1', '--var', 'b=x=y']).line).toMatchObject({ input: { options: { var: ['a=1', 'b=x=y'] } } });
  });
  test('--day-1 arrives as day1', () => {
    expect(read(['start', 'p.yaml', '--day-1', '2026-12-01']).line).toMatchObject({ input: { options: { day1: '2026-12-01' } } });
  });
  test('validate takes several plans', () => {
    expect(read(['validate', 'a.yaml', 'b.yaml']).line).toMatchObject({ input: { args: [['a.yaml', 'b.yaml']] } });
  });
});
