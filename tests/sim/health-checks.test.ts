import assert from "node:assert/strict";
import { test } from "node:test";
import { ENGINE_LIMITS_DEFAULT } from "../../src/engine/limits.ts";
import type { BackendStatus, Change } from "../../src/model/channel.ts";
import { BACKEND_DEFAULTS, CLUSTER_DEFAULTS, HEALTH_CHECK_DEFAULTS } from "../../src/model/defaults.ts";
import { backendKey } from "../../src/model/keys.ts";
import type { HealthCheck } from "../../src/model/objects.ts";
import { CHECK_PATH, CheckedBackend } from "../../testing/sim/checked-backend.ts";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import type { SimOptions } from "../../testing/sim/sim-network.ts";

const LISTENER = "127.0.0.1:80";
const INTERVAL_MS = 1_000;
const TERMS: HealthCheck = {
  ...HEALTH_CHECK_DEFAULTS,
  path: CHECK_PATH,
  interval_ms: INTERVAL_MS,
  timeout_ms: 200,
};

/** A cluster `app` with so many checked backends, named `1`, `2`, … */
function rigWith(
  count: number,
  options: { sim?: SimOptions; terms?: Partial<HealthCheck> } = {},
): { rig: EngineRig; backends: CheckedBackend[] } {
  const rig = new EngineRig({ latencyMsMax: 0, ...options.sim });
  rig.listener(LISTENER);
  rig.cluster("app", { health_check: { ...TERMS, ...options.terms } });
  rig.frontend(LISTENER, "*", { cluster_id: "app" });
  const backends = Array.from({ length: count }, (_, index) => {
    const backend = new CheckedBackend(rig.net, `10.0.0.${index + 1}:80`);
    rig.backend("app", `${index + 1}`, backend.address);
    return backend;
  });
  return { rig, backends };
}

/** Sends `count` requests, with these fields, one after another; which backends answered, and how often. */
function answersOf(rig: EngineRig, count: number, fields = ""): Record<string, number> {
  const answers: Record<string, number> = {};
  for (let number = 0; number < count; number++) {
    const client = rig.net.client(LISTENER);
    client.send(`GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n${fields}\r\n`);
    rig.net.settle();
    const answer = client.received.split("\r\n\r\n")[1]?.split(":")[0] ?? client.received.slice(9, 12);
    answers[answer] = (answers[answer] ?? 0) + 1;
    client.close();
    rig.net.settle();
  }
  return answers;
}

function statesOf(rig: EngineRig): string[] {
  const statuses = rig.net.perform(() => rig.engine.ask({ kind: "backends", cluster_id: "app" }));
  return (statuses as BackendStatus[]).map(({ state, reason }) =>
    reason === undefined ? state : `${state}: ${reason}`,
  );
}

function changesOf(rig: EngineRig): string[] {
  return rig.backendChanges.map(({ backend_id, state, reason }) => `${backend_id} ${state}: ${reason}`);
}

test("a check is one small request on a connection of its own, closed after the response's head", () => {
  const { rig, backends } = rigWith(1);
  rig.net.advance(50);
  const [check] = backends[0]!.checks;
  assert.equal(
    check!.text,
    "GET /health HTTP/1.1\r\nHost: 10.0.0.1:80\r\nUser-Agent: kakehi-health-check/1\r\nAccept: */*\r\nConnection: close\r\n\r\n",
  );
  assert.equal(check!.peer.ending, "ended");
  assert.equal(rig.net.openCount, 0);
});

test("a check begins with a PROXY header that names no client, where the cluster sends one", () => {
  const { rig, backends } = rigWith(1);
  for (const [version, header] of [
    ["v1", "PROXY UNKNOWN\r\n"],
    ["v2", "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"],
  ] as const) {
    backends[0]!.checks.length = 0;
    rig.cluster("app", { health_check: TERMS, send_proxy_protocol: version });
    rig.net.advance(50);
    const [check, ...others] = backends[0]!.checks;
    assert.equal(check?.text.split("HTTP/1.1", 1)[0], `${header}GET ${CHECK_PATH} `);
    assert.deepEqual(others, []);
  }
});

test("each backend is checked once in an interval, or up to a tenth earlier", () => {
  const { rig, backends } = rigWith(3);
  rig.net.advance(60_000);
  const lengths = new Set<number>();
  for (const { checks } of backends) {
    assert.ok(checks.length >= 60 && checks.length <= 67, `${checks.length} checks in 60 intervals`);
    for (const [index, { atMs }] of checks.slice(1).entries()) {
      const betweenMs = atMs - checks[index]!.atMs;
      assert.ok(betweenMs > INTERVAL_MS * 0.9 - 1 && betweenMs <= INTERVAL_MS, `${betweenMs} ms`);
      lengths.add(betweenMs);
    }
  }
  assert.ok(lengths.size > 10, "they would stay in step");
});

