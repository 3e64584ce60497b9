// Answers like Prometheus' HTTP API on the fault server, for what a real one cannot be made to say on demand (warnings, notes, odd
// instants). What the real one says is tested in prometheus-real.test.ts.
import type { ServerResponse } from 'node:http';
import type { FaultServer } from './fault-server.js';

export interface DoubleSeries { readonly labels: Readonly<Record<string, string | undefined>>; readonly value: string }

/** @param at what each query answers at an instant (epoch ms); an empty list: no series there */
export function servePrometheus(server: FaultServer, path: string, at: (atMs: number, query: string) => readonly DoubleSeries[], more: object = {}, shiftMs = 0): void {
  const send = (response: ServerResponse, data: object): void => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ status: 'success', data, ...more }));
  };
  server.serve(`${path}/api/v1/query`, (_request, response, body) => {
    const form = new URLSearchParams(body);
    const atMs = Math.round(Number(form.get('time')) * 1000);
    send(response, { resultType: 'vector', result: at(atMs, form.get('query')!).map(({ labels, value }) => ({ metric: labels, value: [atMs / 1000, value] })) });
  });
  server.serve(`${path}/api/v1/query_range`, (_request, response, body) => {
    const form = new URLSearchParams(body);
    const [start, end, step] = ['start', 'end', 'step'].map((name) => Math.round(Number(form.get(name)) * 1000)) as [number, number, number];
    if ((end - start) / step > 11_000) {
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'exceeded maximum resolution of 11,000 points per timeseries' }));
      return;
    }
    const series = new Map<string, { metric: object; values: [number, string][] }>();
    for (let atMs = start; atMs <= end; atMs += step) {
      for (const { labels, value } of at(atMs, form.get('query')!)) {
        const key = JSON.stringify(labels);
        const one = series.get(key) ?? { metric: labels, values: [] };
        series.set(key, one);
        one.values.push([(atMs + shiftMs) / 1000, value]);
      }
    }
    send(response, { resultType: 'matrix', result: [...series.values()] });
  });
}
