// Answers like Datadog's query API (v1) on the fault server, written from its public contract: points are beginnings of aligned intervals, the one
// that is still growing is there too and too small, keys are headers, and an error may come with status 200.
import type { FaultServer } from '../sources/fault-server.js';

export interface DatadogSeries { readonly tags?: readonly string[]; /** null: a point without a value; undefined: no point */ readonly value: number | null | undefined }
export interface DatadogMore { readonly intervalS?: number; /** 403 unless these come */ readonly keys?: readonly [api: string, application: string]; /** the instant up to which anything has been taken in (epoch ms); the interval around it is half full */ readonly now?: number; /** in place of the answer's fields */ readonly fields?: object }

/** @param at what each query answers for the interval that begins at an instant (epoch ms) */
export function serveDatadog(server: FaultServer, path: string, at: (beginMs: number, query: string) => readonly DatadogSeries[], { intervalS = 20, keys, now, fields = {} }: DatadogMore = {}): string {
  server.serve(`${path}/api/v1/query`, (request, response) => {
    const answer = (status: number, body: object): void => { response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)); };
    if (keys !== undefined && (request.headers['dd-api-key'] !== keys[0] || request.headers['dd-application-key'] !== keys[1])) { answer(403, { errors: ['Forbidden'] }); return; }
    const asked = new URL(request.url!, 'http://x').searchParams;
    const [from, to, query] = [Number(asked.get('from')), Number(asked.get('to')), asked.get('query')!];
    if (request.method !== 'GET' || !Number.isInteger(from) || !Number.isInteger(to) || from >= to) { answer(400, { errors: ['Invalid from or to'] }); return; }
    const until = Math.min(to * 1000, now ?? Infinity);
    const series = new Map<string, { readonly tags: readonly string[]; readonly pointlist: [number, number | null][] }>();
    for (let begin = Math.floor(from / intervalS) * intervalS * 1000; begin < until; begin += intervalS * 1000) {
      for (const { tags = [], value } of at(begin, query)) {
        const one = series.get(tags.join()) ?? { tags, pointlist: [] };
        series.set(tags.join(), one);
        if (value !== undefined) one.pointlist.push([begin, value !== null && begin + intervalS * 1000 > until ? value / 2 : value]);
      }
    }
    answer(200, {
      status: 'ok', res_type: 'time_series', resp_version: 1, query, from_date: from * 1000, to_date: to * 1000, message: '', group_by: [],
      series: [...series.values()].map(({ tags, pointlist }) => ({ metric: 'x', scope: tags.join() || '*', tag_set: tags, interval: intervalS, length: pointlist.length, start: pointlist[0]?.[0], end: pointlist.at(-1)?.[0], aggr: 'avg', pointlist, unit: null })), ...fields,
    });
  });
  return `${server.origin}${path}`;
}
