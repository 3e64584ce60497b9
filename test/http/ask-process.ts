// A process that asks one address with the client as programs make it and prints the outcome: what the environment names (proxies, NODE_EXTRA_CA_CERTS)
// is read once by a process. Run by proxy.test.ts.
import { createHttpClient } from '../../src/http/client.js';
import { fetchByEnvironment } from '../../src/http/proxy.js';

const outcome = await createHttpClient(fetchByEnvironment()).send({ url: process.argv[2]!, headers: { authorization: 'Bearer t0ken-of-the-server' }, timeLimitMs: 5_000 });
process.stdout.write(JSON.stringify(outcome.kind === 'answer' ? { status: outcome.status, text: outcome.text } : outcome));
process.exit(0);
