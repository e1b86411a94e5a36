import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { BACKEND, LISTENER, newOwnCertificate, SecureRig } from "../../../testing/sim/secure-rig.ts";
import { freeAll } from "../../../testing/tls/pair.ts";
import type { Certificate } from "../../model/objects.ts";

afterEach(() => assert.equal(freeAll().machines, 0));

/** A rig whose listener has one certificate, for the name that clients ask for. */
function rigWithCertificate(): { rig: SecureRig; certificate: Certificate; remove: () => number } {
  const rig = new SecureRig();
  rig.net.backend(BACKEND);
  const certificate = { ...newOwnCertificate(), listener: LISTENER, names: ["a.example"] };
  rig.put({ kind: "certificate", value: certificate });
  const key = `${LISTENER} ${certificate.fingerprint}`;
  return { rig, certificate, remove: () => rig.remove("certificate", key) };
}

test("a handshake uses its certificate, until its session ends", () => {
  const { rig, remove } = rigWithCertificate();
  const client = rig.secureClient();
  rig.net.settle();
  const drain = remove();
  assert.equal(rig.drains.get(drain), 1, "in the midst of the handshake");
  client.settle();
  assert.notEqual(client.machine.session, undefined);
  rig.net.advance(100);
  assert.equal(rig.drains.get(drain), 1, "as a session");
  client.sayEnd().settle();
  rig.net.advance(100);
  assert.equal(rig.drains.get(drain), 0);
  client.peer.close();
  rig.net.settle().advance(5_000);
  rig.assertAtRest();
});

test("a handshake that is given up uses its certificate no more", () => {
  const { rig, remove } = rigWithCertificate();
  const client = rig.secureClient();
  rig.net.settle();
  client.peer.reset();
  rig.net.settle();
  assert.equal(rig.drains.get(remove()), 0);
  rig.assertAtRest();
});

test("a handshake by a certificate whose drain is over is cut", () => {
  const { rig, remove } = rigWithCertificate();
  const client = rig.secureClient();
  rig.net.settle();
  const drain = remove();
  rig.net.perform(() => rig.engine.closeDrained(drain));
  rig.net.settle().advance(100);
  assert.deepEqual([client.peer.ending, rig.drains.get(drain)], ["reset", 0]);
  rig.assertAtRest();
});

test("a handshake has the time of one request, at whatever point it stands", () => {
  for (const bytes of [0, 1, 5, 100]) {
    const rig = new SecureRig({}, {}, { request_timeout_ms: 1_000 });
    const client = rig.net.client(LISTENER);
    client.send(
      Buffer.concat([Buffer.of(22, 3, 1, 1, 0, 1, 0, 0, 250), Buffer.alloc(91)]).subarray(0, bytes),
    );
    rig.net.settle().advance(990);
    assert.equal(client.ending, "open");
    rig.net.advance(20);
    assert.equal(client.ending, "reset");
    rig.net.assertHolds({ connections: 0, references: 0 });
  }
});

test("an engine without a TLS library refuses https clients by an alert", () => {
  const rig = new SecureRig({}, {}, {}, "no library");
  const client = rig.secureClient().settle();
  assert.equal(client.machine.fault?.alert, 80);
  client.peer.close();
  rig.net.settle();
});
