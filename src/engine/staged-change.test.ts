import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { orderList } from "../../testing/model/configurations.ts";
import { readChangeOrder, type Written } from "../../testing/model/orders.ts";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import { applyOrder } from "../model/apply.ts";
import type { Change } from "../model/channel.ts";
import { State } from "../model/state.ts";
import type { RouteExplanation } from "../routing/explain.ts";

const LISTENER = "127.0.0.1:8080";

/** What an engine decides, for every question that the random configurations have an answer to. */
function decisionsOf({ engine }: EngineRig): unknown {
  const chosen: unknown[] = [];
  for (const listener of [LISTENER, "127.0.0.1:8081", "[::1]:8080"]) {
    for (const host of ["example.com", "www.example.com", "other"]) {
      for (const path of ["/", "/api/x", "/login", "/aaa", "/b", "/c", "/e"]) {
        for (const method of ["GET", "POST"]) {
          const question = { kind: "explain", listener, host, path, method } as const;
          chosen.push((engine.ask(question) as RouteExplanation | undefined)?.chosen);
        }
      }
    }
  }
  const clusters = ["a", "b", "c", "d"];
  return [chosen, clusters.map((cluster_id) => engine.ask({ kind: "backends", cluster_id }))];
}

/** The changes that these orders make, one after another; what is refused makes none. */
function changesOf(state: State, orders: readonly Written[]): Change[] {
  return orders.flatMap((written) => {
    const applied = applyOrder(state, readChangeOrder(written));
    return applied.ok ? applied.value.changes : [];
  });
}

test("what is staged decides nothing before its moment, and everything after it, as if it were applied whole", () => {
  fc.assert(
    fc.property(orderList, orderList, fc.nat(60), (first, second, parts) => {
      const state = new State();
      const before = changesOf(state, first);
      const changes = changesOf(state, second);
      const [staging, plain] = [new EngineRig({ seed: 1 }), new EngineRig({ seed: 1 })];
      for (const { engine } of [staging, plain]) engine.apply(before, []);
      const decided = decisionsOf(plain);
      const middle = Math.min(parts, changes.length);
      for (const change of changes.slice(0, middle)) staging.engine.stage([change]);
      assert.deepEqual(decisionsOf(staging), decided);
      staging.engine.apply(changes.slice(middle), []);
      plain.engine.apply(changes, []);
      assert.deepEqual(decisionsOf(staging), decisionsOf(plain));
    }),
  );
});

test("requests are answered by the rules before the moment until it comes", () => {
  const rig = new EngineRig({ seed: 1 });
  rig.listener(LISTENER);
  const client = rig.net.client(LISTENER);
  const ask = (): string => {
    const from = client.received.length;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    rig.net.settle();
    return client.received.slice(from, from + "HTTP/1.1 404".length);
  };
  const frontend = {
    listener: LISTENER,
    hostname: "a",
    path: { prefix: "/" },
    deny: true,
    tags: {},
  } as const;
  rig.engine.stage([{ kind: "frontend", key: `${LISTENER} a (any) prefix /`, after: frontend }]);
  assert.equal(ask(), "HTTP/1.1 404");
  rig.net.perform(() => rig.engine.apply([], []));
  assert.equal(ask(), "HTTP/1.1 403");
});
