import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineRig } from "../../testing/sim/engine-rig.ts";

const LISTENER = "127.0.0.1:80";
const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

/** A kept-alive client that was answered once; its listener is removed after that. */
function clientOfRemovedListener(): { rig: EngineRig; client: ReturnType<EngineRig["net"]["client"]> } {
  const rig = new EngineRig({ seed: 1 });
  rig.listener(LISTENER);
  rig.cluster("app");
  rig.backend("app", "one", "127.0.0.1:9001");
  rig.frontend(LISTENER, "*", { cluster_id: "app" });
  rig.net.backend("127.0.0.1:9001").onConnection = (peer) => {
    peer.onReceived = () => peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  };
  const client = rig.net.client(LISTENER);
  client.send(REQUEST);
  rig.net.settle();
  rig.remove("frontend", `${LISTENER} * (any) prefix /`);
  rig.remove("listener", LISTENER);
  return { rig, client };
}

function nextAnswer({ rig, client }: ReturnType<typeof clientOfRemovedListener>): string {
  const before = client.received.length;
  client.send(REQUEST);
  rig.net.settle();
  return client.received.slice(before);
}

test("a client of a removed listener gets one more answer, announced as its last", () => {
  const { rig, client } = clientOfRemovedListener();
  rig.listener(LISTENER);
  const answer = nextAnswer({ rig, client });
  assert.match(answer, /\r\nConnection: close\r\n/);
});

test("a listener that is back with rules decides for the old one's clients, too", () => {
  const { rig, client } = clientOfRemovedListener();
  rig.listener(LISTENER);
  rig.frontend(LISTENER, "*", { deny: true });
  const answer = nextAnswer({ rig, client });
  assert.match(answer, /^HTTP\/1\.1 403 /);
  assert.match(answer, /\r\nConnection: close\r\n/);
});
