// Starts the embedded stack for `up` and the quickstart. What it is made of: src/engine/stack.ts.
import { startStack } from '../engine/stack.js';
import type { RunningStack, StackOptions } from './ports.js';

export async function openStack({ dir, env, ports, progress }: StackOptions): Promise<RunningStack> {
  return startStack({ home: dir, env: { ...env }, ports, onProgress: progress });
}
