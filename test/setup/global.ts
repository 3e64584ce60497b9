// Once before all suites: finds (or fetches) the programs they need, brings the workflow bundles up to date, and tells the suites where.
// What a suite may ask for: needs.ts. What cannot be had: skips.ts names it at the end.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { locate, type BinaryName } from '../../src/engine/binaries.js';
import { findProgram, type Program } from './programs.js';
import type { Availability } from './needs.js';

const root = join(import.meta.dirname, '../..');

export default async function setup(project: TestProject): Promise<void> {
  const availability: Availability = {
    'temporal-cli': await binary('cli', 'TIDEGATE_TEMPORAL_CLI'),
    'test-server': await binary('test-server', 'TIDEGATE_TEST_SERVER'),
    prometheus: program('prometheus'), promtool: program('promtool'), alertmanager: program('alertmanager'), postgres: program('postgres'), unleash: program('unleash'), nginx: program('nginx'), go: program('go'),
  };
  project.provide('availability', availability);

  const { buildWorkflowBundles } = await import(join(root, 'build/workflow-bundle.mjs')) as { buildWorkflowBundles(options: { root: string; dist: string; say(line: string): void }): Promise<void> };
  let problem: string | null = null;
  await buildWorkflowBundles({ root, dist: join(root, 'dist'), say: () => {} }).catch((error: unknown) => { problem = error instanceof Error ? error.message : String(error); });
  project.provide('workflowBundle', bundle('workflow-bundle.js', problem));
  project.provide('rehearsalBundle', bundle('rehearsal-bundle.js', problem));
}

/** The file found goes into the environment too, so that every program a test starts takes the same one. */
async function binary(name: BinaryName, variable: string): Promise<{ path: string } | { missing: string }> {
  try {
    const { path } = await locate(name, { report: (line) => process.stderr.write(`setup: ${line}\n`) });
    process.env[variable] = path;
    return { path };
  } catch (error) {
    return { missing: error instanceof Error ? error.message.replaceAll('\n', ' ') : String(error) };
  }
}

function program(name: Program): { path: string } | { missing: string } {
  const path = findProgram(name);
  if (path !== null) return { path };
  const result = join(root, 'node_modules/.cache/tidegate/provision.json');
  const why = existsSync(result) ? JSON.parse(readFileSync(result, 'utf8')) as { why: string | null; unleash?: string | null } : null;
  return { missing: (name === 'unleash' ? why?.unleash : why?.why) ?? 'not on this machine' };
}

/** A bundle that could not be made fails the suites that load it, with webpack's words, and no others. */
function bundle(name: string, problem: string | null): { path: string } | { missing: string } {
  const path = join(root, 'dist', name);
  if (problem !== null) return { missing: problem };
  return existsSync(path) ? { path } : { missing: 'its entry under workflows/ does not exist' };
}
