// What is wrong with a plan: collected, never thrown, so that all of it is told at once. Places in the file: document.ts.
// One line of it on a terminal: `printProblem`.

/** Keys and indices from the plan's root: ['phases', 0, 'enter', 2]. */
export type Place = readonly (string | number)[];

export interface Problem {
  /** 1-based; null where the plan has no text (a JSON value handed over) or the problem is in no line of it */
  readonly line: number | null;
  readonly column: number | null;
  /** `phases[0].enter[2]`; '' is the plan itself */
  readonly path: string;
  /** stable, in capitals */
  readonly code: string;
  /** what was found, what is allowed, what to do */
  readonly message: string;
}

/** Where exactly: the key, the value (with an offset into its text), or the value itself. */
export interface Spot { readonly on?: 'key' | 'value'; readonly offset?: number }

/** Tells the line and column of a place, as far as the plan has any. */
export type Locate = (place: Place, spot: Spot) => { readonly line: number | null; readonly column: number | null };

/** The list that every stage of reading a plan adds to. */
export class Problems {
  readonly #found: Problem[] = [];
  readonly #locate: Locate;
  #standIns: readonly Place[] = [];
  #placeOf: (place: Place) => Place = (place) => place;
  constructor(locate: Locate) { this.#locate = locate; }

  /** From now on nothing at or below these places is told: what stands there only stands in for something that was wrong. */
  ignore(places: readonly Place[]): void { this.#standIns = places; }

  /** From now on places are told in what is left of the file: where they stand in the file itself is told by `placeOf`. */
  standAt(placeOf: (place: Place) => Place): void { this.#placeOf = placeOf; }

  add(place: Place, code: string, message: string, spot: Spot = {}): void {
    if (this.#standIns.some((one) => one.every((step, index) => place[index] === step))) return;
    const problem = { ...this.#locate(this.#placeOf(place), spot), path: printPlace(this.#placeOf(place)), code, message };
    if (!this.#found.some((one) => one.path === problem.path && one.code === code && one.message === message)) this.#found.push(problem);
  }

  get count(): number { return this.#found.length; }

  /** In the order of the file; what has no line comes first. */
  sorted(): readonly Problem[] {
    return [...this.#found].sort((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0) || a.path.localeCompare(b.path));
  }
}

/** `phases[0].enter[2]`, `metrics.error_rate`, `["odd key"].x` */
export function printPlace(place: Place): string {
  return place.map((step, index) => (typeof step === 'number' ? `[${step}]` : /^[\w-]+( [\w-]+)*$/.test(step) ? `${index === 0 ? '' : '.'}${step}` : `[${JSON.stringify(step)}]`)).join('');
}

/** `plan.yaml:12:5: message (phases[0].soak)`; without a line the path stands first. */
export function printProblem(problem: Problem, file: string): string {
  const path = problem.path === '' ? '' : ` (${problem.path})`;
  return problem.line === null ? `${file}: ${problem.path === '' ? '' : `${problem.path}: `}${problem.message}` : `${file}:${problem.line}:${problem.column ?? 1}: ${problem.message}${path}`;
}

/** Plain JSON, as it comes out of the file. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value at `place`; undefined when there is none. */
export function valueAt(document: unknown, place: Place): unknown {
  let value = document;
  for (const step of place) {
    if (Array.isArray(value)) value = value[step as number];
    else if (isMap(value) && Object.hasOwn(value, step)) value = value[step];
    else return undefined;
  }
  return value;
}