test("a backend goes down after so many failures in a row, and comes up after so many passes", () => {
  const { rig, backends } = rigWith(2, { terms: { unhealthy: 2, healthy: 2 } });
  const [one] = backends;
  rig.net.advance(100);
  assert.deepEqual(answersOf(rig, 10), { "10.0.0.1": 5, "10.0.0.2": 5 });
  one!.health = 500;
  rig.net.advance(INTERVAL_MS);
  assert.deepEqual(changesOf(rig), [], "one failure is not enough");
  assert.deepEqual(answersOf(rig, 10), { "10.0.0.1": 5, "10.0.0.2": 5 });
  rig.net.advance(INTERVAL_MS);
  assert.deepEqual(changesOf(rig), ["1 down: status 500"]);
  assert.deepEqual(statesOf(rig), ["down: status 500", "up"]);
  assert.deepEqual(answersOf(rig, 10), { "10.0.0.2": 10 });
  one!.health = 204;
  rig.net.advance(INTERVAL_MS);
  assert.deepEqual(answersOf(rig, 10), { "10.0.0.2": 10 }, "one pass is not enough");
  rig.net.advance(INTERVAL_MS);
  assert.deepEqual(changesOf(rig).slice(1), ["1 up: its health checks pass"]);
  assert.deepEqual(answersOf(rig, 10), { "10.0.0.1": 5, "10.0.0.2": 5 });
  assert.deepEqual(statesOf(rig), ["up", "up"]);
});

test("a backend that flaps faster than its thresholds stays as it is", () => {
  const { rig, backends } = rigWith(1, { terms: { unhealthy: 2, healthy: 2 } });
  rig.net.advance(100);
  for (let round = 0; round < 20; round++) {
    backends[0]!.health = round % 2 === 0 ? 500 : 200;
    const before = backends[0]!.checks.length;
    while (backends[0]!.checks.length === before) rig.net.advance(10);
    rig.net.advance(10);
  }
  assert.deepEqual(changesOf(rig), []);
});

test("a new backend takes requests at once, and its first check decides about it", () => {
  const { rig } = rigWith(1, { terms: { interval_ms: 60_000 } });
  rig.net.advance(100);
  const failing = new CheckedBackend(rig.net, "10.0.0.9:80");
  failing.health = 503;
  rig.backend("app", "new", failing.address);
  assert.deepEqual(statesOf(rig), ["up", "up"]);
  rig.net.advance(100);
  assert.deepEqual(statesOf(rig), ["up", "down: status 503"]);
  assert.deepEqual(answersOf(rig, 4), { "10.0.0.1": 4 });
});

test("when all are down, requests are shared among all, and a backup is still the last", () => {
  const { rig, backends } = rigWith(3);
  for (const backend of backends) backend.health = 500;
  rig.backend("app", "3", backends[2]!.address, { backup: true });
  rig.net.advance(100);
  assert.deepEqual(statesOf(rig), Array<string>(3).fill("down: status 500"));
  assert.deepEqual(answersOf(rig, 10), { "10.0.0.1": 5, "10.0.0.2": 5 });
});

for (const [what, health, reason] of [
  ["a status that is not wanted", 404, "status 404"],
  ["a redirect", 302, "status 302"],
  ["silence", undefined, "timed out after 200 ms"],
  ["bytes that are no HTTP", "SSH-2.0-OpenSSH\r\n", "malformed response (H1_BAD_VERSION)"],
  [
    "a head that never ends",
    `HTTP/1.1 200 OK\r\nX: ${"x".repeat(20_000)}`,
    "malformed response (H1_HEAD_TOO_LARGE)",
  ],
  ["half a head", "HTTP/1.1 200 O", "timed out after 200 ms"],
  [
    "an upgrade",
    "HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    "status 101, which was not asked for",
  ],
  ["interim responses without end", "HTTP/1.1 103 Hints\r\n\r\n".repeat(50), "too many interim responses"],
] as const) {
  for (const pieces of ["whole", "bytes"] as const) {
    test(`${what} fails a check (${pieces})`, () => {
      const { rig, backends } = rigWith(1, { sim: { pieces } });
      backends[0]!.health = health;
      rig.net.advance(500);
      assert.deepEqual(changesOf(rig), [`1 down: ${reason}`]);
      rig.net.perform(() => rig.engine.stop(0));
      rig.net.advance(100);
      rig.assertAtRest();
    });
  }
}

