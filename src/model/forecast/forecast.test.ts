import assert from "node:assert/strict";
import { test } from "node:test";
import { applyAll, stateOf, type Written } from "../../../testing/model/orders.ts";
import type { Forecast } from "../answer-data.ts";
import type { Change } from "../channel.ts";
import { type ForecastLimits, takeBackAndForecast } from "./forecast.ts";
import { requestOf } from "./request-of.ts";

const LISTENER = "127.0.0.1:8443";
const ONE: Written = ["ADD_LISTENER", { address: LISTENER, protocol: "https" }];

function frontend(hostname: string, path: object, cluster_id = "app", more: object = {}): Written {
  return ["ADD_FRONTEND", { listener: LISTENER, hostname, path, cluster_id, ...more }];
}

function removal(hostname: string, path: object): Written {
  return ["REMOVE_FRONTEND", { listener: LISTENER, hostname, path }];
}

function certificate(letter: string, names: readonly string[]): Written {
  const texts = { certificate: "Q0U=", chain: [], key: "S0VZ", key_type: "rsa" };
  const valid = { not_before_ms: 0, not_after_ms: 1 };
  const fingerprint = letter.repeat(64);
  return ["ADD_CERTIFICATE", { listener: LISTENER, fingerprint, names, ...texts, ...valid }];
}

/** What `more` means to a configuration of `present`. */
function forecast(present: readonly Written[], more: readonly Written[], limits?: ForecastLimits): Forecast {
  const state = stateOf(ONE, ...present);
  const changes: Change[] = more.flatMap((written) => applyAll(state, written).changes);
  return takeBackAndForecast(state, changes, limits);
}

function shadowsOf(present: readonly Written[], ...more: readonly Written[]): readonly string[] {
  return forecast(present, more).shadowed.items.map(({ key, by }) => `${key} by ${by}`);
}

test("it says from where to where requests go: to another cluster, to a more general rule, to nobody", () => {
  const present = [
    frontend("*", { prefix: "/" }, "rest"),
    frontend("a.example", { prefix: "/" }, "a"),
    frontend("a.example", { exact: "/login" }, "a"),
  ];
  const rule = { listener: LISTENER, hostname: "a.example" };
  assert.deepEqual(forecast(present, [removal("a.example", { prefix: "/" })]).moved_requests.items, [
    { ...rule, path: { prefix: "/" }, from: { cluster_id: "a" }, to: { cluster_id: "rest" } },
  ]);
  assert.deepEqual(
    forecast(present, [removal("a.example", { exact: "/login" })]).moved_requests.items,
    [],
    "the prefix leads to the same cluster",
  );
  const nowhere = forecast(present, [removal("*", { prefix: "/" })]).moved_requests;
  assert.deepEqual(nowhere.items[0]?.to, null);
  const denied = [
    "ADD_FRONTEND",
    { ...rule, path: { prefix: "/admin" }, method: "POST", deny: true },
  ] as const;
  assert.deepEqual(forecast(present, [denied]).moved_requests.items, [
    { ...rule, path: { prefix: "/admin" }, method: "POST", from: { cluster_id: "a" }, to: { deny: true } },
  ]);
});

test("a regex is asked by a path that it matches, or not at all", () => {
  const asked = (regex: string): string | undefined =>
    requestOf({ listener: LISTENER, hostname: "a", path: { regex }, tags: {} })?.path;
  assert.equal(asked("/v\\d+(/x|/y)?\\.html"), "/v0/x.html");
  assert.equal(asked("/[a-z]{2}/.*"), undefined, "it repeats more than a small look can follow");
  assert.equal(asked("/[^/]+/b"), "/#/b");
  assert.equal(asked("b"), undefined);
});

