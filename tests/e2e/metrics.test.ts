/** METRICS through the program: what is counted, and that nothing is lost or left. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { askUntil } from "../../testing/deadline.ts";
import { signal } from "../../testing/processes.ts";
import type { Proxy } from "../../testing/proxy.ts";
import { authority, certificateFor, HttpsSetting } from "./https-support.ts";
import { exchangeOn, fetchOnce, IOS, TIMEOUT_MS, withApp } from "./support.ts";

const PROGRAM = fileURLToPath(new URL("../../bin/kakehi", import.meta.url));
const A = { servername: "a.example", ca: authority.pem };
const run = promisify(execFile);

type Value = number | Readonly<Record<string, number>>;
type Metrics = Readonly<Record<string, { readonly value: Value; readonly workers: Record<string, Value> }>>;

async function metricsOf(proxy: Proxy): Promise<Metrics> {
  return (await proxy.orders.ok("METRICS")).data.metrics;
}

/** Waits until the metrics are as `fits` wants them. */
function whenMetrics(proxy: Proxy, what: string, fits: (metrics: Metrics) => boolean): Promise<Metrics> {
  return askUntil(TIMEOUT_MS, what, async () => {
    const metrics = await metricsOf(proxy);
    return fits(metrics) ? metrics : undefined;
  });
}

for (const io of IOS) {
  test(`requests are counted in all and by worker, and outlive a worker that is replaced or killed (${io})`, async () => {
    await withApp({ io, workers: 2 }, async (proxy, port) => {
      for (let request = 0; request < 20; request++) await fetchOnce(port, "/");
      await fetchOnce(port, "/status/404");
      const before = await metricsOf(proxy);
      assert.partialDeepStrictEqual(before, {
        requests: { value: 21 },
        responses: { value: { "2xx": 20, "4xx": 1 } },
        default_responses: { value: { 404: 0 } },
        exchange_duration_ms: { value: { count: 21 } },
        revision: { value: 4 },
        workers: { value: { running: 2 } },
      });
      const shares = Object.values(before["requests"]!.workers) as number[];
      assert.equal(shares.length, 2);
      assert.equal(shares[0]! + shares[1]!, 21);

      await proxy.orders.ok("RESTART_WORKER", { worker: 0 });
      const [victim] = await proxy.workers();
      signal(victim!.pid, "SIGKILL");
      const after = await whenMetrics(
        proxy,
        "a replacement",
        (metrics) => metrics["workers_replaced"]!.value === 1,
      );
      assert.partialDeepStrictEqual(after, {
        requests: { value: 21 },
        workers_died: { value: 1 },
        workers_started: { value: 4 },
        orders: { value: { error: 0 } },
      });
    });
  });

  test(`after the last connection nothing of OpenSSL is left but what the next one needs, and that goes with the listener (${io})`, async () => {
    const setting = await HttpsSetting.start(io);
    const { proxy } = setting;
    try {
      const fingerprint = await setting.add(certificateFor("a.example"));
      const sockets = await Promise.all(Array.from({ length: 10 }, () => setting.connect(A)));
      const connections = sockets.map((socket) => HttpConnection.over(socket));
      for (const connection of connections) assert.equal((await exchangeOn(connection, "/")).status, 200);
      const open = await metricsOf(proxy);
      assert.partialDeepStrictEqual(open, {
        connections_open: { value: 10 },
        tls_handles: { value: { machines: 10, sessions: 0, bios: 0 } },
      });
      const { full = 0, resumed = 0 } = open["tls_handshakes"]!.value as Record<string, number>;
      assert.equal(full + resumed, 10);
      for (const connection of connections) connection.close();
      await whenMetrics(proxy, "no machine", (metrics) => {
        const { value } = metrics["tls_handles"]!;
        return (
          JSON.stringify({ ...(value as object), contexts: 0, certificates: 0, ticket_keys: 0 }) === NOTHING
        );
      });
      await setting.remove(fingerprint);
      await proxy.orders.ok("REMOVE_LISTENER", { address: setting.listener });
      const { tls_handles: left } = await metricsOf(proxy);
      assert.partialDeepStrictEqual(left, { value: { contexts: 0, certificates: 0, machines: 0 } });
    } finally {
      await setting.stop();
    }
  });
}

const NOTHING = JSON.stringify({
  contexts: 0,
  certificates: 0,
  ticket_keys: 0,
  machines: 0,
  sessions: 0,
  bios: 0,
});

test("a certificate near its end, and one past it, show in METRICS", async () => {
  const setting = await HttpsSetting.start("auto");
  try {
    const { proxy } = setting;
    const fingerprint = await setting.add(certificateFor("a.example"));
    const { items } = (await proxy.orders.ok("LIST_CERTIFICATES", { fingerprint })).data;
    assert.partialDeepStrictEqual(await metricsOf(proxy), {
      certificates: { value: { lasting: 1, expiring: 0, expired: 0 } },
      certificate_next_end_ms: { value: items[0].not_after_ms },
    });
  } finally {
    await setting.stop();
  }
});

test("`kakehi metrics` shows them as a table, as JSON, and for Prometheus", async () => {
  await withApp({}, async (proxy, port) => {
    await fetchOnce(port, "/");
    const kakehi = async (...args: string[]): Promise<string> =>
      (await run(PROGRAM, ["metrics", "--socket", proxy.socketPath, ...args])).stdout;
    const table = await kakehi();
    assert.match(table, /^requests +1$/m);
    assert.match(table, /^responses\{class=2xx\} +1$/m);
    assert.match(table, /^exchange_duration_ms\{p99\} +[0-9.]+$/m);
    assert.doesNotMatch(table, /^connections_refused/m);
    assert.match(await kakehi("--all"), /^connections_refused +0$/m);
    assert.equal(JSON.parse(await kakehi("--json")).metrics.requests.value, 1);
    assert.match(await kakehi("--prometheus"), /^kakehi_requests_total 1$/m);
  });
});
