import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineRig } from "../../testing/sim/engine-rig.ts";
import type { SimPeer } from "../../testing/sim/sim-peer.ts";

const LISTENER = "127.0.0.1:80";
const REQUEST = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const FRONT_TIMEOUT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 10_000;

/** A client, fresh or kept alive after one response. */
function clientOf(kind: "fresh" | "kept-alive"): { rig: EngineRig; client: SimPeer } {
  const rig = new EngineRig({ seed: 1 });
  rig.listener(LISTENER, {
    front_timeout_ms: FRONT_TIMEOUT_MS,
    request_timeout_ms: REQUEST_TIMEOUT_MS,
  });
  rig.frontend(LISTENER, "*", { deny: true });
  const client = rig.net.client(LISTENER);
  if (kind === "kept-alive") client.send(REQUEST);
  rig.net.settle();
  client.takeNew();
  return { rig, client };
}

for (const kind of ["fresh", "kept-alive"] as const) {
  test(`a ${kind} connection that sent only empty lines is idle: it is closed without a word`, () => {
    for (const sent of ["\r\n", "\r\n\r\n", "\r"]) {
      const { rig, client } = clientOf(kind);
      client.send(sent);
      rig.net.advance(FRONT_TIMEOUT_MS - 1);
      assert.equal(client.ending, "open", JSON.stringify(sent));
      rig.net.advance(REQUEST_TIMEOUT_MS + 1);
      assert.deepEqual([client.ending, client.takeNew().toString()], ["ended", ""], JSON.stringify(sent));
      rig.assertAtRest();
    }
  });

  test(`a request that begins behind an empty line has its own time from then on (${kind})`, () => {
    const { rig, client } = clientOf(kind);
    client.send("\r\n");
    rig.net.advance(FRONT_TIMEOUT_MS - 1_000);
    client.send("GET / HT");
    rig.net.advance(REQUEST_TIMEOUT_MS - 1);
    assert.equal(client.takeNew().toString(), "");
    rig.net.advance(1);
    assert.match(client.takeNew().toString(), /^HTTP\/1\.1 408 /);
  });
}
