// The plans that are measured: one rollout of one target for load, and eight weeks in eight phases for the history.
export interface PlanWishes {
  readonly cadence: string;
  /** waits for ann's approval before it moves */
  readonly approval?: boolean;
  /** a flagd file instead of a target in memory */
  readonly flags?: string;
}

/** Its metric is named after it, so that looks can be told apart. */
export function benchPlan(id: string, { cadence, approval = false, flags }: PlanWishes): Record<string, unknown> {
  const metric = id.replace(/-/g, '_');
  return {
    rollout: id, owner: 'ann', people: { ann: { name: 'Ann' } },
    targets: { [id]: flags === undefined ? { memory: id, safer: 'lower' } : { flagd: { file: flags, flag: 'measured', by: 'userId' }, safer: 'lower' } },
    metrics: { [metric]: { json: { url: 'http://127.0.0.1:9/', at: 'value' }, unit: '%' } },
    triggers: { warning: [`${metric} > 5% for 5m`], emergency: [`${metric} > 10%`] },
    phases: [{ phase: 'everybody', enter: [`${metric} < 5%`], ...(approval ? { approval: { from: ['ann'], within: '12h' } } : {}), move: { [id]: '100%' }, soak: '24h', watch: `every ${cadence}`, leave: [`mean(${metric} over 10m) < 5%`] }],
  };
}

/** Eight phases of a week, three metrics, six triggers, a gate before each. */
export function eightWeeks(cadence: string, days = 56): string {
  const weeks = Array.from({ length: Math.ceil(days / 7) }, (_, index) => index + 1);
  return `
rollout: eight-weeks
owner: ann
timezone: UTC
people: { ann: { name: Ann } }
targets: { flag: { memory: flag, safer: lower } }
metrics:
  error_rate: { json: { url: 'http://127.0.0.1:9/', at: a }, unit: '%' }
  latency: { json: { url: 'http://127.0.0.1:9/', at: b }, unit: ms }
  memory: { json: { url: 'http://127.0.0.1:9/', at: c }, unit: MB }
triggers:
  warning: ['error_rate > 5%', 'latency > 600ms for 10m', 'memory > 900MB']
  emergency: ['error_rate > 10% for 5m', 'latency > 1500ms', 'memory > 2000MB']
phases:
${weeks.map((week) => `  - { phase: week-${week}, enter: ['error_rate < 5%'], move: { flag: ${Math.round((week / weeks.length) * 100)}% }, soak: ${Math.min(7, days)}d, watch: every ${cadence}, leave: ['error_rate < 4%', 'mean(latency over 1h) < 500ms'] }`).join('\n')}
`;
}
