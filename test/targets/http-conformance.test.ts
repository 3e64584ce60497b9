// The http target through the suite of all targets, twice: against a service that guards its settings by ETag, and by a version in the document.
import { describe } from 'vitest';
import { createHttpClient } from '../../src/http/client.js';
import { createHttp } from '../../src/targets/http.js';
import type { TargetRef } from '../../src/targets/port.js';
import { context, targetConformance, type World } from './conformance.js';
import { says, startSettingService } from './setting-service.js';

const GUARDS = {
  'by ETag': { write: { body: { value: '{{value}}' } }, guard: { 'if-match': 'etag' } },
  'by version': { write: { body: { value: '{{value}}', version: '{{version}}' } }, guard: { version: { at: 'setting.version' } } },
} as const;

for (const [name, { write, guard }] of Object.entries(GUARDS)) {
  describe(`http, guarded ${name}`, () => {
    async function make(): Promise<World> {
      const service = await startSettingService();
      const provider = createHttp(createHttpClient());
      const settings = (of: string): TargetRef['settings'] => ({
        headers: { Authorization: 'Bearer setting-token-1' }, read: { url: `${service.origin}/settings/${of}`, at: 'setting.value' }, write: { method: 'PUT', url: `${service.origin}/settings/${of}`, ...write }, ...guard,
        verify: { url: `${service.origin}/users/${of}`, at: 'gets' }, min: 0, max: 100, step: 0.5,
      });
      // long enough for a machine that is busy with other suites; what waits for its end here is only the lie told to `verify`
      const target: TargetRef = { id: 'share', settings: settings('share'), writeTimeoutMs: 1_500 };
      const began: (() => void)[] = [];
      return {
        provider, target, sameThing: { ...target, id: 'also-share' }, otherThing: { ...target, settings: settings('other') },
        seen: async () => service.setting('share').value, change: async (value) => service.change('share', value),
        changes: async () => service.effects.length,
        beside: async () => [service.setting('other'), service.setting('share').note],
        refuse: async () => service.trouble('PUT', says(403, { message: 'this token may only read' })),
        cutOff: async () => service.trouble('any', (_asked, response) => { response.socket?.destroy(); }),
        deceive: async () => { service.shown = 99; },
        abortInTheMiddle: async (value) => {
          const held = new Promise<() => void>((resolve) => {
            // like every server that stops when its client has gone
            service.trouble('PUT', (_asked, response, go) => { began.forEach((tell) => tell()); resolve(() => { if (!response.destroyed) go(); }); });
          });
          const abort = new AbortController();
          const start = new Promise<void>((resolve) => began.push(resolve));
          const writing = provider.write(target, value, 10, context({ signal: abort.signal })).then(() => 'it succeeded', (error: unknown) => error);
          await start;
          abort.abort();
          const error = await writing;
          await new Promise((resolve) => setTimeout(resolve, 50)); // until the server knows that its client is gone
          (await held)();
          return error;
        },
        end: () => service.close(),
      };
    }
    targetConformance('http', { make, values: [10, 25, 50.5], wrongSettings: { read: { url: 'ftp://x/', at: 'a' }, write: { method: 'PUT', url: 'http://x/', body: '{{value}}' } }, wrongValue: 10.3 });
  });
}
