// Pieces of settings that targets behind an HTTP service share. Each provider's schema stands in its own file.
import { z } from 'zod';
import { textThat } from './settings.js';

export const text = z.string().min(1);

/** Where the service answers; paths of its API are put behind it. */
export const serviceAddress = (example: string) => textThat(isBase, `an http or https address without '/api', query or login is needed, e.g. '${example}'`);

function isBase(address: string): boolean {
  try {
    const url = new URL(address);
    return /^https?:$/.test(url.protocol) && !/\/api(\/|$)/.test(url.pathname) && url.search === '' && url.hash === '' && url.username === '' && url.password === '';
  } catch { return false; }
}
