// The real nginx of the machine, for suites that need it by name. What it is: ../servers/nginx.ts.
import { startNginx as startAt, type RealNginx } from '../servers/nginx.js';
import { pathOf } from '../setup/needs.js';

export { handWritten, SPLIT, until, type RealNginx } from '../servers/nginx.js';
export const startNginx = (share = 10): Promise<RealNginx> => startAt(pathOf('nginx'), share);
