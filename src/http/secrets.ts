// What may be shown of a request: never user info, query values, header values or, where the caller says so, the path.
// Used by client.ts for its own words and by providers for a server's words, which may repeat what we sent.

/** Origin and path; a query only as `?…`. What is no URL is not repeated at all. */
export function shownAddress(address: string, secretPath = false): string {
  let url: URL;
  try { url = new URL(address); } catch { return 'the address'; }
  if (secretPath) return `${url.origin}/…`;
  return `${url.origin}${url.pathname === '/' ? '' : url.pathname}${url.search === '' ? '' : '?…'}`;
}

/** Replaces every secret of the request by `***`. Values under 4 characters are let be: they would eat ordinary words. */
export function maskSecrets(text: string, request: { readonly url: string; readonly headers?: Readonly<Record<string, string>>; readonly secretPath?: boolean }): string {
  let masked = text;
  for (const secret of secretsOf(request)) masked = masked.replaceAll(secret, '***');
  return masked;
}

function secretsOf({ url: address, headers = {}, secretPath = false }: Parameters<typeof maskSecrets>[1]): string[] {
  const secrets: string[] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (/^(accept|user-agent|content-type)$/i.test(name)) continue;
    secrets.push(value, ...value.split(/\s+/).slice(1)); // also the token of `Bearer TOKEN` alone
  }
  try {
    const url = new URL(address);
    secrets.push(url.username, url.password, decodeURIComponent(url.username), decodeURIComponent(url.password), ...url.searchParams.values());
    if (url.search !== '') secrets.push(...url.search.slice(1).split('&').map((pair) => pair.slice(pair.indexOf('=') + 1)));
    if (secretPath) secrets.push(url.pathname);
  } catch { /* no URL: nothing of it is ever shown */ }
  return [...new Set(secrets)].filter((secret) => secret.length >= 4).sort((a, b) => b.length - a.length);
}
