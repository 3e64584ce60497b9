// The plans of the process tests: the shape of examples/quickstart.yaml with soaks of seconds, and a smaller one. Everything a plan needs of
// its world (flag file, addresses) is filled in by world.ts.
import type { Place } from './outside.js';

export interface PlanPlace { readonly id: string; readonly flags: string; readonly outside: Place }

const head = ({ id, flags, outside }: PlanPlace, more: { readonly target?: string } = {}): string => `
rollout: ${id}
owner: ann
people:
  ann: { name: Ann }
  bob: { name: Bob }
escalation: [ann, bob]
channels:
  info: [{ webhook: '${outside.url}/hook' }]
targets:
  checkout: { flagd: { file: '${flags}', flag: new-checkout, by: userId }, safer: lower, write timeout: ${more.target ?? '2s'} }
sources:
  json: { url: '${outside.url}/metrics', timeout: 5s, max age: 5m }
metrics:
  error_rate: { json: { at: error_rate }, unit: '%' }
  new_requests: { json: { at: new_requests } }
`;

/** Waits so long for a look that an interruption of the test's making is never blind. */
const patient = 'watch: every 1s\n    blind after: 4m\n    unknown for: 10m';

/** Four waves, a checklist item, a person's metric, approvals, a leave gate, baking, a grade, a proof of the rollback and a follow-up. */
export const fourWaves = (place: PlanPlace): string => `${head(place)}
  comfort: { person: ann, question: Can you see the error rate?, valid for: 1h }
events:
  data-corruption: Customer data was lost or damaged
baseline: { over: 2s, min samples: 2 }
triggers:
  warning: ['error_rate > baseline + 20 points']
  emergency: ['error_rate > 40%', event: data-corruption]
preparation:
  - { item: The flag file can be restored by hand, from: ann }
phases:
  - phase: wave-1
    enter: ['error_rate < 5%', comfort = yes]
    approval: { from: [ann, bob], needs: 2, within: 1h }
    move: { checkout: 10% }
    soak: 3s, restarts on issue
    ${patient}
    leave: ['error_rate < 5% over soak']
  - phase: wave-2
    enter: [all of wave-1]
    move: { checkout: 25% }
    soak: 2s, restarts on issue
    ${patient}
  - phase: wave-3
    enter: [all of wave-2]
    approval: { from: [ann, bob], within: 1h }
    move: { checkout: 50% }
    soak: 2s, restarts on issue
    ${patient}
  - phase: wave-4
    enter: [all of wave-3]
    move: { checkout: 100% }
    soak: 2s, restarts on issue
    ${patient}
baking: { for: 2s, watch: every 1s, blind after: 4m, unknown for: 10m }
rollback:
  within: 2m
  verify: ['increase(new_requests) = 0 for 1s']
  verify within: 3m
grades:
  good: [rollout.unplanned_rollbacks = 0, 'error_rate < 5% throughout']
follow-ups:
  - { follow-up: Post-mortem, on: rollback, within: 7d }
`;

export interface OneWave { readonly soak: string; readonly cadence?: string; readonly blindAfter?: string; readonly unknownFor?: string; readonly approval?: string; readonly writeTimeout?: string; readonly second?: boolean; /** false: the gate has no condition */ readonly gate?: boolean }

/** One wave to a quarter of the users; with `second` another to all of them. */
export const oneWave = (place: PlanPlace, { soak, cadence = '1s', blindAfter = '2s', unknownFor = '10m', approval, writeTimeout = '2s', second = false, gate = true }: OneWave): string => `${head(place, { target: writeTimeout })}
events:
  data-corruption: Customer data was lost or damaged
triggers:
  emergency: ['error_rate > 40%', event: data-corruption]
phases:
  - phase: wave-1${gate ? `\n    enter: ['error_rate < 5%']` : ''}${approval === undefined ? '' : `\n    approval: ${approval}`}
    move: { checkout: 25% }
    soak: ${soak}
    watch: every ${cadence}
    blind after: ${blindAfter}
    unknown for: ${unknownFor}
${second ? `  - phase: wave-2
    move: { checkout: 100% }
    soak: ${soak}
    watch: every ${cadence}
    blind after: ${blindAfter}
    unknown for: ${unknownFor}
` : ''}`;

export const flagFile = `{
  // somebody's comment
  "flags": {
    "new-checkout": { "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": "off", "targeting": { "fractional": [{ "cat": [{ "var": "$flagd.flagKey" }, { "var": "userId" }] }, ["on", 0], ["off", 100]] } },
    "other": { "state": "ENABLED", "variants": { "on": true, "off": false }, "defaultVariant": "on" }
  }
}
`;
