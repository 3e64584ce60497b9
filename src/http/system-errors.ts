// What the operating system and TLS say about a connection that did not come about, as codes and words that all clients share.
// Used by client.ts and by providers that speak something else than HTTP (src/sources/sql.ts).

export type ConnectionCode = 'unknown-host' | 'refused' | 'unreachable-host' | 'unreachable-network' | 'tls' | 'timeout';

/** Null: the code says nothing about connecting. */
export function connectionFailure(code: string): { readonly code: ConnectionCode; readonly detail: string } | null {
  if (Object.hasOwn(KNOWN, code)) return KNOWN[code]!;
  return /^(CERT_|ERR_TLS|ERR_SSL|EPROTO|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code) ? { code: 'tls', detail: `the TLS connection failed (${code})` } : null;
}

const KNOWN: Readonly<Record<string, { readonly code: ConnectionCode; readonly detail: string }>> = {
  ECONNREFUSED: { code: 'refused', detail: 'refused the connection' },
  ENOTFOUND: { code: 'unknown-host', detail: 'the host name is unknown' },
  EAI_AGAIN: { code: 'unknown-host', detail: 'the host name could not be looked up' },
  EHOSTUNREACH: { code: 'unreachable-host', detail: 'the host cannot be reached' },
  EHOSTDOWN: { code: 'unreachable-host', detail: 'the host is down' },
  ETIMEDOUT: { code: 'timeout', detail: 'connecting timed out' },
  UND_ERR_CONNECT_TIMEOUT: { code: 'timeout', detail: 'connecting timed out' },
  ENETUNREACH: { code: 'unreachable-network', detail: 'there is no network from here to it' },
  ENETDOWN: { code: 'unreachable-network', detail: 'the network is down here' },
  EADDRNOTAVAIL: { code: 'unreachable-network', detail: 'no local address is left to connect from' },
  EMFILE: { code: 'unreachable-network', detail: 'this process has too many open files' },
};

/** fetch wraps what happened in causes; two addresses of one name come as an aggregate. '': no code anywhere. */
export function systemCode(error: unknown): string {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; depth += 1) {
    const code = (at as { code?: unknown }).code;
    if (typeof code === 'string' && code !== '') return code;
    at = at instanceof AggregateError ? at.errors[0] : at.cause;
  }
  return '';
}
