// The settings of the inbound listener, read as src/engine/settings.ts reads the others. Secrets in them are never shown.
import { placeIn, type Place } from '../server/listen.js';

export interface InboundSettings {
  readonly at: Place;
  /** bearer tokens of Alertmanager; empty: its route is off */
  readonly tokens: readonly string[];
  /** of /v1/events and /v1/ready; empty: both are off */
  readonly secrets: readonly string[];
  readonly slackSecrets: readonly string[];
  /** the label of an alert that names the rollout */
  readonly rolloutLabel: string;
  /** names that a sender to /v1/ready may answer as */
  readonly mayBe: readonly string[];
}

const tokenName = 'TIDEGATE_INBOUND_TOKEN', secretName = 'TIDEGATE_INBOUND_SECRET', slackName = 'TIDEGATE_SLACK_SIGNING_SECRET';

/** null: nothing comes in */
export function readInbound(text: (name: string) => string | undefined, problems: string[]): InboundSettings | null {
  const address = text('TIDEGATE_INBOUND_ADDRESS');
  if (address === undefined) return null;
  const place = placeIn(address);
  if (place === null) problems.push(`TIDEGATE_INBOUND_ADDRESS is '${address}'; it must be HOST:PORT`);
  const list = (name: string): string[] => (text(name) ?? '').split(',').map((one) => one.trim()).filter((one) => one !== '');
  const secretsOf = (name: string): string[] => {
    const all = list(name);
    if (all.some((one) => one.length < 16)) problems.push(`${name} holds a secret of less than 16 characters; make one by: openssl rand -hex 32`);
    return all;
  };
  const settings = { at: place ?? { host: '', port: 0 }, tokens: secretsOf(tokenName), secrets: secretsOf(secretName), slackSecrets: secretsOf(slackName), rolloutLabel: text('TIDEGATE_INBOUND_ROLLOUT_LABEL') ?? 'rollout', mayBe: list('TIDEGATE_INBOUND_AS') };
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(settings.rolloutLabel)) problems.push(`TIDEGATE_INBOUND_ROLLOUT_LABEL is '${settings.rolloutLabel}'; it must be the name of a label`);
  if (settings.tokens.length + settings.secrets.length + settings.slackSecrets.length === 0) problems.push(`TIDEGATE_INBOUND_ADDRESS is set, and no route has a secret: set ${tokenName} (alerts), ${secretName} (events, ready) or ${slackName} (buttons)`);
  return settings;
}

/** Every route with what it lacks to be on; null: it is on. */
export function inboundRoutes(settings: Pick<InboundSettings, 'tokens' | 'secrets' | 'slackSecrets' | 'mayBe'>): readonly { readonly path: string; readonly lacks: string | null }[] {
  const needs = (list: readonly string[], name: string): string | null => (list.length > 0 ? null : name);
  return [
    { path: '/v1/alertmanager', lacks: needs(settings.tokens, tokenName) },
    { path: '/v1/events', lacks: needs(settings.secrets, secretName) },
    { path: '/v1/ready', lacks: needs(settings.secrets, secretName) ?? needs(settings.mayBe, 'TIDEGATE_INBOUND_AS') },
    { path: '/v1/slack', lacks: needs(settings.slackSecrets, slackName) },
  ];
}
