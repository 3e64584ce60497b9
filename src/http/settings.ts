// Pieces of settings that whatever speaks HTTP shares. Used by src/sources/settings.ts and src/targets/http-settings.ts.
import { z } from 'zod';
import { httpAddress } from '../provider-settings.js';

export const address = httpAddress('http://localhost:9090');
export const headers = z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'this is no header name'), z.string().regex(/^[\t\x20-\x7e\x80-\xff]*$/, 'a header value is one line'));
