import assert from "node:assert/strict";
import { test } from "node:test";
import type { HttpBackend, Responder } from "../../testing/backends/http-backend.ts";
import { respondByPath } from "../../testing/backends/responders.ts";
import { Load } from "../../testing/clients/load.ts";
import { askUntil, within } from "../../testing/deadline.ts";
import type { Proxy } from "../../testing/proxy.ts";
import { assertNoFaults, IOS, TIMEOUT_MS, withBackends, withProxy } from "./support.ts";

const CHECK_PATH = "/health";
const HEALTH_CHECK = { path: CHECK_PATH, interval_ms: 50, timeout_ms: 2_000, healthy: 2, unhealthy: 2 };
const REQUESTS_PER_SECOND = 200;
const SOME_REQUESTS = 100;

/** The status that each backend answers its checks with; 200 unless said. */
type Healths = Map<HttpBackend, number>;

/** Requests that were no checks. */
type Counts = Map<HttpBackend, number>;

for (const io of IOS) {
  test(`a backend that fails its checks gets no traffic, and comes back, without a fault (${io})`, async () => {
    const healths: Healths = new Map();
    const counts: Counts = new Map();
    await withBackends(
      2,
      (...backends) =>
        withProxy({ io, workers: 2 }, (proxy) => failAndRecover(proxy, backends, { healths, counts })),
      { respond: responderOf(healths, counts) },
    );
  });
}

async function failAndRecover(
  proxy: Proxy,
  backends: readonly HttpBackend[],
  { healths, counts }: { healths: Healths; counts: Counts },
): Promise<void> {
  const [failing, healthy] = backends as readonly [HttpBackend, HttpBackend];
  const port = await proxy.serve(
    "app",
    backends.map(({ id, address }) => ({ id, address })),
  );
  await proxy.orders.ok("UPDATE_CLUSTER", { cluster_id: "app", health_check: HEALTH_CHECK });
  const request = () => ({ host: "a.example", target: "/" });
  const load = new Load({ port, ratePerSecond: REQUESTS_PER_SECOND, request });
  const someAt = (backend: HttpBackend): Promise<void> => {
    const wanted = (counts.get(backend) ?? 0) + SOME_REQUESTS;
    const reached = backend.until(() => (counts.get(backend) ?? 0) >= wanted);
    return within(TIMEOUT_MS, `${SOME_REQUESTS} requests at ${backend.id}`, reached);
  };
  await someAt(failing);
  const events = proxy.orders.send("SUBSCRIBE_EVENTS");

  healths.set(failing, 500);
  await untilState(proxy, port, failing, "down (status 500)");
  await someAt(healthy); // What was on its way to the other one has arrived.
  const before = counts.get(failing);
  await someAt(healthy);
  assert.equal(counts.get(failing), before, "a backend that is down got a request");

  await proxy.orders.ok("RESTART_WORKER", { worker: 0 });
  await untilState(proxy, port, failing, "down (status 500)");

  healths.set(failing, 204);
  await untilState(proxy, port, failing, "up");
  await someAt(failing);

  const report = await load.stop();
  assertNoFaults(load.faults);
  assert.equal(report.answered, report.sent);
  for (const { malformed } of backends) assert.deepEqual(malformed, []);
  assert.match(proxy.output, /backend app-1 of cluster app is down.*status 500/);
  assert.match(proxy.output, /backend app-1 of cluster app is up/);
  const { data: down } = await events.processing(({ data }) => data.event === "BACKEND_DOWN");
  const { data: up } = await events.processing(({ data }) => data.event === "BACKEND_UP");
  const about = { cluster_id: "app", backend_id: failing.id, address: failing.address };
  assert.partialDeepStrictEqual(down, { ...about, reason: "status 500" });
  assert.partialDeepStrictEqual(up, about);
  assert.ok(down.sequence < up.sequence);
}

/** Waits until all workers agree on a backend's state, as `EXPLAIN` shows it. */
async function untilState(proxy: Proxy, port: number, backend: HttpBackend, state: string): Promise<void> {
  await askUntil(TIMEOUT_MS, `${backend.id} to be ${state}`, async () => {
    const listener = `127.0.0.1:${port}`;
    const asked = { listener, host: "a.example", path: "/", method: "GET" };
    const { data } = await proxy.orders.ok("EXPLAIN", asked);
    const found = data.backends.find((one: { backend_id: string }) => one.backend_id === backend.id);
    const shown = found.reason === undefined ? found.state : `${found.state} (${found.reason})`;
    const agreed = Object.values(found.workers).every((one) => one === found.state);
    return (agreed && shown === state) || undefined;
  });
}

function responderOf(healths: Healths, counts: Counts): Responder {
  return (request, connection) => {
    const { backend, socket } = connection;
    if (request.target === CHECK_PATH) {
      socket.end(`HTTP/1.1 ${healths.get(backend) ?? 200} Health\r\nConnection: close\r\n\r\n`);
      return;
    }
    counts.set(backend, (counts.get(backend) ?? 0) + 1);
    respondByPath(request, connection);
  };
}
