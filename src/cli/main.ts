// The entry of the `tidegate` command: bin/tidegate.js imports its bundle, and importing runs it. Everything it does is in run.ts.
import { runCli } from './run.js';
import { openTerminal } from './terminal.js';

const terminal = openTerminal(process);
const exitCode = await runCli(process.argv.slice(2), terminal);
await terminal.flush();
// sockets of a client that is being closed must not keep a finished command alive
process.exit(exitCode);
