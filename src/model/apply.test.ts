import assert from "node:assert/strict";
import { test } from "node:test";
import {
  applyAll,
  readChangeOrder,
  refusalOf,
  SMALL,
  stateOf,
  type Written,
} from "../../testing/model/orders.ts";
import { applyOrders } from "./apply.ts";
import { STATE_LIMITS } from "./limits.ts";
import { State } from "./state.ts";

const LISTENER = "127.0.0.1:8080";
const regexFrontend = (regex: string, listener = LISTENER): Written => [
  "ADD_FRONTEND",
  { listener, hostname: "example.com", path: { regex }, deny: true },
];
const removal = (name: string, key: object): Written => [`REMOVE_${name}`, key];

test("each addition says what it did, and makes one change", () => {
  const state = new State();
  const messages = SMALL.map((written) => {
    const { changes, message } = applyAll(state, written);
    assert.equal(changes.length, 1);
    return message;
  });
  assert.deepEqual(messages, [
    "listener 127.0.0.1:8080 added",
    "cluster app added",
    "backend app-1 added to cluster app",
    "frontend 127.0.0.1:8080 example.com (any) prefix / added to cluster app",
  ]);
});

test("adding the same again is no change", () => {
  const state = stateOf(...SMALL);
  for (const written of SMALL) assert.deepEqual(applyAll(state, written).changes, []);
});

test("EXISTS: adding something different under the same key shows what stands there", () => {
  const state = stateOf(...SMALL);
  const error = refusalOf(state, [
    "ADD_BACKEND",
    { cluster_id: "app", backend_id: "app-1", address: "127.0.0.1:9002" },
  ]);
  assert.equal(error.code, "EXISTS");
  assert.deepEqual(error.existing, state.backends.get("app app-1"));
  assert.equal(
    refusalOf(state, ["ADD_CLUSTER", { cluster_id: "app", load_balancing: "random" }]).code,
    "EXISTS",
  );
  const frontend = { listener: LISTENER, hostname: "example.com", deny: true };
  assert.equal(refusalOf(state, ["ADD_FRONTEND", frontend]).code, "EXISTS");
  const listener = { address: LISTENER, protocol: "http", front_timeout_ms: 1 };
  assert.equal(refusalOf(state, ["ADD_LISTENER", listener]).code, "EXISTS");
});

test("NOT_FOUND: removing or updating what is not there suggests what is", () => {
  const state = stateOf(...SMALL);
  const backend = refusalOf(state, removal("BACKEND", { cluster_id: "app", backend_id: "app-2" }));
  assert.deepEqual([backend.code, backend.field], ["NOT_FOUND", "data.backend_id"]);
  assert.equal(backend.message, 'backend "app-2" of cluster app does not exist; did you mean "app-1"?');
  const ofOther = refusalOf(state, removal("BACKEND", { cluster_id: "ap", backend_id: "app-1" }));
  assert.deepEqual([ofOther.code, ofOther.field], ["NOT_FOUND", "data.cluster_id"]);
  assert.equal(ofOther.message, 'cluster "ap" does not exist; did you mean "app"?');
  const cluster = refusalOf(state, removal("CLUSTER", { cluster_id: "ap" }));
  assert.equal(cluster.message, 'cluster "ap" does not exist; did you mean "app"?');
  const listener = refusalOf(state, removal("LISTENER", { address: "127.0.0.1:8081" }));
  assert.equal(listener.message, 'listener 127.0.0.1:8081 does not exist; did you mean "127.0.0.1:8080"?');
  const frontend = refusalOf(state, removal("FRONTEND", { listener: LISTENER, hostname: "exampl.com" }));
  assert.match(frontend.message, /did you mean "127.0.0.1:8080 example.com \(any\) prefix \/"\?/);
  for (const update of [
    ["UPDATE_LISTENER", { address: "127.0.0.1:1" }],
    ["UPDATE_CLUSTER", { cluster_id: "x" }],
    ["UPDATE_BACKEND", { cluster_id: "app", backend_id: "x" }],
  ] as const) {
    assert.equal(refusalOf(state, update).code, "NOT_FOUND");
  }
});

test("UNKNOWN_CLUSTER: a backend needs its cluster", () => {
  const error = refusalOf(stateOf(...SMALL), [
    "ADD_BACKEND",
    { cluster_id: "ap", backend_id: "app-1", address: "127.0.0.1:9001" },
  ]);
  assert.deepEqual([error.code, error.field], ["UNKNOWN_CLUSTER", "data.cluster_id"]);
  assert.equal(error.message, 'cluster "ap" does not exist; did you mean "app"?');
});

test("UNKNOWN_LISTENER: a frontend needs its listener", () => {
  const error = refusalOf(stateOf(...SMALL), regexFrontend("/a", "127.0.0.1:8081"));
  assert.deepEqual([error.code, error.field], ["UNKNOWN_LISTENER", "data.listener"]);
});

test("a frontend may name a cluster that does not exist yet, and the message says so", () => {
  const state = stateOf(SMALL[0]!);
  assert.match(applyAll(state, SMALL[3]!).message, /cluster app, which does not exist yet: requests get 503/);
  assert.equal(applyAll(state, SMALL[1]!).message, "cluster app added; 1 frontend named it already");
});

test("IN_USE: a cluster that a frontend names stays, unless the order cascades", () => {
  const state = stateOf(...SMALL);
  const error = refusalOf(state, removal("CLUSTER", { cluster_id: "app" }));
  assert.deepEqual([error.code, error.field], ["IN_USE", "data.cluster_id"]);
  assert.match(error.message, /named by 1 frontend \(127.0.0.1:8080 example.com \(any\) prefix \/\)/);
  const { changes, message } = applyAll(state, removal("CLUSTER", { cluster_id: "app", cascade: true }));
  assert.deepEqual(
    changes.map((change) => change.kind),
    ["frontend", "backend", "cluster"],
  );
  assert.equal(message, "cluster app removed with 1 frontend and 1 backend");
  assert.deepEqual(state.sizes(), { listener: 1, cluster: 0, frontend: 0, backend: 0, certificate: 0 });
});

