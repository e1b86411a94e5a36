import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { BACKEND, type SecureClient, SecureRig } from "../../../testing/sim/secure-rig.ts";
import type { SimPeer } from "../../../testing/sim/sim-peer.ts";
import {
  authority,
  ecdsa,
  freeAll,
  keep,
  library,
  openCertificate,
  openServer,
  SESSION_CONTEXT,
} from "../../../testing/tls/pair.ts";
import { makeCertificate, type TestCertificate } from "../../../testing/tls/certificates.ts";
import { feed, take, write } from "../../../testing/tls/wire.ts";
import { FAILURES_BEFORE_REST } from "../../balancing/rest.ts";
import type { Cluster, ClusterTls } from "../../model/objects.ts";
import type { TlsMachine } from "../../tls/machine.ts";

const stranger = makeCertificate({ name: "a.test" });
const REQUEST = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
const RESPONSE = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const OTHER_BACKEND = "10.0.0.2:9000";
const TRUSTING: ClusterTls = {
  server_name: "a.test",
  verify: true,
  ca: [Buffer.from(authority.der).toString("base64")],
};

afterEach(() => assert.equal(freeAll().machines, 0));

/** A backend that speaks TLS by the real machine, one for each connection. */
class SecureBackend {
  readonly machines: TlsMachine[] = [];
  readonly peers: SimPeer[] = [];
  /** All plain text that came. */
  plain = "";
  /** How many bytes come before the handshake, and what they were. */
  skipped = "";
  respond: (machine: TlsMachine, peer: SimPeer) => void = (machine, peer) =>
    void peer.send(write(machine, Buffer.from(RESPONSE)));

  constructor(rig: SecureRig, address = BACKEND, shown = ecdsa) {
    rig.net.backend(address).onConnection = (peer) => this.#serve(peer, shown);
  }

  #serve(peer: SimPeer, shown: TestCertificate): void {
    const certificates = [openCertificate(shown)];
    const machine = keep(openServer().accept({ certificates, sessionContext: SESSION_CONTEXT }));
    this.machines.push(machine);
    this.peers.push(peer);
    peer.onReceived = () => this.#hear(machine, peer);
  }

  #hear(machine: TlsMachine, peer: SimPeer): void {
    let bytes = peer.takeNew();
    if (machine.session === undefined && bytes.toString("latin1").startsWith("PROXY ")) {
      const end = bytes.indexOf("\r\n") + 2;
      this.skipped += bytes.subarray(0, end).toString("latin1");
      bytes = bytes.subarray(end);
    }
    if (bytes.length === 0 || machine.fault !== undefined) return;
    const { plaintext, ciphertext } = feed(machine, bytes);
    if (ciphertext.length > 0) peer.send(ciphertext);
    this.plain += plaintext.toString("latin1");
    if (plaintext.includes("\r\n\r\n")) this.respond(machine, peer);
  }
}

function rigWith(tls: ClusterTls, cluster: Partial<Cluster> = {}): SecureRig {
  const rig = new SecureRig();
  rig.cluster("app", { tls, ...cluster });
  return rig;
}

/** Ends everything, and sees that nothing is left: the contexts of clusters neither. */
function end(rig: SecureRig, client: SecureClient): void {
  client.peer.close();
  const { contexts } = library.living();
  rig.remove("cluster", "app");
  assert.equal(library.living().contexts, contexts - 1);
  rig.net.settle().advance(60_000);
  rig.assertAtRest();
}

test("a link is secured before the request, and stays so from one exchange to the next", () => {
  const rig = rigWith(TRUSTING);
  const backend = new SecureBackend(rig);
  const client = rig.secureClient().settle();
  for (let round = 1; round <= 3; round++) {
    client.say(REQUEST).settle();
    assert.equal(client.received.split("hello").length - 1, round);
  }
  assert.equal(backend.machines.length, 1);
  assert.match(backend.plain, /^GET \/ HTTP\/1\.1\r\n/);
  end(rig, client);
});

test("a backend of another name gets no byte; one line a second says why", () => {
  const rig = rigWith({ ...TRUSTING, server_name: "b.test" });
  const backend = new SecureBackend(rig);
  const client = rig.secureClient().settle();
  for (let round = 1; round <= 3; round++) client.say(REQUEST).settle();
  assert.equal(client.received.split("HTTP/1.1 502").length - 1, 3);
  assert.deepEqual([backend.plain, backend.machines.length], ["", 3]);
  assert.equal(backend.machines[0]!.fault?.code, "TLS_PEER_ALERT");
  assert.equal(rig.log.length, 1);
  assert.match(rig.log[0]!, /^warning: cluster app: TLS to backend one \(10\.0\.0\.1:9000\) failed: .*name/);
  rig.net.advance(1_000);
  client.say(REQUEST).settle();
  assert.equal(rig.log.length, 2);
  end(rig, client);
});