test("an interim response before the final one passes a check", () => {
  const { rig, backends } = rigWith(1);
  backends[0]!.health = "HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
  rig.net.advance(5_000);
  assert.deepEqual(changesOf(rig), []);
  assert.ok(backends[0]!.checks.length > 3);
});

for (const [mode, reason] of [
  ["refused", "connection refused"],
  ["unreachable", "unreachable"],
  ["reset", "connection reset"],
  ["silent", "timed out after 200 ms"],
] as const) {
  test(`an address that is ${mode} fails a check`, () => {
    const { rig, backends } = rigWith(1);
    rig.net.backend(backends[0]!.address).mode = mode;
    rig.net.advance(500);
    assert.deepEqual(changesOf(rig), [`1 down: ${reason}`]);
  });
}

test("a connection that ends before a response fails a check", () => {
  const { rig, backends } = rigWith(1);
  rig.net.backend(backends[0]!.address).onConnection = (peer) => void peer.close();
  rig.net.advance(100);
  assert.deepEqual(changesOf(rig), ["1 down: the connection ended before a response"]);
});

test("only the statuses that are wanted pass", () => {
  const { rig, backends } = rigWith(2, { terms: { status: [204, 401] } });
  backends[0]!.health = 401;
  rig.net.advance(100);
  assert.deepEqual(changesOf(rig), ["2 down: status 200"]);
});

test("a sticky client leaves a backend that is down while another is up, and comes back if all are down", () => {
  const { rig, backends } = rigWith(2);
  rig.cluster("app", { health_check: TERMS, sticky_session: true });
  rig.backend("app", "1", backends[0]!.address, { sticky_id: "s-1" });
  const cookie = "Cookie: KAKEHI_STICKY=s-1\r\n";
  rig.net.advance(100);
  assert.deepEqual(answersOf(rig, 4, cookie), { "10.0.0.1": 4 });
  backends[0]!.health = 500;
  rig.net.advance(3 * INTERVAL_MS);
  assert.deepEqual(answersOf(rig, 4, cookie), { "10.0.0.2": 4 });
  backends[1]!.health = 500;
  rig.net.advance(3 * INTERVAL_MS);
  assert.deepEqual(statesOf(rig), ["down: status 500", "down: status 500"]);
  assert.deepEqual(answersOf(rig, 4, cookie), { "10.0.0.1": 4 });
});

test("a check that we cannot make counts neither way, and is tried again soon", () => {
  const { rig, backends } = rigWith(1, { terms: { interval_ms: 60_000 } });
  rig.net.backend(backends[0]!.address).mode = "no-resources";
  rig.net.advance(2_000);
  assert.deepEqual(changesOf(rig), []);
  assert.ok(rig.net.backend(backends[0]!.address).attempts >= 5);
  rig.net.backend(backends[0]!.address).mode = "accepts";
  rig.net.advance(300);
  assert.equal(backends[0]!.checks.length, 1);
});

test("no connection number free: checks wait, clients keep theirs, and nobody is called down", () => {
  const { rig, backends } = rigWith(3, { sim: { connectionsMax: 4 }, terms: { interval_ms: 500 } });
  const clients = Array.from({ length: 4 }, () => rig.net.client(LISTENER));
  rig.net.settle();
  rig.net.advance(3_000);
  assert.deepEqual(changesOf(rig), []);
  const before = backends.map(({ checks }) => checks.length);
  for (const client of clients) client.close();
  rig.net.advance(1_500);
  for (const [index, { checks }] of backends.entries()) assert.ok(checks.length > before[index]!);
});

test("no more checks run at a time than the limit, and all get their turn", () => {
  const rig = new EngineRig({ connectionsMax: 512 }, { healthChecksMax: 5 });
  rig.cluster("app", { health_check: { ...TERMS, timeout_ms: 100, interval_ms: 2_000 } });
  const backends = Array.from({ length: 100 }, (_, index) => {
    const backend = new CheckedBackend(rig.net, `10.0.0.${index}:80`);
    backend.health = undefined;
    rig.backend("app", `${index}`, backend.address);
    return backend;
  });
  let most = 0;
  for (let ms = 0; ms < 4_000; ms += 5) {
    rig.net.advance(5);
    most = Math.max(most, rig.net.openCount);
  }
  assert.equal(most, 5);
  for (const { checks } of backends) assert.ok(checks.length > 0, "a backend never had its turn");
});

