// The built files a worker loads: the workflow bundles and the payload converter. Built by build/build.mjs; named here once.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { FinalError } from '../errors.js';
import { packageRoot } from './package-root.js';

/** @throws FinalError NOT_BUILT */
function built(name: string): string {
  const path = join(packageRoot(), 'dist', name);
  if (!existsSync(path)) throw new FinalError({ code: 'NOT_BUILT', where: path, what: 'a built file is missing.', means: 'No worker can start.', todo: `Run \`npm run build\` in ${packageRoot()}.` });
  return path;
}

export const bundlePath = (which: 'workflow' | 'rehearsal'): string => built(`${which}-bundle.js`);
/** The converter that never throws (payload-converter.ts), for clients and workers. */
export const payloadConverterPath = (): string => built('payload-converter.cjs');
