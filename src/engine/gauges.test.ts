/** What an engine counts, and what it shows of the moment. */
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import { LISTENER as SECURE_LISTENER, SecureRig } from "../../testing/sim/secure-rig.ts";
import { freeAll } from "../../testing/tls/pair.ts";
import type { MetricValues } from "../model/metric-values.ts";

const LISTENER = "127.0.0.1:80";
const BACKEND = "10.0.0.1:9000";
const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const RESPONSE = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const UPGRADE = "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

afterEach(() => void freeAll());

function rigWithApp(): EngineRig {
  const rig = new EngineRig({ seed: 1 });
  rig.listener(LISTENER);
  rig.cluster("app");
  rig.backend("app", "one", BACKEND);
  rig.frontend(LISTENER, "a", { cluster_id: "app" });
  return rig;
}

function gaugesOf(rig: EngineRig): MetricValues {
  return rig.net.perform(() => rig.engine.ask({ kind: "gauges" })) as MetricValues;
}

test("a request is counted with its response, its bytes on both sides, and its time", () => {
  const rig = rigWithApp();
  rig.net.backend(BACKEND);
  const client = rig.net.client(LISTENER).send(REQUEST);
  rig.net.settle();
  const back = rig.net.backend(BACKEND).connections[0]!;
  rig.net.advance(250);
  back.send(RESPONSE);
  rig.net.settle();
  const { exchange_duration_ms: duration, ...counters } = rig.engine.totals;
  assert.deepEqual(counters, {
    connections_accepted: 1,
    requests: 1,
    responses: { "2xx": 1 },
    bytes_received: { front: REQUEST.length, back: RESPONSE.length },
    bytes_sent: { front: client.received.length, back: back.received.length },
    back_connections_opened: 1,
  });
  const { count, sum } = duration as { count: number; sum: number };
  assert.ok(count === 1 && sum >= 250 && sum < 300, `${sum}`);
  client.send(REQUEST);
  rig.net.settle();
  assert.equal(rig.engine.totals["back_connections_reused"], 1);
});

test("what is answered by ourselves is counted by its status and its reason", () => {
  const rig = rigWithApp();
  rig.cluster("empty");
  rig.frontend(LISTENER, "empty", { cluster_id: "empty" });
  rig.frontend(LISTENER, "missing", { cluster_id: "missing" });
  rig.frontend(LISTENER, "denied", { deny: true });
  const refused = "10.0.0.2:9000";
  rig.cluster("refused");
  rig.backend("refused", "one", refused);
  rig.frontend(LISTENER, "refused", { cluster_id: "refused" });
  for (const host of ["empty", "missing", "denied", "refused", "unknown"])
    rig.net.client(LISTENER).send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  rig.net.client(LISTENER).send("nonsense\r\n\r\n");
  rig.net.settle();
  const { default_responses, requests_unserved, requests, responses, connect_failures, retries } =
    rig.engine.totals;
  assert.deepEqual(default_responses, { 400: 1, 403: 1, 404: 1, 503: 3 });
  assert.deepEqual(requests_unserved, {
    no_frontend: 1,
    denied: 1,
    no_cluster: 1,
    no_backend: 1,
    unreachable: 1,
  });
  assert.deepEqual({ requests, responses }, { requests: 5, responses: { "4xx": 3, "5xx": 3 } });
  assert.deepEqual({ connect_failures, retries }, { connect_failures: 1, retries: 1 });
});

test("a response that its backend cuts is counted as cut", () => {
  const rig = rigWithApp();
  rig.net.backend(BACKEND);
  rig.net.client(LISTENER).send(REQUEST);
  rig.net.settle();
  const back = rig.net.backend(BACKEND).connections[0]!;
  back.send(RESPONSE.slice(0, -1));
  rig.net.settle();
  back.end();
  rig.net.settle();
  assert.equal(rig.engine.totals["responses_cut"], 1);
  assert.ok(!("exchange_duration_ms" in rig.engine.totals));
});

test("the moment shows connections on both sides, tunnels and buffers, and nothing when all is over", () => {
  const rig = rigWithApp();
  rig.net.backend(BACKEND);
  const atRest = gaugesOf(rig);
  assert.partialDeepStrictEqual(atRest, { connections_open: 0, tunnels_open: 0, back_connections_open: 0 });
  const one = rig.net.client(LISTENER).send(REQUEST);
  const other = rig.net.client(LISTENER).send(`GET / HTTP/1.1\r\nHost: a\r\n${UPGRADE}`);
  rig.net.settle();
  const [first, second] = rig.net.backend(BACKEND).connections;
  const isUpgrade = first!.received.includes("websocket");
  (isUpgrade ? second! : first!).send(RESPONSE);
  (isUpgrade ? first! : second!).send(`HTTP/1.1 101 Switching Protocols\r\n${UPGRADE}`);
  rig.net.settle();
  assert.partialDeepStrictEqual(gaugesOf(rig), {
    connections_open: 2,
    tunnels_open: 1,
    back_connections_open: 2,
    back_connections_idle: 1,
  });
  assert.equal(rig.engine.totals["tunnels_begun"], 1);
  one.close();
  other.reset();
  rig.net.settle().advance(10_000);
  assert.deepEqual({ ...gaugesOf(rig), buffers: 0 }, { ...atRest, buffers: 0 });
  const { connections_accepted: accepted, connections_closed: closed } = rig.engine.totals;
  assert.deepEqual([accepted, closed], [2, 2]);
});

test("handshakes are counted by how they ended, and those under way are shown", () => {
  const rig = new SecureRig();
  rig.net.backend(BACKEND);
  const slow = rig.secureClient();
  rig.net.settle();
  assert.partialDeepStrictEqual(gaugesOf(rig), {
    connections_handshaking: 1,
    tls_handles: { machines: 2, sessions: 2, bios: 4 },
  });
  slow.settle();
  rig.net.client(SECURE_LISTENER).send("GET / HTTP/1.1\r\n\r\n");
  rig.net.settle();
  assert.deepEqual(rig.engine.totals["tls_handshakes"], { full: 1, failed: 1 });
  assert.partialDeepStrictEqual(gaugesOf(rig), { connections_handshaking: 0 });
});