test("checks take their share of few connection numbers, and no more", () => {
  const { rig } = rigWith(0, { sim: { connectionsMax: 64 }, terms: { timeout_ms: 500 } });
  for (let host = 1; host <= 20; host++) {
    rig.net.backend(`10.0.1.${host}:80`).mode = "silent";
    rig.backend("app", `silent-${host}`, `10.0.1.${host}:80`);
  }
  rig.net.advance(100);
  assert.equal(rig.net.openCount, 64 * ENGINE_LIMITS_DEFAULT.healthChecksShareMax);
});

test("ten thousand backends are not checked at one moment, neither at first nor later", () => {
  const rig = new EngineRig({ connectionsMax: 16_384, latencyMsMax: 0 }, { healthChecksMax: 1_024 });
  const first = rig.net.backend("10.0.0.1:80");
  const changes = Array.from({ length: 100 }, (_, index): Change[] => {
    const cluster_id = `app${index}`;
    rig.cluster(cluster_id, { health_check: { ...TERMS, interval_ms: 10_000 } });
    return Array.from({ length: 100 }, (_each, host) => {
      const backend_id = `${host}`;
      const address = `10.0.${index}.${host + 1}:80`;
      const after = { ...BACKEND_DEFAULTS, cluster_id, backend_id, address };
      return { kind: "backend", key: backendKey(after), after };
    });
  });
  rig.net.perform(() => rig.engine.apply(changes.flat(), []));
  let most = 0;
  for (let ms = 0; ms < 20_000; ms += 100) {
    const before = rig.backendChanges.length;
    rig.net.advance(100);
    most = Math.max(most, rig.backendChanges.length - before);
  }
  assert.equal(rig.backendChanges.length, 10_000, "each was checked, and refused");
  assert.ok(most < 1_000, `${most} first checks within 100 ms`);
  assert.ok(first.attempts >= 2 && first.attempts <= 3, `${first.attempts} checks in two intervals`);
});

test("a health check that comes, changes and goes with its cluster acts at once", () => {
  const { rig, backends } = rigWith(2);
  const [one] = backends;
  one!.health = 500;
  rig.net.advance(100);
  assert.deepEqual(statesOf(rig), ["down: status 500", "up"]);
  rig.cluster("app");
  assert.deepEqual(statesOf(rig), ["up", "up"]);
  assert.deepEqual(changesOf(rig).slice(1), ["1 up: it is not checked any more"]);
  const before = one!.checks.length;
  rig.net.advance(5_000);
  assert.equal(one!.checks.length, before, "no check any more");
  rig.cluster("app", { health_check: TERMS });
  rig.net.advance(100);
  assert.deepEqual(statesOf(rig), ["down: status 500", "up"]);
  rig.cluster("app", { health_check: { ...TERMS, status: [500], healthy: 2 } });
  assert.deepEqual(statesOf(rig), ["down: status 500", "up"], "other terms keep the verdict");
  rig.net.advance(INTERVAL_MS * 3 + 100);
  assert.deepEqual(statesOf(rig), ["up", "down: status 200"]);
});

test("a checked cluster that comes in a staged change is checked from its moment on", () => {
  const { rig } = rigWith(0);
  const backend = new CheckedBackend(rig.net, "10.0.0.9:80");
  backend.health = 500;
  const cluster = { ...CLUSTER_DEFAULTS, cluster_id: "staged", health_check: TERMS };
  const one = { ...BACKEND_DEFAULTS, cluster_id: "staged", backend_id: "1", address: backend.address };
  const changes: Change[] = [
    { kind: "cluster", key: "staged", after: cluster },
    { kind: "backend", key: backendKey(one), after: one },
  ];
  rig.net.perform(() => rig.engine.stage(changes));
  rig.net.advance(100);
  assert.equal(backend.checks.length, 0);
  rig.net.perform(() => rig.engine.apply([], []));
  rig.net.advance(100);
  assert.deepEqual(changesOf(rig), ["1 down: status 500"]);
});

test("other terms begin to count anew", () => {
  const { rig, backends } = rigWith(1, { terms: { unhealthy: 2 } });
  rig.net.advance(100);
  backends[0]!.health = 500;
  rig.net.advance(INTERVAL_MS);
  rig.cluster("app", { health_check: { ...TERMS, unhealthy: 2, timeout_ms: 100 } });
  rig.net.advance(50);
  assert.equal(backends[0]!.checks.length, 3);
  assert.deepEqual(statesOf(rig), ["up"], "the failure before does not count any more");
  rig.net.advance(INTERVAL_MS);
  assert.deepEqual(statesOf(rig), ["down: status 500"]);
});

