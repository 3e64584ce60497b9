// Row E16 of the acceptance list: the same change by the load balancer. The plan is carried out by the workflow of production on the skipping clock,
// while its moves and its way back are made on a real nginx, by the activities of a worker; who is on which side is counted by requests.
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { createActivities } from '../../activities/index.js';
import type { Ports } from '../../activities/ports.js';
import { providerSchemas } from '../../src/engine/provider-schemas.js';
import type { Rehearsal } from '../../src/engine/rehearsal.js';
import { createHttpClient } from '../../src/http/client.js';
import { createNginx } from '../../src/targets/nginx.js';
import { describeNeeding } from '../setup/needs.js';
import { startNginx, type RealNginx } from '../targets/real-nginx.js';
import { hour, rehearsals, texts } from '../workflows/world.js';
import { example, resolved } from './examples.js';

const byNginx = example('batch-patches-nginx');

it('E16: the split is the same change as the flag: the same waves, gates, triggers, watch, way back and grade; only what moves is another', () => {
  const [flag, nginx] = [resolved('batch-patches'), resolved('batch-patches-nginx')];
  for (const key of ['people', 'escalation', 'channels', 'metrics', 'events', 'baseline', 'triggers', 'phases', 'baking', 'standUps', 'rollback', 'grades', 'followUps'] as const) expect(nginx[key], key).toEqual(flag[key]);
  expect(nginx.targets).toMatchObject([{ id: 'batch-patches', provider: 'nginx', safer: 'lower' }]);
  expect(nginx.rollout).not.toBe(flag.rollout);
});

describeNeeding(['test-server', 'nginx'], 'batch patches, by a real nginx', () => {
  const rehearse = rehearsals();
  const users = Array.from({ length: 1_000 }, (_, index) => `customer-${index * 7_919}`);
  /** what users get once a move is made */
  const seen: { readonly share: number; readonly onNew: ReadonlySet<string> }[] = [];
  let nginx: RealNginx;
  let atTheEnd: ReadonlySet<string>;
  let made: Rehearsal;

  async function onNew(): Promise<ReadonlySet<string>> {
    const found = new Set<string>();
    const left = [...users];
    await Promise.all(Array.from({ length: 8 }, async () => {
      for (let user = left.pop(); user !== undefined; user = left.pop()) if ((await (await fetch(`${nginx.origin}/batch-patches/health`, { headers: { 'x-user-id': user } })).text()).includes('served by new')) found.add(user);
    }));
    return found;
  }

  beforeAll(async () => {
    nginx = await startNginx(0);
    await writeFile(nginx.config, (await readFile(nginx.config, 'utf8')).replaceAll('$side', '$batch_patches').replace('upstream new', 'upstream batch_patches_new').replace('upstream old', 'upstream batch_patches_legacy').replace('location / { proxy_pass', 'location /batch-patches { proxy_pass'));
    await nginx.byHand('split_clients "$http_x_user_id" $batch_patches { * batch_patches_legacy; }\nmap "" $batch_patches_share { default "0"; }\n');
    const plan = parse(byNginx, { merge: true }) as { targets: { 'batch-patches': { nginx: Record<string, unknown> } } };
    // the plan's own names; where things are is this machine
    const { file, config, nginx: program, prefix, pid } = nginx.settings();
    Object.assign(plan.targets['batch-patches'].nginx, { file, config, nginx: program, prefix, pid, marker: `${nginx.origin}/share`, probe: { url: `${nginx.origin}/batch-patches/health`, header: 'X-User-Id: {key}', side: 'X-Side' } });
    const ports = {
      providers: providerSchemas, target: () => createNginx({ http: createHttpClient(), allowCommands: 'any' }), env: {}, journal: { putUndo: async () => undefined }, meters: { observeWrite: () => undefined }, clock: { now: async () => Date.now(), after: (asOf: number) => asOf },
    } as unknown as Ports;
    const { readTarget, writeTarget, undoTarget } = createActivities(ports);
    made = await rehearse(stringify(plan), 'events: [{ at: wave-4 + 2h, event: data-corruption }]', {
      cadenceMs: hour,
      around: (activities) => ({
        ...activities, readTarget, undoTarget,
        writeTarget: async (input) => { const result = await writeTarget(input); seen.push({ share: Number(result.after), onNew: await onNew() }); return result; },
      }),
    });
    atTheEnd = await onNew();
  }, 300_000);
  afterAll(async () => { await nginx?.end(); });

  it('E16: 10, 25, 50 and 100 % of the users are on the new side wave by wave, and nobody who is leaves it while the share grows', () => {
    expect(seen.map(({ share }) => share)).toEqual([10, 25, 50, 100]);
    for (const [index, { share, onNew: now }] of seen.entries()) {
      expect(Math.abs(now.size / 10 - share)).toBeLessThanOrEqual(5 * Math.sqrt((share * (100 - share)) / users.length));
      for (const user of seen[index - 1]?.onNew ?? []) expect(now.has(user)).toBe(true);
    }
  });

  it('E16: corrupted data in wave 4 take it back: nobody is on the new side, and the record has it read back in time', () => {
    expect(made.outcome).toBe('rolled-back');
    expect(atTheEnd.size).toBe(0);
    expect(made.status.rollback).toMatchObject({ verified: true });
    expect(made.status.rollback!.readBackAt! - made.entries.find((entry) => entry.kind === 'event')!.at).toBeLessThan(30_000);
    expect(texts(made, 'undone').join('\n')).toContain('read back as undone');
  });
});
