#!/usr/bin/env node
// Stands for the docker CLI where no container engine can be: `docker compose -f FILE up -d --no-deps SERVICE` and `… ps --format json SERVICE` as
// their public reference says. What runs is kept in containers.json beside this file, every call in calls.log, every finished `up` in done.log; trouble is what the file of that name says.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dir = dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);
const trouble = existsSync(join(dir, 'trouble')) ? readFileSync(join(dir, 'trouble'), 'utf8') : '';
const state = join(dir, 'containers.json');
const fail = (text, code = 1) => { process.stderr.write(`${text}\n`); process.exit(code); };

appendFileSync(join(dir, 'calls.log'), `${args.join(' ')}\n`);
if (args[0] !== 'compose' || args[1] !== '-f') fail(`docker: '${args[0]}' is not a docker command.`);
const [, , file, verb, ...rest] = args;
const service = rest.at(-1);
const { parse } = await import(process.env.YAML_MODULE ?? 'yaml');
const project = parse(readFileSync(file, 'utf8'), { merge: true });
const wanted = project.services[service];
if (wanted === undefined) fail(`no such service: ${service}`);

if (verb === 'ps' && rest.join(' ') === `--format json ${service}`) {
  if (trouble === 'ps') fail('Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?');
  // only running containers are shown, which restarting ones are not
  const rows = (existsSync(state) ? JSON.parse(readFileSync(state, 'utf8')) : []).filter(({ Service, State }) => Service === service && State !== 'exited');
  if (trouble === 'old-ps') process.stdout.write(`${JSON.stringify(rows)}\n`);
  else if (trouble === 'strange-ps') process.stdout.write('NAME IMAGE COMMAND\n');
  else for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
} else if (verb === 'up' && rest.join(' ') === `-d --no-deps ${service}`) {
  if (trouble === 'slow') { writeFileSync(join(dir, 'began'), ''); setInterval(() => undefined, 1_000); await new Promise(() => undefined); }
  if (trouble === 'refuse') fail('permission denied while trying to connect to the Docker daemon socket', 77);
  if (trouble === 'pull') fail(`Error response from daemon: manifest for ${wanted.image} not found: manifest unknown`);
  if (trouble === 'kill') process.kill(process.ppid, 'SIGKILL');
  else {
    const count = wanted.deploy?.replicas ?? wanted.scale ?? 1;
    const others = (existsSync(state) ? JSON.parse(readFileSync(state, 'utf8')) : []).filter(({ Service }) => Service !== service);
    const rows = Array.from({ length: count }, (_, i) => ({ ID: `c${i}`, Name: `shop-${service}-${i + 1}`, Image: wanted.image, Command: '"run"', Project: 'shop', Service: service, State: 'running', Health: '', ExitCode: 0, Publishers: [], Status: 'Up 1 second' }));
    writeFileSync(state, JSON.stringify([...others, ...rows]));
    appendFileSync(join(dir, 'done.log'), `${service}\n`);
    process.stderr.write(rows.map(({ Name }) => ` Container ${Name}  Started\n`).join(''));
  }
} else fail(`unknown command or flags: ${args.join(' ')}`);
