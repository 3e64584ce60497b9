// @ts-check
// Users who buy: R checkouts a second, spread over N users, until it is told to stop. Prints one line of JSON at its end.
// The shop: ../sample-service/service.js.
//
//   node traffic.js --url http://127.0.0.1:3000 [--users 500] [--rate 50] [--for SECONDS] [--stop-with-stdin]
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';

/** Requests under way at once; beyond it a checkout is left out and counted, because a queue without end is no traffic. */
const MAX_UNDER_WAY = 200;
const TICK_MS = 20;
/** A prime, so that every user comes and neighbours do not come together. */
const STEP = 7_919;

/** @param {string} problem @returns {never} */
function refuse(problem) {
  process.stderr.write(`traffic: ${problem}\nusage: traffic.js --url URL [--users N] [--rate PER_SECOND] [--for SECONDS] [--stop-with-stdin]\n`);
  process.exit(2);
}

function settings() {
  try {
    const { values } = parseArgs({ options: { url: { type: 'string' }, users: { type: 'string', default: '500' }, rate: { type: 'string', default: '50' }, for: { type: 'string' }, 'stop-with-stdin': { type: 'boolean', default: false } } });
    const users = Number(values.users);
    const rate = Number(values.rate);
    const forSeconds = values.for === undefined ? Infinity : Number(values.for);
    if (values.url === undefined || !URL.canParse(values.url) || !values.url.startsWith('http:')) refuse('--url needs an http address');
    if (!Number.isInteger(users) || users < 1 || users > 7_000) refuse('--users needs a number from 1 to 7,000');
    if (!(rate > 0 && rate <= 2_000)) refuse('--rate needs a number up to 2,000');
    if (!(forSeconds > 0)) refuse('--for needs a number of seconds');
    return { url: new URL(values.url), users, rate, forSeconds, stopWithStdin: values['stop-with-stdin'] };
  } catch (error) { return refuse(error instanceof Error ? error.message : String(error)); }
}

const { url, users, rate, forSeconds, stopWithStdin } = settings();
const agent = new Agent({ keepAlive: true, maxSockets: MAX_UNDER_WAY });
const counts = { sent: 0, ok: 0, failed: 0, unreachable: 0, leftOut: 0, new: 0 };
let underWay = 0;
let due = 0;
let stopping = false;
const startedAt = performance.now();

/** @param {string} user */
function checkout(user) {
  underWay += 1;
  counts.sent += 1;
  let settled = false;
  /** @param {'ok' | 'failed' | 'unreachable'} how */
  const settle = (how) => {
    if (settled) return;
    settled = true;
    underWay -= 1;
    counts[how] += 1;
    if (stopping && underWay === 0) finish();
  };
  const sent = request({ host: url.hostname, port: url.port === '' ? 80 : url.port, path: `/checkout?user=${encodeURIComponent(user)}`, agent, timeout: 5_000 }, (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (chunk) => { if (body.length < 10_000) body += chunk; }).on('end', () => {
      if (body.includes('"version":"new"')) counts.new += 1;
      settle(response.statusCode === 200 ? 'ok' : 'failed');
    }).on('error', () => settle('unreachable'));
  });
  sent.on('timeout', () => sent.destroy(new Error('no answer within 5 s')));
  sent.on('error', () => settle('unreachable')); // a shop that is away is what this counts, not an error of ours
  sent.end();
}

// By the clock, not by the number of ticks: a late tick sends what is due, so that the rate holds on a busy machine.
const ticker = setInterval(() => {
  const elapsedMs = performance.now() - startedAt;
  if (elapsedMs >= forSeconds * 1000) { stop(); return; }
  const dueNow = Math.floor((elapsedMs / 1000) * rate);
  for (; due < dueNow; due += 1) {
    if (underWay >= MAX_UNDER_WAY) counts.leftOut += 1;
    else checkout(`user-${(due * STEP) % users}`);
  }
}, TICK_MS);

function stop() {
  if (stopping) return;
  stopping = true;
  clearInterval(ticker);
  if (underWay === 0) finish();
  else setTimeout(finish, 2_000).unref();
}

let finished = false;
function finish() {
  if (finished) return;
  finished = true;
  agent.destroy();
  process.stdout.write(`${JSON.stringify({ ...counts, seconds: Math.round((performance.now() - startedAt) / 100) / 10 })}\n`, () => process.exit(0));
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
if (stopWithStdin) process.stdin.on('end', stop).on('error', stop).resume();
