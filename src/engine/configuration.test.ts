import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import { FIELDS_MAX } from "../http/head.ts";

const LISTENER = "127.0.0.1:80";
const OLD = "127.0.0.1:9001";
const NEW = "127.0.0.1:9002";

/** An engine with one client, whose request the backend at `OLD` has and does not answer. */
function rigWithExchange(): { rig: EngineRig; client: ReturnType<EngineRig["net"]["client"]> } {
  const rig = new EngineRig({ seed: 1 });
  rig.listener(LISTENER);
  rig.cluster("app");
  rig.backend("app", "one", OLD);
  rig.frontend(LISTENER, "*", { cluster_id: "app" });
  rig.net.backend(OLD);
  const client = rig.net.client(LISTENER);
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  rig.net.settle();
  return { rig, client };
}

test("what is removed, added and removed again within a change drains with the use that it had before it", () => {
  const { rig } = rigWithExchange();
  const value = { cluster_id: "app", backend_id: "one", address: OLD, weight: 100, backup: false };
  const [gone, back] = [
    { kind: "backend", key: "app one", before: value },
    { kind: "backend", key: "app one", after: value },
  ] as const;
  const drains = [{ drain: 1, kind: "backend", key: "app one" }] as const;
  const uses = rig.net.perform(() => rig.engine.apply([gone, back, gone], drains));
  assert.deepEqual(uses, [{ drain: 1, connections: 1 }]);
});

/** A client whose first backend is out of reach, after the rules were changed while it was tried. */
function answerAfterChange(change: (rig: EngineRig) => void, fields = ""): string {
  const rig = new EngineRig({ seed: 1 });
  rig.listener(LISTENER);
  for (const [cluster, address] of [
    ["old", OLD],
    ["new", NEW],
  ] as const) {
    rig.cluster(cluster);
    rig.backend(cluster, "one", address);
  }
  rig.frontend(LISTENER, "a", { cluster_id: "old" });
  rig.net.backend(OLD).mode = "silent";
  rig.net.backend(NEW).onConnection = (peer) => {
    peer.onReceived = () => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  };
  const client = rig.net.client(LISTENER);
  client.send(`GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`);
  rig.net.settle();
  change(rig);
  rig.net.advance(10_000);
  return client.received.split("\r\n")[0]!;
}

test("a request that is tried again is decided by the rules of that moment, as a whole", () => {
  const nothing = (): void => undefined;
  assert.equal(answerAfterChange(nothing), "HTTP/1.1 504 Gateway Timeout");
  const frontend = `${LISTENER} a (any) prefix /`;
  assert.equal(
    answerAfterChange((rig) => {
      rig.remove("frontend", frontend);
      rig.frontend(LISTENER, "a", { cluster_id: "new" });
    }),
    "HTTP/1.1 200 OK",
  );
  assert.equal(
    answerAfterChange((rig) => void rig.remove("frontend", frontend)),
    "HTTP/1.1 404 Not Found",
  );
});

test("a request that cannot be decided anew, because its head grew too long, is answered all the same", () => {
  const fields = "a: b\r\n".repeat(FIELDS_MAX - 1);
  const answer = answerAfterChange((rig) => rig.cluster("other"), fields);
  assert.equal(answer, "HTTP/1.1 503 Service Unavailable");
});
