// The stories whose histories are kept: the shipped plans on their good path and taken back. record.ts writes them down, replay.test.ts
// replays them with the workflow code of today.
export interface Story { readonly name: string; readonly plan: string; readonly scenario: string; readonly cadenceMs: number | null; readonly maxHistoryEvents?: number }

const hour = 3_600_000;

export const stories: readonly Story[] = [
  { name: 'quickstart', plan: 'examples/quickstart.yaml', scenario: '', cadenceMs: null },
  { name: 'quickstart-rolled-back', plan: 'examples/quickstart.yaml', scenario: 'metrics: { error_rate: [{ at: wave-3 + 5s, value: 60 }] }', cadenceMs: null },
  { name: 'batch-patches', plan: 'examples/batch-patches.yaml', scenario: '', cadenceMs: hour },
  { name: 'batch-patches-continued', plan: 'examples/batch-patches.yaml', scenario: '', cadenceMs: hour, maxHistoryEvents: 300 },
  { name: 'batch-patches-rolled-back', plan: 'examples/batch-patches.yaml', scenario: 'events: [{ at: wave-2 + 6h, event: data-corruption }]', cadenceMs: hour },
  {
    name: 'batch-patches-troubled', plan: 'examples/batch-patches.yaml', cadenceMs: hour,
    scenario: `
metrics: { error_rate: [{ at: wave-1 + 5h, for: 4h, value: 7 }], '*': [{ at: wave-2 + 5h, for: 20h, is: missing }] }
answers: [{ ask: wave-3/approval, value: reject, reason: not today, times: 1 }]
drift: [{ at: wave-1 + 15h, target: batch-patches, to: 3 }]
writes: [{ target: batch-patches, fails: 2 }]
commandsGiven: [{ at: wave-2 + 30h, give: pause, by: commander }, { at: wave-2 + 33h, give: resume, by: commander }, { at: day 9 at 12:00, give: resume, by: commander }]`,
  },
];
