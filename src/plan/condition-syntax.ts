// The parts of a condition as the grammar finds them, and the grammar's own errors in words. What the parts mean: conditions.ts.
import { nearest } from './did-you-mean.js';
import { parse } from './condition-grammar.js';

/** A word and where it begins in the line. */
export interface Word { readonly text: string; readonly at: number }
export interface Amount { readonly value: number; readonly unit: string | null; readonly at: number }
export type WindowSyntax = { readonly kind: 'duration'; readonly duration: string } | { readonly kind: 'name'; readonly name: Word };
export type SubjectSyntax =
  | { readonly kind: 'name'; readonly name: Word }
  | { readonly kind: 'call'; readonly fn: Word; readonly argument: Word; readonly window: WindowSyntax | null; readonly fresh: boolean; readonly at: number };
export type LimitSyntax =
  | { readonly kind: 'number'; readonly amount: Amount }
  | {
      readonly kind: 'name'; readonly name: Word; readonly factor: { readonly value: number; readonly at: number } | null;
      readonly adjust: { readonly sign: '+' | '-'; readonly amount: Amount; readonly of: Word | null; readonly at: number } | null;
    };
export type SuffixSyntax =
  | { readonly kind: 'for'; readonly duration: string; readonly at: number }
  | { readonly kind: 'over'; readonly window: WindowSyntax; readonly at: number }
  | { readonly kind: 'throughout'; readonly at: number }
  | { readonly kind: 'looks'; readonly m: number; readonly n: number; readonly at: number };
export type CompareSyntax = { readonly kind: 'compare'; readonly subject: SubjectSyntax; readonly op: '<' | '<=' | '>' | '>=' | '=' | '!='; readonly limit: LimitSyntax; readonly suffixes: readonly SuffixSyntax[] };
export type TrendSyntax = { readonly kind: 'trend'; readonly metric: Word; readonly direction: 'down' | 'up' | 'steady'; readonly window: WindowSyntax | null };
export type EventSyntax = { readonly kind: 'event'; readonly event: Word };
export type ConditionSyntax = CompareSyntax | TrendSyntax | EventSyntax;
export type AllOfSyntax = { readonly kind: 'all-of'; readonly phase: Word; readonly at: number };
/** `words`: how many parts it has between its commas */
export interface SoakSyntax { readonly duration: string | null; readonly onIssue: 'restarts' | 'extends' | null; readonly untilDecided: boolean; readonly words: number }
export interface ClockSyntax { readonly hour: number; readonly minute: number; readonly at: number }
export interface DaySyntax { readonly day: { readonly value: number; readonly at: number }; readonly clock: ClockSyntax | null }
export interface LeadSyntax { readonly unit: 'week' | 'day'; readonly count: { readonly value: number; readonly at: number }; readonly clock: ClockSyntax | null }

/** What a line could not be read as. `offset` counts characters from its start. */
export interface Unreadable { readonly offset: number; readonly code: string; readonly message: string; readonly expected: readonly string[]; readonly didYouMean: string | null }

interface Rules { Item: ConditionSyntax | AllOfSyntax; Condition: ConditionSyntax; Soak: SoakSyntax; Cadence: string; Day: DaySyntax; Lead: LeadSyntax; Clock: ClockSyntax }

/** Reads `text` by one rule of the grammar. */
export function readSyntax<R extends keyof Rules>(rule: R, text: string): { readonly syntax: Rules[R] } | { readonly problem: Unreadable } {
  try {
    return { syntax: parse(text, { startRule: rule }) as Rules[R] };
  } catch (error) {
    if (!isSyntaxError(error)) throw error;
    return { problem: explain(text, error) };
  }
}

interface GrammarError extends Error { readonly expected: readonly { readonly type: string; readonly text?: string; readonly description?: string }[] | null; readonly location: { readonly start: { readonly offset: number } } }
const isSyntaxError = (error: unknown): error is GrammarError => error instanceof Error && error.name === 'SyntaxError' && 'location' in error;

function explain(text: string, error: GrammarError): Unreadable {
  const offset = error.location.start.offset;
  const found = /^\s*(\S+)/.exec(text.slice(offset))?.[1] ?? '';
  const literals = new Set<string>();
  const expected = new Set<string>();
  for (const one of error.expected ?? []) {
    if (one.type === 'literal' && one.text !== undefined) { literals.add(one.text); expected.add(`“${one.text}”`); }
    else if (one.type === 'other' && one.description !== 'space') expected.add(one.description ?? '');
    else if (one.type === 'end') expected.add('the end of the line');
  }
  // the grammar knows a suffix as one thing; the words in it are what may have been mistyped
  if ([...expected].some((one) => one.includes('throughout'))) for (const word of ['for', 'over', 'in', 'throughout']) literals.add(word);
  const didYouMean = /^[a-z]/i.test(found) ? nearest(found, [...literals].filter((literal) => /^[a-z]{2}/.test(literal))) : null;
  const what = found === '' ? 'the line ends too early' : `found “${found}” where it makes no sense`;
  const hint = didYouMean === null ? '' : `; did you mean “${didYouMean}”?`;
  const allowed = [...expected];
  return { offset, code: 'CONDITION_SYNTAX', expected: allowed, didYouMean, message: `${what}${hint}${hint === '' ? '; ' : ' '}expected ${either(allowed)}` };
}

const either = (words: readonly string[]): string => (words.length < 2 ? (words[0] ?? 'nothing more') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`);
