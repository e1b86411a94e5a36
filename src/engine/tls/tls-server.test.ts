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

/** The status of the answer to `request` on a connection to `serverName`, and what the backend was told. */
function ask(rig: SecureRig, serverName: string, ...lines: readonly string[]): string {
  const client = rig.secureClient({}, serverName).settle();
  client.say(`${lines.join("\r\n")}\r\n\r\n`).settle();
  client.peer.reset();
  rig.net.settle();
  return client.received.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length);
}

function get(rig: SecureRig, serverName: string, host: string): string {
  return ask(rig, serverName, "GET / HTTP/1.1", `Host: ${host}`);
}

test("whoever was shown no certificate of their name is served the hosts that no certificate speaks for", () => {
  const rig = new SecureRig();
  respondOn(rig);
  assert.deepEqual([get(rig, "u.example", "v.example"), get(rig, "192.0.2.1", "192.0.2.1")], ["200", "200"]);
  const chosen = add(rig, "default.example");
  add(rig, "a.example", "*.b.example");
  for (const terms of [{}, { default_certificate: chosen.fingerprint }]) {
    rig.listener(LISTENER, { ...HTTPS, ...terms });
    for (const host of ["u.example", "192.0.2.1:443", "b.example", "a.b.b.example"])
      assert.equal(get(rig, "u.example", host), "200", host);
    for (const host of ["a.example", "A.example.", "www.b.example:443"]) {
      assert.equal(get(rig, "u.example", host), "421", host);
      assert.equal(get(rig, "192.0.2.1", host), "421", host);
    }
    assert.equal(get(rig, "a.example", "u.example"), "421", "a named one speaks for its own hosts only");
    assert.equal(get(rig, "a.example", "www.b.example"), "200");
  }
  assert.equal(get(rig, "u.example", "default.example"), "200");
});

test("a host that gets a certificate is not served any more where another one was shown", () => {
  const rig = new SecureRig();
  respondOn(rig);
  const client = rig.secureClient({}, "u.example").settle();
  client.say("GET / HTTP/1.1\r\nHost: u.example\r\n\r\n").settle();
  assert.match(client.received, /^HTTP\/1\.1 200 /);
  add(rig, "u.example");
  client.say("GET / HTTP/1.1\r\nHost: u.example\r\n\r\n").settle();
  assert.match(client.received, /helloHTTP\/1\.1 421 /);
  client.peer.reset();
  rig.net.settle();
});

test("a request without a host is for the name of the handshake", () => {
  const rig = new SecureRig();
  const requests = respondOn(rig);
  add(rig, "a.example", "c.example");
  rig.frontend(LISTENER, "c.example", { deny: true });
  assert.equal(ask(rig, "a.example", "GET / HTTP/1.0"), "200");
  assert.match(requests(), /^GET \/ HTTP\/1\.1\r\nHost: a\.example\r\n/);
  assert.match(requests(), /\r\nX-Forwarded-Host: a\.example\r\n/);
  assert.equal(ask(rig, "c.example", "GET / HTTP/1.0"), "403");
  assert.equal(ask(rig, "c.example", "GET http:///x HTTP/1.0", "Host:"), "400");
  const long = `${"a.".repeat(120)}example`;
  add(rig, long);
  const path = "x".repeat(2_000);
  assert.equal(ask(rig, long, `GET /${path} HTTP/1.0`, "Connection: keep-alive"), "200");
});

/** Has the backend answer every request; gives all that it was asked. */
function respondOn(rig: SecureRig): () => string {
  let requests = "";
  rig.net.backend(BACKEND).onConnection = (peer) => {
    peer.onReceived = () => {
      const text = peer.takeNew().toString("latin1");
      requests += text;
      if (text !== "") peer.send(RESPONSE);
    };
  };
  return () => requests;
}

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
  assert.equal(rig.drains.get(drain), 0, "its answer is written: nobody waits for the client to end");
  client.sayEnd().settle();
  client.peer.close();
  rig.net.settle().advance(60_000);
  rig.assertAtRest();
});

const RESPONSE = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
