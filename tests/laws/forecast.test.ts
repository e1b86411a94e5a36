/**
 * What a forecast says is what then happens: requests are routed by the worker's own router, before and
 * after, over random configurations and random orders.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { applyOrder, applyOrders } from "../../src/model/apply.ts";
import type { Forecast } from "../../src/model/answer-data.ts";
import type { Change } from "../../src/model/channel.ts";
import { additionsOf } from "../../src/model/dump.ts";
import { requestOf } from "../../src/model/forecast/request-of.ts";
import { takeBackAndForecast } from "../../src/model/forecast/forecast.ts";
import { RuleFinder } from "../../src/model/forecast/rule-finder.ts";
import { frontendKey } from "../../src/model/keys.ts";
import { netOf } from "../../src/model/net-changes.ts";
import type { Certificate, Frontend } from "../../src/model/objects.ts";
import { State } from "../../src/model/state.ts";
import { Router } from "../../src/routing/router.ts";
import { readChangeOrder, type Written } from "../../testing/model/orders.ts";

const LISTENER = "127.0.0.1:8443";
const hostname = fc.constantFrom("a.example", "x.b.example", "y.b.example", "*.b.example", "*.example", "*");
const path = fc.oneof(
  fc.constantFrom("/", "/api", "/api/", "/login").map((prefix) => ({ prefix })),
  fc.constantFrom("/", "/api/x", "/login", "/v1").map((exact) => ({ exact })),
  fc
    .constantFrom(
      "/.*",
      "/api/.*",
      "/api/[a-z]+",
      "/login",
      "/v\\d+(/.*)?",
      "/(ax|bx)",
      "/api.x",
      ".*/x",
      "/a|/v1",
    )
    .map((regex) => ({ regex })),
);
const method = fc.constantFrom({}, {}, { method: "GET" }, { method: "POST" });
const end = fc.constantFrom({ cluster_id: "a" }, { cluster_id: "b" }, { cluster_id: "c" }, { deny: true });
const key = fc
  .tuple(hostname, path, method)
  .map(([h, p, m]) => ({ listener: LISTENER, hostname: h, path: p, ...m }));
const fingerprint = fc.constantFrom("aa".repeat(32), "bb".repeat(32), "cc".repeat(32));
const names = fc.constantFrom(
  ["a.example"],
  ["*.b.example"],
  ["x.b.example", "other.example"],
  ["deep.x.b.example"],
  ["*.example"],
);
const rest = {
  certificate: "Q0U=",
  chain: [],
  key: "S0U=",
  key_type: "rsa",
  not_before_ms: 0,
  not_after_ms: 1,
};
const order: fc.Arbitrary<Written> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(key, end).map(([k, e]): Written => ["ADD_FRONTEND", { ...k, ...e }]) },
  { weight: 3, arbitrary: key.map((k): Written => ["REMOVE_FRONTEND", k]) },
  fc
    .tuple(fingerprint, names)
    .map(([f, n]): Written => ["ADD_CERTIFICATE", { listener: LISTENER, fingerprint: f, names: n, ...rest }]),
  fingerprint.map((f): Written => ["REMOVE_CERTIFICATE", { listener: LISTENER, fingerprint: f }]),
  fc
    .option(fingerprint)
    .map((f): Written => ["UPDATE_LISTENER", { address: LISTENER, default_certificate: f }]),
);
const orders = fc.array(order, { maxLength: 25, size: "max" });
const request = fc.record({
  host: fc.constantFrom("a.example", "x.b.example", "z.b.example", "deep.x.b.example", "other"),
  path: fc.constantFrom(
    "/",
    "/api",
    "/api/",
    "/api/x",
    "/api/9",
    "/apis",
    "/login",
    "/v1",
    "/v1/a",
    "/ax",
    "/a",
  ),
  method: fc.constantFrom("GET", "POST", "PUT"),
});

function build(written: readonly Written[]): State {
  const state = new State();
  const listener: Written = ["ADD_LISTENER", { address: LISTENER, protocol: "https" }];
  for (const one of [listener, ...written]) applyOrder(state, readChangeOrder(one));
  return state;
}

function routerOf(state: State): Router {
  const router = new Router();
  for (const { kind, after } of additionsOf(state)) if (kind === "frontend") router.add(after as Frontend);
  return router;
}

function chosen(router: Router, of: { host: string; path: string; method?: string | undefined }) {
  return router.explain(of.host, of.path, of.method ?? "(any)").chosen;
}

interface Run {
  readonly before: Router;
  readonly after: Router;
  readonly states: readonly [State, State];
  readonly net: readonly Change[];
  readonly forecast: Forecast;
}

/** Forecasts what can be applied of `more`, and then applies it. */
function run(one: readonly Written[], more: readonly Written[]): Run {
  const [old, state] = [build(one), build(one)];
  const hash = state.hash();
  const valid: ReturnType<typeof readChangeOrder>[] = [];
  const changes: Change[] = [];
  for (const each of more.map(readChangeOrder)) {
    const applied = applyOrder(state, each);
    if (!applied.ok) continue;
    valid.push(each);
    changes.push(...applied.value.changes);
  }
  const forecast = takeBackAndForecast(state, changes, { lookupsMax: Infinity, namedMax: Infinity });
  assert.equal(state.hash(), hash, "a forecast changes nothing");
  assert.ok(applyOrders(state, valid).ok);
  return {
    before: routerOf(old),
    after: routerOf(state),
    states: [old, state],
    net: netOf(changes),
    forecast,
  };
}