test("a cluster that nothing names takes its backends with it", () => {
  const state = stateOf(...SMALL.slice(0, 3));
  assert.equal(
    applyAll(state, removal("CLUSTER", { cluster_id: "app" })).message,
    "cluster app removed with 1 backend",
  );
  assert.equal(state.backends.size, 0);
});

test("a listener takes its frontends with it, and no others", () => {
  const other = "127.0.0.1:8081";
  const state = stateOf(
    ...SMALL,
    ["ADD_LISTENER", { address: other, protocol: "http" }],
    regexFrontend("/a", other),
  );
  const { message } = applyAll(state, removal("LISTENER", { address: LISTENER }));
  assert.equal(message, "listener 127.0.0.1:8080 removed with 1 frontend");
  assert.deepEqual(
    [...state.frontends.values()].map(({ listener }) => listener),
    [other],
  );
});

test("an update changes the fields that it has, and null gives the default", () => {
  const state = stateOf(...SMALL);
  const key = { cluster_id: "app", backend_id: "app-1" };
  applyAll(state, ["UPDATE_BACKEND", { ...key, weight: 5, backup: true }]);
  assert.partialDeepStrictEqual(state.backends.get("app app-1"), {
    weight: 5,
    backup: true,
    address: "127.0.0.1:9001",
  });
  applyAll(state, ["UPDATE_BACKEND", { ...key, weight: null, address: "127.0.0.1:9002" }]);
  assert.partialDeepStrictEqual(state.backends.get("app app-1"), {
    weight: 100,
    backup: true,
    address: "127.0.0.1:9002",
  });
  applyAll(state, [
    "UPDATE_LISTENER",
    { address: LISTENER, public_address: "192.0.2.1:80", front_timeout_ms: 5 },
  ]);
  assert.partialDeepStrictEqual(state.listeners.get(LISTENER), {
    public_address: "192.0.2.1:80",
    front_timeout_ms: 5,
  });
  applyAll(state, ["UPDATE_LISTENER", { address: LISTENER, public_address: null, front_timeout_ms: null }]);
  assert.equal(
    state.hash(),
    stateOf(...SMALL.slice(0, 2), ["ADD_BACKEND", state.backends.get("app app-1")!], SMALL[3]!).hash(),
  );
});

test("an update to what is already so is no change", () => {
  const state = stateOf(...SMALL);
  assert.deepEqual(
    applyAll(state, ["UPDATE_CLUSTER", { cluster_id: "app", load_balancing: null }]).changes,
    [],
  );
  assert.deepEqual(applyAll(state, ["UPDATE_CLUSTER", { cluster_id: "app" }]).changes, []);
});

test("LIMIT_EXCEEDED: each limit holds one object back, and what is there already is still so", () => {
  const state = stateOf(...SMALL, regexFrontend("/a"));
  const full = (limit: object) => ({ ...STATE_LIMITS, ...limit });
  const cases: readonly (readonly [Written, object])[] = [
    [["ADD_LISTENER", { address: "127.0.0.1:8081", protocol: "http" }], { listenersMax: 1 }],
    [regexFrontend("/b"), { regexFrontendsMax: 1 }],
    [
      ["ADD_BACKEND", { cluster_id: "app", backend_id: "x", address: "127.0.0.1:1" }],
      { backendsPerClusterMax: 1 },
    ],
    [["ADD_CLUSTER", { cluster_id: "x" }], { objectsMax: 5 }],
  ];
  for (const [written, limit] of cases) {
    const error = refusalOf(state, written, full(limit));
    assert.equal(error.code, "LIMIT_EXCEEDED", JSON.stringify(limit));
    const again = applyOrders(
      state,
      [readChangeOrder(SMALL[0]!), readChangeOrder(regexFrontend("/a"))],
      full(limit),
    );
    assert.deepEqual(again, { ok: true, value: [] });
  }
});

test("of several orders all are applied, or none: the failure names the one", () => {
  const state = stateOf(...SMALL);
  const hash = state.hash();
  const orders = [
    ["ADD_CLUSTER", { cluster_id: "new" }],
    removal("LISTENER", { address: LISTENER }),
    removal("CLUSTER", { cluster_id: "missing" }),
  ] as const;
  const applied = applyOrders(state, orders.map(readChangeOrder));
  assert.ok(!applied.ok);
  assert.deepEqual([applied.error.index, applied.error.error.code], [2, "NOT_FOUND"]);
  assert.equal(state.hash(), hash);
});

test("regex frontends are tried in the order added, each host's on its own", () => {
  const state = stateOf(SMALL[0]!, regexFrontend("/b"), regexFrontend("/a"), regexFrontend("/c"));
  const group = `${LISTENER} example.com`;
  const order = () => state.regexKeysOf(group).map((key) => key.at(-1));
  assert.deepEqual(order(), ["b", "a", "c"]);
  applyAll(
    state,
    removal("FRONTEND", { listener: LISTENER, hostname: "example.com", path: { regex: "/a" } }),
  );
  assert.deepEqual(order(), ["b", "c"]);
  applyAll(state, regexFrontend("/a"));
  assert.deepEqual(order(), ["b", "c", "a"]);
  assert.notEqual(
    state.hash(),
    stateOf(SMALL[0]!, regexFrontend("/b"), regexFrontend("/a"), regexFrontend("/c")).hash(),
  );
});
