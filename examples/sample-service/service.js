// @ts-check
// A shop's checkout in two versions: the flag `new-checkout` decides for each user which one serves them, and the service measures itself.
// It knows nothing of whoever moves the flag. Load for it: ../traffic/traffic.js.
//
//   node service.js --port 3000 --flags flags.json [--flag new-checkout] [--fault-at 50] [--stop-with-stdin]
//
//   GET /checkout?user=ID   200 {user, version, total}, or 500 {error}
//   GET /metrics            JSON; with `Accept: text/plain` the same as Prometheus text. Rates and percentiles are over the last 5 s, null without a request
//   GET /healthz            200 {status: 'ok', version}
//
// `--fault-at 50`: the new version really fails from an exposure of 50 % on. Two of five of its requests wait for a lock that they never get.
import { createServer } from 'node:http';
import { readFileSync, statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FlagdCore } from '@openfeature/flagd-core';

const VERSION = '2.0.0';
const WINDOW_MS = 5_000;
/** Users seen within this time count as present. */
const PRESENCE_MS = 60_000;
const POLL_MS = 50;
/** Shares of any population scatter around the percentage in the file; 3 points are more than three deviations of 4,000 users at 50 %. */
const POPULATION = 4_000;
const SCATTER_POINTS = 3;
const MAX_PRESENT = 20_000;

/** @type {import('@openfeature/core').Logger} */
const quiet = { error() {}, warn() {}, info() {}, debug() {} };

/** What a rule may ask about a user: by either of the usual names. @param {string} user */
const contextOf = (user) => ({ targetingKey: user, userId: user });

/** Which side a user is on, by the flag file as it is now. A file that cannot be read leaves the last good one in force. */
class Flag {
  /** @param {string} file @param {string} key */
  constructor(file, key) {
    this.file = file;
    this.key = key;
    this.core = new FlagdCore();
    this.stamp = '';
    /** @type {string | null} */
    this.trouble = null;
    /** share of a fixed population on the new side, percent */
    this.exposure = 0;
    this.generation = 0;
  }

  /** Reads the file if it has changed. Polling, because a rename over a watched file ends most watches, and 50 ms are soon enough. */
  refresh() {
    try {
      const { mtimeNs, size, ino } = statSync(this.file, { bigint: true });
      const stamp = `${mtimeNs}/${size}/${ino}`;
      if (stamp === this.stamp) return;
      const text = readFileSync(this.file, 'utf8');
      this.stamp = stamp; // before it is understood: a bad file is complained about once
      const core = new FlagdCore(undefined, quiet);
      core.setConfigurations(text);
      const { errorMessage } = core.resolveBooleanEvaluation(this.key, false, contextOf('user-0'), quiet);
      // A flag that vanishes later means 'off' for everybody, as with any flag; one that was never there is a wrong file.
      if (errorMessage !== undefined && this.generation === 0) throw new Error(errorMessage);
      this.core = core;
      this.generation += 1;
      this.trouble = null;
      let on = 0;
      for (let i = 0; i < POPULATION; i += 1) if (this.isOn(`user-${i}`)) on += 1;
      this.exposure = (on / POPULATION) * 100;
    } catch (error) {
      const trouble = `${this.file}: ${error instanceof Error ? error.message : String(error)}`;
      if (trouble !== this.trouble) process.stderr.write(`sample service: the flag file cannot be used, the last good one stays in force: ${trouble}\n`);
      this.trouble = trouble;
    }
  }

  /** @param {string} user */
  isOn(user) {
    try { return this.core.resolveBooleanEvaluation(this.key, false, contextOf(user), quiet).value === true; } catch { return false; } // the old version is the safe one
  }
}

/** Counts since the start, and what happened within the last five seconds. */
class Measurements {
  constructor() {
    this.all = { requests: 0, errors: 0 };
    this.new = { requests: 0, errors: 0 };
    /** @type {{ at: number, ms: number, failed: boolean, isNew: boolean }[]} */
    this.recent = [];
    /** user → when last seen, oldest first. @type {Map<string, number>} */
    this.present = new Map();
  }