const runs = { numRuns: 150 };

test("who takes a request is found as the router finds it", () => {
  fc.assert(
    fc.property(orders, request, (one, asked) => {
      const state = build(one);
      const found = new RuleFinder(Infinity).find(state, { listener: LISTENER, ...asked });
      assert.deepEqual(found, chosen(routerOf(state), asked));
    }),
    { numRuns: 500 },
  );
});

test("requests that a forecast moves go from there to there, and those of no other changed rule do", () => {
  const seen = { moved: 0 };
  fc.assert(
    fc.property(orders, orders, (one, more) => {
      const { before, after, net, forecast } = run(one, more);
      const moved = new Map(forecast.moved_requests.items.map((item) => [frontendKey(item), item]));
      for (const { kind, key, before: was, after: is } of net) {
        const point = kind === "frontend" ? requestOf((is ?? was) as Frontend) : undefined;
        if (point === undefined) continue;
        const [from, to] = [endOf(chosen(before, point)), endOf(chosen(after, point))];
        const item = moved.get(key);
        assert.deepEqual(
          [item?.from ?? null, item?.to ?? null],
          from === to ? [null, null] : [from, to].map(parsed),
        );
        seen.moved += from === to ? 0 : 1;
      }
      assert.equal(forecast.moved_requests.total, moved.size);
      assert.equal(forecast.not_looked_at, 0);
    }),
    runs,
  );
  assert.ok(seen.moved > 100, `${seen.moved} were moved`);
});

test("a request that goes elsewhere is one of a rule that changed", () => {
  fc.assert(
    fc.property(orders, orders, fc.array(request, { maxLength: 20 }), (one, more, asked) => {
      const { before, after, net } = run(one, more);
      for (const each of asked) {
        const ends = [chosen(before, each), chosen(after, each)];
        if (endOf(ends[0]) === endOf(ends[1])) continue;
        assert.ok(ends.some((end) => end !== undefined && net.some(({ key }) => key === frontendKey(end))));
      }
    }),
    runs,
  );
});

test("a rule that is foretold to be shadowed takes no request any more", () => {
  const seen = { shadowed: 0 };
  fc.assert(
    fc.property(orders, orders, fc.array(request, { minLength: 40, maxLength: 40 }), (one, more, asked) => {
      const { after, forecast, states } = run(one, more);
      for (const { key: shadowed, by } of forecast.shadowed.items) {
        seen.shadowed++;
        assert.ok(states[1].frontends.has(by));
        const own = requestOf(states[1].frontends.get(shadowed)!);
        for (const each of own === undefined ? asked : [...asked, own]) {
          const found = chosen(after, each);
          assert.notEqual(found && frontendKey(found), shadowed);
        }
      }
    }),
    runs,
  );
  assert.ok(seen.shadowed > 10, `${seen.shadowed} were shadowed`);
});

test("certificates are left unused by those orders that take the last hostname of their names", () => {
  const seen = { unused: 0 };
  fc.assert(
    fc.property(orders, fc.uniqueArray(hostname), (one, gone) => {
      const { states, forecast } = run(one, removalsOf(one, gone));
      const [old, now] = states;
      const left: string[] = [];
      for (const [at, certificate] of now.certificates) {
        const same = old.certificates.get(at)?.names.join() === certificate.names.join();
        if (same && isUsed(old, certificate) && !isUsed(now, certificate)) left.push(certificate.fingerprint);
      }
      const told = forecast.unused_certificates.items.map((item) => item.fingerprint);
      const others = told.filter((each) => !left.includes(each));
      assert.deepEqual(
        left.filter((each) => !told.includes(each)),
        [],
      );
      for (const each of others) assert.ok(!isUsed(now, now.certificates.get(`${LISTENER} ${each}`)!));
      seen.unused += left.length;
    }),
    runs,
  );
  assert.ok(seen.unused > 20, `${seen.unused} were left unused`);
});

/** The removals of all frontends of some hostnames. */
function removalsOf(one: readonly Written[], hostnames: readonly string[]): Written[] {
  const gone = [...build(one).frontends.values()].filter((frontend) => hostnames.includes(frontend.hostname));
  return gone.map(({ listener, hostname: of, path: rule, method: by }) => {
    return [
      "REMOVE_FRONTEND",
      { listener, hostname: of, path: rule, ...(by !== undefined && { method: by }) },
    ];
  });
}

function endOf(frontend: Frontend | undefined): string | undefined {
  if (frontend === undefined) return undefined;
  const { cluster_id, deny } = frontend;
  return JSON.stringify(deny ? { deny } : { cluster_id });
}

function parsed(end: string | undefined): unknown {
  return end === undefined ? null : JSON.parse(end);
}

/** By looking at every frontend. */
function isUsed(state: State, { fingerprint: print, names: all }: Certificate): boolean {
  if (state.listeners.get(LISTENER)!.default_certificate === print) return true;
  const hosts = [...state.frontends.values()].map((frontend) => frontend.hostname);
  return all.some((name) => hosts.some((host) => meet(name, host)));
}

function meet(name: string, host: string): boolean {
  if (host === "*" || host === name) return true;
  if (host.startsWith("*.")) return name.endsWith(host.slice(1));
  return name.startsWith("*.") && host.slice(host.indexOf(".")) === name.slice(1);
}
