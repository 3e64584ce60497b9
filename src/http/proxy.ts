// Which way a request takes: directly by the platform's fetch, or through the proxy that the environment names (HTTP_PROXY, HTTPS_PROXY,
// NO_PROXY, in lower case too). Plain http goes as absolute-form, https through a tunnel. Certificates: NODE_EXTRA_CA_CERTS, read by Node itself.
import { systemCode } from './system-errors.js';

/** Our own proxy could not be reached or refused to serve: it says nothing about the server behind it. The message is one clause without addresses. */
export class ProxyFailure extends Error {}

/** Read once. Without a proxy in the environment this is the platform's fetch itself, and nothing is loaded. */
export function fetchByEnvironment(env: NodeJS.ProcessEnv = process.env): typeof fetch {
  const named = (name: string): string | null => [env[name.toLowerCase()], env[name]].find((value) => value !== undefined && value.trim() !== '')?.trim() ?? null;
  const plain = named('HTTP_PROXY');
  const proxies: Readonly<Record<string, string | null>> = { 'http:': plain, 'https:': named('HTTPS_PROXY') ?? plain };
  if (proxies['https:'] === null) return fetch;
  const direct = directHosts(named('NO_PROXY') ?? '');
  const through = new Map<string, Promise<typeof fetch>>();
  return async (to, init) => {
    const url = new URL(to instanceof Request ? to.url : to);
    const proxy = proxies[url.protocol] ?? null;
    if (proxy === null || direct(url)) return fetch(to, init);
    const proxied = through.get(proxy) ?? fetchThrough(proxy);
    through.set(proxy, proxied);
    return (await proxied)(to, init);
  };
}

async function fetchThrough(proxy: string): Promise<typeof fetch> {
  const undici = await import('undici');
  const uri = proxy.includes('://') ? proxy : `http://${proxy}`;
  let dispatcher: InstanceType<typeof undici.ProxyAgent>;
  try { dispatcher = new undici.ProxyAgent({ uri, proxyTunnel: false }); } catch { return () => Promise.reject(new ProxyFailure('the proxy named in the environment is not an address')); }
  return async (to, init) => {
    // The package's own fetch: another version of it, as Node brings, need not understand this dispatcher.
    try { return await undici.fetch(to as URL, { ...init as object, dispatcher }) as unknown as Response; } catch (error) { throw proxyFailure(error) ?? error; }
  };
}

/** Every connection is one to the proxy, so what fails while connecting fails there; a broken TLS handshake may be the server's. */
function proxyFailure(error: unknown): ProxyFailure | null {
  const code = systemCode(error);
  if (/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOST|ENET|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT|UND_ERR_PRX_TLS)/.test(code)) return new ProxyFailure(`the proxy named in the environment cannot be reached (${code})`);
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const status = /^Proxy (?:response \((\d{3})\)|Authentication Required \((407)\))/.exec(at.message);
    if (status !== null) return new ProxyFailure(`the proxy named in the environment answered ${status[1] ?? status[2]} instead of letting the request through`);
  }
  return null;
}

/** A name stands for itself and all below it, with a port for that port only; `*` for all. This machine itself is never asked through a proxy. */
function directHosts(list: string): (url: URL) => boolean {
  const entries = list.split(/[,\s]+/).filter((entry) => entry !== '').map((entry) => /^(?<host>.+?)(?::(?<port>\d+))?$/.exec(entry)!.groups as { host: string; port?: string })
    .map(({ host, port }) => ({ host: host.replace(/^\*?\./, '').toLowerCase(), port }));
  return ({ hostname, port, protocol }) => isThisMachine(hostname) || entries.some((entry) => entry.host === '*'
    || ((entry.port === undefined || entry.port === (port === '' ? (protocol === 'https:' ? '443' : '80') : port)) && (hostname === entry.host || hostname.endsWith(`.${entry.host}`))));
}
function isThisMachine(hostname: string): boolean { return hostname === 'localhost' || hostname.endsWith('.localhost') || /^127(\.\d+){3}$/.test(hostname) || hostname === '[::1]'; }
