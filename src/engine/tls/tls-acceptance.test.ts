import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { BACKEND, LISTENER, newOwnCertificate, SecureRig } from "../../../testing/sim/secure-rig.ts";
import { helloMessage, recordsOf, serverNameExtension } from "../../../testing/tls/hello-builder.ts";
import { freeAll } from "../../../testing/tls/pair.ts";
import type { Certificate } from "../../model/objects.ts";

const HANDSHAKE_FAILURE = 40;
const UNRECOGNIZED_NAME = 112;

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

/** What an answer to a hello says that asks for `name` and can agree on nothing: the alert's number. */
function alertFor(rig: SecureRig, name: string): number | undefined {
  const client = rig.net.client(LISTENER);
  client.send(recordsOf(helloMessage({ extensions: [serverNameExtension(name)] })));
  rig.net.settle();
  const said = [...client.takeNew()];
  assert.deepEqual(said.slice(0, -1), [21, 3, 3, 0, 2, 2], JSON.stringify(name));
  assert.equal(client.ending, "ended");
  client.close();
  rig.net.settle();
  return said.at(-1);
}

test("a name in upper case or with a dot at its end is the same name", () => {
  const { rig, certificate } = rigWithCertificate();
  for (const name of ["a.example", "A.Example", "a.example."]) {
    const client = rig.secureClient({}, name).settle();
    client.peer.close();
    rig.net.settle();
    assert.equal(client.machine.session?.peerCertificate?.fingerprint, certificate.fingerprint, name);
  }
  rig.assertAtRest();
});

test("a name of 300 bytes, with a NUL or a wildcard is refused with unrecognized_name, an IP address is not", () => {
  const { rig } = rigWithCertificate();
  const long = ["a".repeat(300), `${"a.".repeat(149)}bc`];
  for (const name of [...long, "a.example\0", "a.example\0.b.example", "*.example", "a..example"])
    assert.equal(alertFor(rig, name), UNRECOGNIZED_NAME, JSON.stringify(name));
  for (const name of ["192.0.2.1", "2001:db8::1", "[::1]"])
    assert.equal(alertFor(rig, name), HANDSHAKE_FAILURE, name);
  rig.assertAtRest();
});

for (const pieces of ["whole", "bytes"] as const) {
  test(`a hello of more than 16 KB is answered, cut in pieces: ${pieces}`, () => {
    const rig = new SecureRig({ pieces });
    const fillers = Array.from({ length: 70 }, (_, index) => `${index}`.padStart(240, "x"));
    const client = rig.secureClient({ protocols: [...fillers, "http/1.1"] });
    assert.ok(client.helloBytes > 16_384);
    client.settle();
    assert.equal(client.machine.session?.protocol, "http/1.1");
    client.peer.close();
    rig.net.settle().advance(5_000);
    rig.assertAtRest();
  });
}

test("a hello that is cut in the middle leaves nothing behind, however it is cut", () => {
  const rig = new SecureRig();
  const hello = recordsOf(helloMessage({ extensions: [serverNameExtension("a.example")] }));
  for (let bytes = 1; bytes < hello.length; bytes++) {
    for (const how of ["end", "close", "reset"] as const) {
      const client = rig.net.client(LISTENER);
      client.send(hello.subarray(0, bytes));
      rig.net.settle();
      client[how]();
      rig.net.settle();
      rig.assertAtRest();
    }
  }
});
