// Every metric source by its name in a plan. A new one is a new file, a line here and a run of test/sources/conformance.ts.
// The contract: port.ts. Nothing is opened by importing this.
import type { HttpClient } from '../http/client.js';
import { patient } from '../http/patient.js';
import { retryAfterMs, secondsAsMs } from '../http/retry-after.js';
import type { EpochMs } from '../judgement/types.js';
import type { ProviderSchema } from '../plan/providers.js';
import type { AllowedCommands } from '../process/allow.js';
import { createAlertmanager, schema as alertmanager } from './alertmanager.js';
import { createCommand, schema as command } from './command.js';
import { createDatadog, schema as datadog } from './datadog.js';
import { createJson, schema as json } from './json.js';
import { createMemory, MemoryMetrics, schema as memory } from './memory.js';
import { person, schema as personSchema } from './person.js';
import type { SourceProvider } from './port.js';
import { createProbe, schema as probe } from './probe.js';
import { createPrometheusText, schema as prometheusText } from './prometheus-text.js';
import { createPrometheus, schema as prometheus } from './prometheus.js';
import { createSql, schema as sql } from './sql.js';

export interface SourceDeps {
  readonly http: HttpClient;
  /** the clock port, for sources to come that must know the time; instants of measurements come from the caller */
  readonly now: () => EpochMs;
  readonly allowCommands: AllowedCommands;
  readonly memory: MemoryMetrics;
}

export interface SourceEntry { readonly schema: ProviderSchema; readonly create: (deps: SourceDeps) => SourceProvider }

export const sources: Readonly<Record<string, SourceEntry>> = {
  prometheus: { schema: prometheus, create: ({ http }) => createPrometheus(patient(http)) },
  'prometheus-text': { schema: prometheusText, create: ({ http }) => createPrometheusText(patient(http)) },
  json: { schema: json, create: ({ http }) => createJson(patient(http)) },
  alertmanager: { schema: alertmanager, create: ({ http }) => createAlertmanager(patient(http)) },
  datadog: { schema: datadog, create: ({ http }) => createDatadog(patient(http, (answer) => secondsAsMs(answer.header('x-ratelimit-reset')) ?? retryAfterMs(answer, null))) },
  sql: { schema: sql, create: () => createSql() },
  probe: { schema: probe, create: ({ http }) => createProbe(http) },
  command: { schema: command, create: ({ allowCommands }) => createCommand(allowCommands) },
  person: { schema: personSchema, create: () => person },
  memory: { schema: memory, create: (deps) => createMemory(deps.memory) },
};

/** Every source, made. */
export function createSources(deps: SourceDeps): Readonly<Record<string, SourceProvider>> {
  return Object.fromEntries(Object.entries(sources).map(([name, { create }]) => [name, create(deps)]));
}

export { MemoryMetrics };
