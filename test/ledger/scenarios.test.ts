// Every scenario beside the shipped plans ends as its first line states. What lasts minutes is tried at the plan's own cadence, where that ends
// early; what goes on to the end of weeks is looked at hourly.
import { expect, it } from 'vitest';
import { describeNeeding } from '../setup/needs.js';
import { hour, rehearsals } from '../workflows/world.js';
import { example, scenario, scenarios } from './examples.js';

describeNeeding(['test-server'], 'the scenarios of the shipped plans', () => {
  const rehearse = rehearsals();
  for (const { name, plan, outcome, what } of scenarios()) {
    it(`${name}: ${outcome}, when ${what}`, async () => {
      const text = scenario(name);
      const quickly = !text.includes('metrics:') || outcome === 'completed';
      const made = await rehearse(example(plan), text, { file: `examples/${plan}.yaml`, ...(plan === 'triage-1323' ? { vars: { variant: 'cloud-run' } } : {}), ...(quickly ? { cadenceMs: hour } : {}) });
      expect(made.outcome).toBe(outcome);
    }, 300_000);
  }
  it('there are several for every plan of the ledger', () => {
    for (const plan of ['batch-patches', 'triage-1323', 'sihat-tcm', 'mbct-assessments', 'patient-advocacy']) expect(scenarios().filter((one) => one.plan === plan).length, plan).toBeGreaterThan(3);
  });
});