test("a change that leaves the health check as it is does not begin it anew", () => {
  const { rig, backends } = rigWith(1, { terms: { interval_ms: 10_000 } });
  rig.net.advance(100);
  for (let round = 0; round < 50; round++) {
    rig.cluster("app", { load_balancing: "random", health_check: { ...TERMS, interval_ms: 10_000 } });
    rig.backend("app", "1", backends[0]!.address, { weight: round });
    rig.net.advance(10);
  }
  assert.equal(backends[0]!.checks.length, 1);
});

test("another address is another backend: it takes requests until its own first check", () => {
  const { rig, backends } = rigWith(2);
  backends[0]!.health = 500;
  rig.net.advance(100);
  const moved = new CheckedBackend(rig.net, "10.0.0.9:80");
  rig.backend("app", "1", moved.address);
  assert.deepEqual(statesOf(rig), ["up", "up"]);
  const before = backends[0]!.checks.length;
  rig.net.advance(2 * INTERVAL_MS);
  assert.equal(backends[0]!.checks.length, before);
  assert.ok(moved.checks.length > 0);
  assert.deepEqual(statesOf(rig), ["up", "up"]);
});

test("a removed backend's check is closed at once, and no drain waits for it", () => {
  const { rig, backends } = rigWith(1, { terms: { timeout_ms: 60_000 } });
  backends[0]!.health = undefined;
  rig.net.advance(100);
  assert.equal(rig.net.openCount, 1);
  const drain = rig.remove("backend", "app 1");
  assert.equal(rig.drains.get(drain), 0);
  assert.equal(rig.net.openCount, 0);
  rig.net.advance(5_000);
  assert.equal(backends[0]!.checks.length, 1);
});

test("a removed cluster's backends are checked no more", () => {
  const { rig, backends } = rigWith(2);
  rig.net.advance(100);
  rig.remove("cluster", "app");
  const before = backends.map(({ checks }) => checks.length);
  rig.net.advance(5_000);
  assert.deepEqual(
    backends.map(({ checks }) => checks.length),
    before,
  );
});

test("a worker that leaves checks no more, whatever still changes", () => {
  const { rig, backends } = rigWith(1, { terms: { timeout_ms: 60_000 } });
  backends[0]!.health = undefined;
  rig.net.advance(100);
  rig.net.perform(() => rig.engine.stop(undefined));
  const late = new CheckedBackend(rig.net, "10.0.0.9:80");
  rig.backend("app", "late", late.address);
  rig.net.advance(5_000);
  assert.deepEqual([backends[0]!.checks.length, late.checks.length], [1, 0]);
  assert.equal(rig.stopped, 1);
  rig.assertAtRest();
});

test("exchanges in progress with a backend that goes down are not cut", () => {
  const { rig, backends } = rigWith(1, { terms: { unhealthy: 1 } });
  rig.net.advance(100);
  let held: (() => void) | undefined;
  const serve = rig.net.backend(backends[0]!.address).onConnection!;
  rig.net.backend(backends[0]!.address).onConnection = (peer) => {
    if (held !== undefined) return serve(peer);
    held = () => void peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate");
  };
  const client = rig.net.client(LISTENER).send("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n");
  rig.net.settle();
  backends[0]!.health = 500;
  rig.net.advance(2 * INTERVAL_MS);
  assert.deepEqual(statesOf(rig), ["down: status 500"]);
  held!();
  rig.net.settle();
  assert.match(client.received, /^HTTP\/1\.1 200 [^]*late$/);
});

test("a passive rest ends at a check that passes, and a pass of requests does not end being down", () => {
  const { rig, backends } = rigWith(1, { terms: { healthy: 5 } });
  rig.net.advance(100);
  rig.net.backend(backends[0]!.address).mode = "refused";
  answersOf(rig, 3);
  assert.deepEqual(statesOf(rig), ["resting"]);
  rig.net.backend(backends[0]!.address).mode = "accepts";
  rig.net.advance(INTERVAL_MS - 50);
  assert.deepEqual(statesOf(rig), ["up"]);
  backends[0]!.health = 500;
  rig.net.advance(3 * INTERVAL_MS);
  assert.deepEqual(statesOf(rig), ["down: status 500"]);
  assert.deepEqual(answersOf(rig, 3), { "10.0.0.1": 3 }, "it is the only one");
  assert.deepEqual(statesOf(rig), ["down: status 500"]);
});

test("the same seed gives the same checks at the same times, another seed others", () => {
  const timesOf = (seed: number): number[] => {
    const { rig, backends } = rigWith(5, { sim: { seed, latencyMsMax: 10 } });
    rig.net.advance(10_000);
    return backends.flatMap(({ checks }) => checks.map(({ atMs }) => atMs));
  };
  assert.deepEqual(timesOf(1), timesOf(1));
  assert.notDeepEqual(timesOf(1), timesOf(2));
});
