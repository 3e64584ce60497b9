// What a suite may need from the machine, found once by global.ts. A suite that cannot have it is skipped by name with its reason, which
// skips.ts prints at the end (and counts as a failure in CI).
import { describe, inject, test } from 'vitest';

export const needNames = ['temporal-cli', 'test-server', 'prometheus', 'promtool', 'alertmanager', 'postgres', 'unleash', 'nginx', 'go'] as const;
export type Need = (typeof needNames)[number];
/** path of the program (PostgreSQL: its bin directory; Unleash: the folder that has its packages), or the reason why there is none */
export type Availability = Readonly<Record<Need, { readonly path: string } | { readonly missing: string }>>;

declare module 'vitest' {
  export interface ProvidedContext {
    availability: Availability;
    /** file of the workflow bundle, or the reason why there is none */
    workflowBundle: { readonly path: string } | { readonly missing: string };
    rehearsalBundle: { readonly path: string } | { readonly missing: string };
  }
}

/** The path of something a suite said it needs. @throws Error when the suite did not ask by `describeNeeding` */
export function pathOf(need: Need): string {
  const found = inject('availability')[need];
  if ('missing' in found) throw new Error(`${need} is not here (${found.missing}); ask for it by describeNeeding`);
  return found.path;
}

export function bundlePath(which: 'workflowBundle' | 'rehearsalBundle' = 'workflowBundle'): string {
  const found = inject(which);
  if ('missing' in found) throw new Error(`no ${which}: ${found.missing}`);
  return found.path;
}

/** `describe`, or one skipped test that carries the reason. */
export function describeNeeding(needs: readonly Need[], title: string, suite: () => void): void {
  const missing = needs.flatMap((need) => { const found = inject('availability')[need]; return 'missing' in found ? [`${need}: ${found.missing}`] : []; });
  if (missing.length === 0) describe(title, suite);
  else test(title, (context) => context.skip(missing.join('; ')));
}
