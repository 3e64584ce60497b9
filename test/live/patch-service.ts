// The service that the shipped plan rolls out, as Prometheus sees it: it serves the share of users that its flag gives (and, before the first move,
// its staging traffic), counts and times what it does, has fewer errors from minute to minute,
// and can be made to fail.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PatchService { /** host:port of its measurements */ readonly at: string; /** violations of its invariants, for an alert */ violations: number; close(): Promise<void> }

const bounds = [0.05, 0.1, 0.2, 0.5, 1, 2.5];
const requestsASecond = 200;

/** @param share how many users are on the new side now, in percent */
export async function startPatchService(share: () => Promise<number>): Promise<PatchService> {
  const startedAt = Date.now();
  let [total, errors, movedEver, now, at] = [0, 0, false, 0, startedAt];
  const count = (): void => {
    const passed = (Date.now() - at) / 1_000;
    at = Date.now();
    const rate = now > 0 ? requestsASecond * (now / 100) : movedEver ? 0 : requestsASecond / 10;
    total += rate * passed;
    errors += rate * passed * 0.03 * 0.5 ** ((at - startedAt) / 30_000);
  };
  const timer = setInterval(() => { void share().then((value) => { count(); now = value; movedEver ||= value > 0; }, () => { /* asked again */ }); }, 1_000);
  const server = createServer((_, response) => {
    count();
    const seen = Math.round(total);
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end([
      '# TYPE batch_patches_total counter', `batch_patches_total ${seen}`,
      '# TYPE batch_patches_errors_total counter', `batch_patches_errors_total ${errors}`,
      '# TYPE batch_patches_duration_seconds histogram', ...bounds.map((le) => `batch_patches_duration_seconds_bucket{le="${le}"} ${le >= 0.2 ? seen : Math.round(seen / 2)}`), `batch_patches_duration_seconds_bucket{le="+Inf"} ${seen}`, `batch_patches_duration_seconds_sum ${seen * 0.1}`, `batch_patches_duration_seconds_count ${seen}`,
      '# TYPE process_resident_memory_bytes gauge', 'process_resident_memory_bytes 2e8', '# TYPE process_cpu_seconds_total counter', `process_cpu_seconds_total ${Date.now() / 10_000}`,
      '# TYPE batch_patches_invariant_violations gauge', `batch_patches_invariant_violations ${service.violations}`, '# TYPE alarm_tests_failing gauge', 'alarm_tests_failing 0', '',
    ].join('\n'));
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const service: PatchService = {
    at: `127.0.0.1:${(server.address() as AddressInfo).port}`, violations: 0,
    close: async () => { clearInterval(timer); server.closeAllConnections(); await new Promise((resolve) => { server.close(resolve); }); },
  };
  return service;
}