test("the PROXY header stands before the handshake", () => {
  const rig = rigWith(TRUSTING, { send_proxy_protocol: "v1" });
  const backend = new SecureBackend(rig);
  const client = rig.secureClient().settle().say(REQUEST).settle();
  assert.match(client.received, /hello$/);
  assert.match(backend.skipped, /^PROXY TCP4 .*\r\n$/);
  end(rig, client);
});

test("a connection that is lost in its handshake is tried again with another backend", () => {
  const rig = rigWith(TRUSTING);
  rig.net.backend(BACKEND).onConnection = (peer) => {
    peer.onReceived = () => void peer.reset();
  };
  rig.backend("app", "two", OTHER_BACKEND);
  const backend = new SecureBackend(rig, OTHER_BACKEND);
  const client = rig.secureClient().settle();
  for (let round = 1; round <= 2; round++) client.say(REQUEST).settle();
  assert.equal(client.received.split("hello").length - 1, 2);
  assert.equal(backend.machines.length, 1);
  end(rig, client);
});

test("a backend that is not to be believed is passed over, and rests", () => {
  const rig = rigWith(TRUSTING);
  const impostor = new SecureBackend(rig, BACKEND, stranger);
  rig.backend("app", "two", OTHER_BACKEND);
  const backend = new SecureBackend(rig, OTHER_BACKEND);
  const client = rig.secureClient().settle();
  const rounds = 20;
  for (let round = 1; round <= rounds; round++) client.say(REQUEST).settle();
  assert.equal(client.received.split("hello").length - 1, rounds);
  assert.equal(impostor.machines.length, FAILURES_BEFORE_REST);
  assert.deepEqual([impostor.plain, backend.machines.length], ["", 1]);
  rig.cluster("app", { tls: { ...TRUSTING, verify: false } });
  for (let round = 1; round <= 4; round++) client.say(REQUEST).settle();
  assert.notEqual(impostor.plain, "", "other terms are another chance");
  end(rig, client);
});

test("a handshake that never ends has the time of connecting", () => {
  const rig = rigWith(TRUSTING);
  rig.net.backend(BACKEND);
  const client = rig.secureClient().settle().say(REQUEST).settle();
  rig.net.advance(60_000);
  client.settle();
  assert.match(client.received, /^HTTP\/1\.1 504 /);
  end(rig, client);
});

test("a tunnel through a secured backend carries bytes both ways", () => {
  const rig = rigWith(TRUSTING);
  const backend = new SecureBackend(rig);
  backend.respond = (machine, peer) => {
    const head = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    peer.send(write(machine, Buffer.from(head)));
    backend.respond = () => void peer.send(write(machine, Buffer.from("pong")));
  };
  const client = rig.secureClient().settle();
  client
    .say("GET / HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n")
    .settle();
  assert.match(client.received, /^HTTP\/1\.1 101 /);
  client.say("ping\r\n\r\n").settle();
  assert.match(backend.plain, /ping\r\n\r\n$/);
  assert.match(client.received, /pong$/);
  client.peer.reset();
  end(rig, client);
});

for (const [how, whole] of [
  ["with close_notify", true],
  ["without close_notify", false],
] as const) {
  test(`a body until the close, ${how}, is ${whole ? "whole" : "cut"}`, () => {
    const rig = rigWith(TRUSTING);
    const backend = new SecureBackend(rig);
    backend.respond = (machine, peer) => {
      peer.send(write(machine, Buffer.from("HTTP/1.1 200 OK\r\n\r\nhello")));
      if (whole) machine.shutdown();
      peer.send(take(machine)).end();
    };
    const client = rig.secureClient().settle().say(REQUEST).settle();
    assert.equal(client.received.endsWith("0\r\n\r\n"), whole);
    end(rig, client);
  });
}

test("a change of the terms closes idle links; one that is none does not", () => {
  const rig = rigWith(TRUSTING);
  const backend = new SecureBackend(rig);
  const client = rig.secureClient().settle().say(REQUEST).settle();
  rig.cluster("app", { tls: { ...TRUSTING }, load_balancing: "random" });
  client.say(REQUEST).settle();
  assert.equal(backend.machines.length, 1);
  rig.cluster("app", { tls: { ...TRUSTING, verify: false } });
  client.say(REQUEST).settle();
  assert.equal(backend.machines.length, 2);
  end(rig, client);
});

test("an engine without a TLS library answers 502 and says so", () => {
  const rig = new SecureRig({}, {}, {}, "no library");
  rig.listener("127.0.0.1:80");
  rig.frontend("127.0.0.1:80", "*", { cluster_id: "app" });
  rig.cluster("app", { tls: TRUSTING });
  rig.net.backend(BACKEND);
  const client = rig.net.client("127.0.0.1:80").send(REQUEST);
  rig.net.settle();
  assert.match(client.received, /^HTTP\/1\.1 502 /);
  assert.match(rig.log.join(), /this worker has no TLS/);
});