test("rules that a regex covers wholly are shadowed by it; those that it covers in part are not", () => {
  const present = [
    frontend("a.example", { prefix: "/api/v1" }),
    frontend("a.example", { prefix: "/static" }),
    frontend("a.example", { exact: "/api/v2" }),
    frontend("b.example", { prefix: "/api" }),
  ];
  const prefix = `${LISTENER} a.example (any) prefix /api/v1`;
  const key = (regex: string): string => `${LISTENER} a.example (any) regex ${regex}`;
  const regex = (source: string): Written => frontend("a.example", { regex: source });
  assert.deepEqual(shadowsOf(present, regex("/api/.*")), [`${prefix} by ${key("/api/.*")}`]);
  assert.deepEqual(shadowsOf(present, regex("/api/v1/.*"), regex("/api/[a-z0-9]*")), []);
  assert.deepEqual(shadowsOf(present, frontend("a.example", { regex: "/.*" }, "app", { method: "GET" })), []);
  assert.deepEqual(
    shadowsOf([...present, regex("/.*")], regex("/x+/y")),
    [`${key("/x+/y")} by ${key("/.*")}`],
    "what stood in the shadow before is not named again",
  );
  assert.deepEqual(shadowsOf([...present, regex("/login")], frontend("a.example", { exact: "/login" })), [
    `${key("/login")} by ${LISTENER} a.example (any) exact /login`,
  ]);
});

test("certificates are left unused when the last hostname of their names goes", () => {
  const present = [
    frontend("www.a.example", { prefix: "/" }),
    frontend("api.a.example", { prefix: "/" }),
    certificate("a", ["www.a.example"]),
    certificate("b", ["*.a.example"]),
    certificate("c", ["never.used.example"]),
  ];
  const unusedBy = (...more: readonly Written[]): readonly unknown[] =>
    forecast(present, more).unused_certificates.items.map((item) => item.fingerprint[0]);
  const [www, api] = [removal("www.a.example", { prefix: "/" }), removal("api.a.example", { prefix: "/" })];
  assert.deepEqual(unusedBy(www), ["a"]);
  assert.deepEqual(unusedBy(www, api), ["a", "b"]);
  assert.deepEqual(unusedBy(www, api, frontend("*.example", { prefix: "/" })), []);
  const asDefault: Written = ["UPDATE_LISTENER", { address: LISTENER, default_certificate: "a".repeat(64) }];
  assert.deepEqual(unusedBy(www, asDefault), []);
  const [shown] = forecast(present, [www]).unused_certificates.items;
  assert.ok(!JSON.stringify(shown).includes("S0VZ"), "no key is shown");
});

test("all are counted and the first named; what the budget does not reach is counted apart", () => {
  const hosts = Array.from({ length: 50 }, (_, index) => `h${index}.example`);
  const more = hosts.map((hostname) => frontend(hostname, { prefix: "/" }));
  const told = forecast([], more, { lookupsMax: 100_000, namedMax: 3 });
  assert.deepEqual(
    [told.moved_requests.total, told.moved_requests.items.length, told.not_looked_at],
    [50, 3, 0],
  );
  const little = forecast([], more, { lookupsMax: 50, namedMax: 3 });
  assert.ok(little.not_looked_at > 0);
  assert.ok(little.moved_requests.total < 50);
});

test("it says who gets the requests of what would drain: the best that are left, a default response, nobody", () => {
  const backend = (backend_id: string, more: object = {}): Written => [
    "ADD_BACKEND",
    { cluster_id: "app", backend_id, address: "127.0.0.1:9001", ...more },
  ];
  const present: Written[] = [
    ["ADD_CLUSTER", { cluster_id: "app" }],
    backend("one"),
    backend("two"),
    backend("aside", { weight: 0 }),
    backend("spare", { backup: true }),
  ];
  const drain = (...ids: readonly string[]): Written[] =>
    ids.map((backend_id): Written => ["DRAIN", { cluster_id: "app", backend_id }]);
  const toOf = (...more: readonly Written[]): unknown =>
    forecast(present, more).drained_requests?.items.at(-1)?.to;
  const left = (...items: readonly string[]): object => ({
    cluster_id: "app",
    backends: { total: items.length, items },
  });
  assert.deepEqual(toOf(...drain("one")), left("two"));
  assert.deepEqual(toOf(...drain("one", "two")), left("spare"));
  assert.deepEqual(toOf(...drain("one", "two", "spare")), left("aside"));
  assert.deepEqual(toOf(...drain("one", "two", "spare", "aside")), { status: 503 });
  assert.deepEqual(toOf(["DRAIN", { cluster_id: "app" }]), { status: 503 });
  assert.equal(toOf(["DRAIN", { address: LISTENER }]), null);
  const { items } = forecast(present, [["DRAIN", { cluster_id: "app" }], ...drain("one")]).drained_requests!;
  assert.deepEqual(items[1], { kind: "backend", key: "app one", to: { status: 503 } });
  assert.equal(forecast([...present, ...drain("one")], drain("one")).drained_requests, undefined);
});
