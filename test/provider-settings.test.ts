// What the settings of all providers share: text that is put in later is let pass, and nothing else is.
import { expect, it } from 'vitest';
import { channels } from '../src/channels/index.js';
import { problemsOf } from '../src/provider-settings.js';
import { sources } from '../src/sources/index.js';
import { targets } from '../src/targets/index.js';

type One = readonly [what: string, schema: Parameters<typeof problemsOf>[0], of: (text: string) => Parameters<typeof problemsOf>[1]];
const settings: readonly One[] = [
  ['an address of a source', sources['json']!.schema, (url) => ({ url, at: 'rate' })],
  ['the address of a database', sources['sql']!.schema, (url) => ({ url, query: 'select 1' })],
  ['a length of time', sources['datadog']!.schema, (delay) => ({ query: 'a', delay })],
  ['the limit of a command', sources['command']!.schema, (timeout) => ({ run: './x', timeout })],
  ['an address of a target', targets['http']!.schema, (url) => ({ read: { url, at: 'a' }, write: { method: 'PUT', url: 'http://a', body: '{{value}}' } })],
  ['the address of a flag service', targets['unleash']!.schema, (url) => ({ url, token: 't', environment: 'e', flag: 'f' })],
  ['the name of a service', targets['compose']!.schema, (service) => ({ file: 'f', service, field: 'image' })],
  ['the address of a channel', channels['webhook']!.schema, (url) => ({ url })],
  ['a key of a channel', channels['pagerduty']!.schema, (key) => ({ 'routing key': key })],
];
it.each(settings)('%s may be a reference, alone or in part, and text that is none is held to its form', (_what, schema, of) => {
  for (const text of ['${env:NAME}', 'x ${env:_a1} y']) expect(problemsOf(schema, of(text)), text).toEqual([]);
  for (const text of ['${env:}', '${env:a-b}', '${env:1a}', '$env:NAME', '%']) expect(problemsOf(schema, of(text)), text).toHaveLength(1);
});
