import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { BACKEND, LISTENER, newOwnCertificate, SecureRig } from "../../../testing/sim/secure-rig.ts";
import { freeAll, library } from "../../../testing/tls/pair.ts";
import { certificateKey } from "../../model/keys.ts";
import type { Certificate, Listener } from "../../model/objects.ts";

afterEach(() => assert.equal(freeAll().machines, 0));

function add(rig: SecureRig, ...names: string[]): Certificate {
  const certificate = { ...newOwnCertificate(), listener: LISTENER, names };
  rig.put({ kind: "certificate", value: certificate });
  return certificate;
}

function explain(rig: SecureRig, host: string, listener = LISTENER): unknown {
  return rig.engine.ask({ kind: "certificate", listener, host });
}

test("it tells which certificate a client is shown, and why that", () => {
  const rig = new SecureRig();
  const exact = add(rig, "a.example");
  const wildcard = add(rig, "*.a.example", "192.0.2.1");
  const named = { choice: "name", covers_host: true };
  assert.deepEqual(explain(rig, "a.example"), { ...named, fingerprint: exact.fingerprint });
  assert.deepEqual(explain(rig, "WWW.a.Example."), { ...named, fingerprint: wildcard.fingerprint });
  assert.deepEqual(explain(rig, "b.example"), { choice: "own" });
  rig.listener("127.0.0.1:80");
  assert.equal(explain(rig, "a.example", "127.0.0.1:80"), undefined);
});

test("the default serves who asks for no name that is there; whether it speaks for the host is told", () => {
  const rig = new SecureRig();
  const { fingerprint } = add(rig, "a.example", "192.0.2.1");
  rig.listener(LISTENER, { ...HTTPS, default_certificate: fingerprint });
  const shown = { choice: "default", fingerprint };
  assert.deepEqual(explain(rig, "b.example"), { ...shown, covers_host: false });
  assert.deepEqual(explain(rig, "192.0.2.1"), { ...shown, covers_host: true });
  rig.listener(LISTENER, { ...HTTPS, default_certificate: fingerprint, strict_sni: true });
  assert.deepEqual(explain(rig, "b.example"), { choice: "none" });
});

const HTTPS: Partial<Listener> = {
  protocol: "https",
  tls_versions: ["TLSv1.2", "TLSv1.3"],
  alpn: ["http/1.1"],
};

test("how many sessions use a certificate now can be asked before it is removed", () => {
  const rig = new SecureRig();
  rig.net.backend(BACKEND);
  const objects = [add(rig, "a.example"), add(rig, "b.example")].map(
    (one) => ({ kind: "certificate", key: certificateKey(one) }) as const,
  );
  const clients = [rig.secureClient().settle(), rig.secureClient().settle()];
  const gone = {
    kind: "certificate",
    key: certificateKey({ listener: "127.0.0.1:1", fingerprint: "f" }),
  } as const;
  assert.deepEqual(rig.engine.ask({ kind: "uses", objects: [...objects, gone] }), [2, 0, 0]);
  for (const client of clients) client.peer.close();
  rig.net.settle().advance(5_000);
  assert.deepEqual(rig.engine.ask({ kind: "uses", objects }), [0, 0]);
  rig.assertAtRest();
});

test("what a removed certificate holds of OpenSSL is freed at once, while sessions on it end in their own time", () => {
  const rig = new SecureRig();
  rig.net.backend(BACKEND).onConnection = (peer) => {
    peer.onReceived = () => void (peer.takeNew().length > 0 && peer.send(RESPONSE));
  };
  const { certificates } = library.living();
  const certificate = add(rig, "a.example");
  assert.equal(library.living().certificates, certificates, "nobody has used it");
  const client = rig.secureClient().settle();
  assert.equal(library.living().certificates, certificates + 1);
  const drain = rig.remove("certificate", certificateKey(certificate));
  assert.equal(library.living().certificates, certificates);
  assert.equal(rig.drains.get(drain), 1);
  client.say("GET / HTTP/1.1\r\nHost: a.example\r\n\r\n").settle();
  assert.match(client.received, /^HTTP\/1\.1 200 OK\r\n[^]*Connection: close\r\n[^]*hello$/i);
  client.sayEnd().settle();
  rig.net.advance(100);
  assert.equal(rig.drains.get(drain), 0);
  client.peer.close();
  rig.net.settle().advance(60_000);
  rig.assertAtRest();
});

const RESPONSE = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
