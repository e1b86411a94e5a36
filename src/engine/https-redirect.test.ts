import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { BACKEND, SecureRig } from "../../testing/sim/secure-rig.ts";
import { freeAll } from "../../testing/tls/pair.ts";

const PLAIN = "127.0.0.1:80";

afterEach(() => freeAll());

test("of one cluster, requests without TLS are redirected, and those with TLS are served", () => {
  const rig = new SecureRig();
  const connections: unknown[] = [];
  rig.net.backend(BACKEND).onConnection = (peer) => void connections.push(peer);
  rig.cluster("app", { https_redirect: true });
  rig.listener(PLAIN);
  rig.frontend(PLAIN, "*", { cluster_id: "app" });
  const plain = rig.net.client(PLAIN);
  plain.send(Buffer.from("GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n"));
  rig.net.settle();
  assert.match(
    Buffer.from(plain.takeNew()).toString(),
    /^HTTP\/1\.1 301 .*\r\nLocation: https:\/\/a\.example\/a\r\n/s,
  );
  assert.equal(connections.length, 0, "a backend was asked");
  rig.secureClient().settle().say("GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n").settle();
  assert.equal(connections.length, 1);
});

test("a client that names no host is redirected to the listener's", () => {
  const rig = new SecureRig();
  rig.cluster("app", { https_redirect: true });
  rig.listener(PLAIN);
  rig.frontend(PLAIN, "*", { cluster_id: "app" });
  const client = rig.net.client(PLAIN);
  client.send(Buffer.from("GET /a HTTP/1.0\r\n\r\n"));
  rig.net.settle();
  assert.match(Buffer.from(client.takeNew()).toString(), /\r\nLocation: https:\/\/127\.0\.0\.1\/a\r\n/);
});
