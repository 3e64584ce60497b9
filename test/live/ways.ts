// The ways of moving users that the live test of the shipped plan goes: what the plan says of its target, the secrets that go with it, and who is
// on the new side, asked of those who decide it (the flag's own client, the load balancer), not of the product.
import { writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FlagdCore } from '@openfeature/flagd-core';
import { startLaunchDarkly, WRITER } from '../servers/launchdarkly.js';
import { ADMIN_TOKEN, startUnleash } from '../servers/unleash.js';
import { pathOf, type Need } from '../setup/needs.js';
import { startNginx } from '../targets/real-nginx.js';

export interface Way { readonly name: string; readonly needs: readonly Need[]; open(home: string): Promise<Side> }
export interface Side {
  /** the target as a plan has it */
  readonly target: Readonly<Record<string, unknown>>;
  /** for the worker */
  readonly env: Readonly<Record<string, string>>;
  /** values that must never be told */
  readonly secrets: readonly string[];
  /** users on the new side now, in percent of many */
  share(): Promise<number>;
  close(): Promise<unknown>;
}

const flag = 'batch-patches';
const users = Array.from({ length: 1_000 }, (_, index) => `user-${index}`);
const percentOf = (isOn: (user: string) => boolean): number => users.filter(isOn).length / 10;

const flagd: Way = {
  name: 'flagd', needs: [],
  async open(home) {
    const file = join(home, 'patches.json');
    writeFileSync(file, JSON.stringify({ flags: { [flag]: { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off', targeting: { fractional: [{ var: 'userId' }, ['on', 0], ['off', 100]] } } } }));
    const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };
    return {
      target: { flagd: { file, flag, by: 'userId' } }, env: {}, secrets: [],
      share: async () => {
        const core = new FlagdCore();
        core.setConfigurations(await readFile(file, 'utf8'));
        return percentOf((userId) => core.resolveBooleanEvaluation(flag, false, { userId, targetingKey: userId }, silent).value);
      },
      close: async () => undefined,
    };
  },
};

const unleash: Way = {
  name: 'unleash', needs: ['unleash', 'postgres'],
  async open() {
    const server = await startUnleash(pathOf('unleash'));
    await server.admin('POST', '/projects/default/features', { name: flag, type: 'release' });
    const environment = `/projects/default/features/${flag}/environments/development`;
    await server.admin('POST', `${environment}/strategies`, { name: 'flexibleRollout', constraints: [], parameters: { rollout: '0', stickiness: 'userId', groupId: flag } });
    await server.admin('POST', `${environment}/on`);
    return {
      target: { unleash: { url: server.url, token: '${env:UNLEASH_TOKEN}', environment: 'development', flag } }, env: { UNLEASH_TOKEN: ADMIN_TOKEN }, secrets: [ADMIN_TOKEN],
      share: async () => percentOf((userId) => server.client.isEnabled(flag, { userId })), close: () => server.stop(),
    };
  },
};

const nginx: Way = {
  name: 'nginx', needs: ['nginx'],
  async open() {
    const server = await startNginx(0);
    return { target: { nginx: server.settings({ probe: { url: `${server.origin}/`, header: 'X-Key: {key}', side: 'X-Side' } }) }, env: {}, secrets: [], share: async () => (await server.onNew(users.slice(0, 500))).size / 5, close: () => server.end() };
  },
};

/** By a stand-in written from the public contract: the service is paid. */
const launchdarkly: Way = {
  name: 'launchdarkly', needs: [],
  async open() {
    const service = await startLaunchDarkly();
    service.create(flag, { production: { on: true, fallthrough: { rollout: { variations: [{ variation: 0, weight: 0 }, { variation: 1, weight: 100_000 }], contextKind: 'user' } } } });
    return {
      target: { launchdarkly: { url: service.origin, token: '${env:LAUNCHDARKLY_TOKEN}', project: 'shop', environment: 'production', flag } }, env: { LAUNCHDARKLY_TOKEN: WRITER }, secrets: [WRITER],
      share: async () => percentOf((user) => service.evaluate(flag, user) === true), close: () => service.close(),
    };
  },
};

export const ways: readonly Way[] = [flagd, unleash, nginx, launchdarkly];
