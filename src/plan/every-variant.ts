// A plan judged in each of its variants: one answer, in which each thing is said once, with the variants it is said of where it is not all of them.
import type { PlanResult, Warning } from './parse.js';
import type { Problem } from './problems.js';

/** @param refusal a problem besides, for which no variant is taken; null: with none in any, the first is the plan */
export function inEveryVariant(read: readonly { readonly name: string; readonly result: PlanResult }[], refusal: Problem | null): PlanResult {
  const names = read.map(({ name }) => name);
  const problems = [...(refusal === null ? [] : [refusal]), ...inOrder(said(names, read.map(({ name, result }) => ({ name, list: result.ok ? [] : result.problems }))))];
  const first = read[0]!.result;
  if (problems.length > 0 || !first.ok) return { ok: false, problems };
  return { ...first, warnings: said<Warning>(names, read.map(({ name, result }) => ({ name, list: result.ok ? result.warnings : [] }))) };
}

function said<T extends Problem>(names: readonly string[], lists: readonly { readonly name: string; readonly list: readonly T[] }[]): readonly T[] {
  const heard = new Map<string, { readonly one: T; readonly of: string[] }>();
  for (const { name, list } of lists) {
    for (const one of list) {
      const key = JSON.stringify([one.path, one.code, one.message]);
      const before = heard.get(key);
      if (before === undefined) heard.set(key, { one, of: [name] });
      else before.of.push(name);
    }
  }
  return [...heard.values()].map(({ one, of }) => (of.length === names.length ? one : { ...one, message: `${one.message} — in the variant ${of.join(' and ')}` }));
}

const inOrder = (problems: readonly Problem[]): readonly Problem[] => [...problems].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