  /** @param {{ user: string, ms: number, failed: boolean, isNew: boolean }} request */
  record({ user, ms, failed, isNew }) {
    for (const counts of isNew ? [this.all, this.new] : [this.all]) {
      counts.requests += 1;
      if (failed) counts.errors += 1;
    }
    const at = performance.now();
    this.recent.push({ at, ms, failed, isNew });
    this.present.delete(user); // put in again at the end
    this.present.set(user, at);
    this.forget(at);
  }

  /** @param {number} now */
  forget(now) {
    let old = 0;
    while (old < this.recent.length && /** @type {{ at: number }} */ (this.recent[old]).at < now - WINDOW_MS) old += 1;
    if (old > 0) this.recent.splice(0, old);
    for (const [user, at] of this.present) {
      if (at >= now - PRESENCE_MS && this.present.size <= MAX_PRESENT) break;
      this.present.delete(user);
    }
  }

  /** @param {Flag} flag */
  snapshot(flag) {
    this.forget(performance.now());
    const ofNew = this.recent.filter((request) => request.isNew);
    const durations = this.recent.map((request) => request.ms).sort((a, b) => a - b);
    const users = [...this.present.keys()];
    const newErrorRate = percent(ofNew.filter((request) => request.failed).length, ofNew.length);
    return {
      requests: { total: this.all.requests, errors: this.all.errors, error_rate_percent: percent(this.recent.filter((request) => request.failed).length, this.recent.length) },
      latency: { p95_ms: quantile(durations, 0.95), p99_ms: quantile(durations, 0.99) },
      new: { requests: this.new.requests, errors: this.new.errors, error_rate_percent: newErrorRate },
      // users of the last minute, by the file as it is now: nobody has to come back before one sees that nobody is exposed any more
      flag: { exposed_percent: percent(users.filter((user) => flag.isOn(user)).length, users.length) },
      window: { seconds: WINDOW_MS / 1000, requests: this.recent.length, new_requests: ofNew.length },
      process: { memory_mb: rounded(process.memoryUsage.rss() / 1024 / 1024), uptime_seconds: rounded(process.uptime()) },
      alerts: newErrorRate !== null && newErrorRate > 20 && ofNew.length >= 20 ? [{ id: 'new-checkout-errors', severity: 'critical' }] : [],
    };
  }
}

/** @param {number} part @param {number} whole @returns {number | null} */
function percent(part, whole) { return whole === 0 ? null : rounded((part / whole) * 100); }
/** @param {readonly number[]} sorted @param {number} q @returns {number | null} */
function quantile(sorted, q) { return sorted.length === 0 ? null : rounded(/** @type {number} */ (sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * q) - 1)])); }
/** @param {number} value */
function rounded(value) { return Math.round(value * 1000) / 1000; }

/** @param {number} ms */
const after = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

const BASKET = [1999, 4950, 799];

/** The old checkout asks the warehouse once for each article. @param {string} user */
async function oldCheckout(user) {
  let total = 0;
  for (const cents of BASKET) { await after(2); total += cents; }
  return { user, version: 'old', total: total / 100 };
}

let newCheckouts = 0;
/** The new one asks once for the whole basket. With the fault, its bookings stand in each other's way. @param {string} user @param {boolean} faulty */
async function newCheckout(user, faulty) {
  newCheckouts += 1;
  if (faulty && newCheckouts % 5 < 2) {
    await after(300);
    throw new Error('the lock on the stock was not granted in time');
  }
  await after(faulty ? 60 : 4);
  return { user, version: 'new', total: BASKET.reduce((sum, cents) => sum + cents, 0) / 100 };
}

