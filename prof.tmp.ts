import { rehearse } from './src/engine/rehearsal.js';
import { readFileSync } from 'node:fs';
const [,, plan, scen, cad, cache, maxh] = process.argv;
const t = Date.now();
const made = await rehearse(readFileSync(plan!, 'utf8'), { file: plan!, scenario: scen && scen !== '-' ? { file: scen, text: readFileSync(scen,'utf8') } : null, ...(cad && cad !== '-' ? { cadenceMs: Number(cad) } : {}), ...(cache === '0' ? { cachedWorkflows: 0 } : {}), ...(maxh ? { maxHistoryEvents: Number(maxh) } : {}), vars: plan!.includes('triage') ? { variant: 'cloud-run' } : {} } as any);
console.log(made.outcome, made.evaluations, 'looks', made.historyEvents, 'events', (Date.now() - t) / 1000, 's');
if (process.argv[7]) for (const e of made.entries.slice(-Number(process.argv[7]))) console.log(new Date(e.at).toISOString(), e.kind, e.text.slice(0, 180));