/** @param {ReturnType<Measurements['snapshot']>} m */
function asPrometheusText(m) {
  /** @param {number | null} value */
  const number = (value) => (value === null ? 'NaN' : String(value));
  return [
    '# HELP sample_requests_total Checkouts since the start.', '# TYPE sample_requests_total counter',
    `sample_requests_total{version="old"} ${m.requests.total - m.new.requests}`, `sample_requests_total{version="new"} ${m.new.requests}`,
    '# HELP sample_errors_total Checkouts that failed.', '# TYPE sample_errors_total counter',
    `sample_errors_total{version="old"} ${m.requests.errors - m.new.errors}`, `sample_errors_total{version="new"} ${m.new.errors}`,
    '# HELP sample_error_rate_percent Failed checkouts of the last 5 s.', '# TYPE sample_error_rate_percent gauge',
    `sample_error_rate_percent{version="all"} ${number(m.requests.error_rate_percent)}`, `sample_error_rate_percent{version="new"} ${number(m.new.error_rate_percent)}`,
    '# HELP sample_latency_ms Duration of the checkouts of the last 5 s.', '# TYPE sample_latency_ms gauge',
    `sample_latency_ms{quantile="0.95"} ${number(m.latency.p95_ms)}`, `sample_latency_ms{quantile="0.99"} ${number(m.latency.p99_ms)}`,
    '# HELP sample_flag_exposed_percent Users of the last minute who get the new version.', '# TYPE sample_flag_exposed_percent gauge',
    `sample_flag_exposed_percent ${number(m.flag.exposed_percent)}`,
    '# HELP process_resident_memory_bytes Memory of this process.', '# TYPE process_resident_memory_bytes gauge',
    `process_resident_memory_bytes ${Math.round(m.process.memory_mb * 1024 * 1024)}`, '',
  ].join('\n');
}

/** @param {string} problem @returns {never} */
function refuse(problem) {
  process.stderr.write(`sample service: ${problem}\nusage: service.js --port PORT --flags FILE [--flag KEY] [--fault-at PERCENT] [--stop-with-stdin]\n`);
  process.exit(2);
}

function settings() {
  try {
    const { values } = parseArgs({ options: { port: { type: 'string', default: '3000' }, flags: { type: 'string' }, flag: { type: 'string', default: 'new-checkout' }, 'fault-at': { type: 'string' }, 'stop-with-stdin': { type: 'boolean', default: false } } });
    const port = Number(values.port);
    const faultAt = values['fault-at'] === undefined ? Infinity : Number(values['fault-at']);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) refuse(`'${values.port}' is no port`);
    if (Number.isNaN(faultAt) || faultAt < 0) refuse(`'${values['fault-at']}' is no percentage`);
    if (values.flags === undefined) refuse('--flags is missing');
    return { port, flags: values.flags, flag: values.flag, faultAt, stopWithStdin: values['stop-with-stdin'] };
  } catch (error) { return refuse(error instanceof Error ? error.message : String(error)); }
}

const { port, flags, flag: key, faultAt, stopWithStdin } = settings();
const flag = new Flag(flags, key);
flag.refresh();
if (flag.generation === 0) refuse('it cannot start without a flag file');
const poll = setInterval(() => flag.refresh(), POLL_MS);
const measurements = new Measurements();

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  /** @param {number} status @param {unknown} body */
  const reply = (status, body) => { response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body)); };
  switch (url.pathname) {
    case '/checkout': {
      const user = url.searchParams.get('user');
      if (user === null || user === '' || user.length > 200) { reply(400, { error: 'user is missing' }); return; }
      const startedAt = performance.now();
      const isNew = flag.isOn(user);
      let failed = false;
      try {
        reply(200, isNew ? await newCheckout(user, flag.exposure >= faultAt - SCATTER_POINTS) : await oldCheckout(user));
      } catch (error) {
        failed = true;
        reply(500, { error: error instanceof Error ? error.message : String(error), version: 'new' });
      }
      measurements.record({ user, ms: performance.now() - startedAt, failed, isNew });
      return;
    }
    case '/metrics': {
      const accept = request.headers.accept ?? '';
      const snapshot = measurements.snapshot(flag);
      if (!/text\/plain|openmetrics-text/.test(accept) || accept.includes('application/json')) { reply(200, snapshot); return; }
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', 'cache-control': 'no-store' }).end(asPrometheusText(snapshot));
      return;
    }
    case '/healthz': reply(200, { status: 'ok', version: VERSION }); return;
    default: reply(404, { error: 'nothing is here' });
  }
});

server.on('error', (error) => refuse(error.message));
server.listen(port, '127.0.0.1', () => {
  const at = server.address();
  process.stdout.write(`sample service on http://127.0.0.1:${typeof at === 'object' && at !== null ? at.port : port}\n`);
});

let stopping = false;
function stop() {
  if (stopping) return;
  stopping = true;
  clearInterval(poll);
  server.close(() => process.exit(0)); // after the requests in flight have been answered
  server.closeIdleConnections();
  setTimeout(() => server.closeAllConnections(), 1_000).unref();
}
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
if (stopWithStdin) process.stdin.on('end', stop).on('error', stop).resume();
