import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import type { SimPeer } from "../../../testing/sim/sim-peer.ts";
import { BACKEND, newOwnCertificate, SecureRig, type SecureClient } from "../../../testing/sim/secure-rig.ts";
import { freeAll } from "../../../testing/tls/pair.ts";
import { CLOSED, FAULT } from "../../tls/machine.ts";

const REQUEST = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
const BAD_RECORD_MAC = 20;

/** No test leaves a machine, of the engine's or of a client's. */
afterEach(() => assert.equal(freeAll().machines, 0));

/** A backend that answers each whole head with `body`. */
function answerWith(rig: SecureRig, body: string): void {
  rig.net.backend(BACKEND).onConnection = (peer: SimPeer) => {
    peer.onReceived = () => {
      if (!peer.received.endsWith("\r\n\r\n")) return;
      peer.send(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    };
  };
}

/** Ends the client's side and lets everything come to rest. */
function leave(rig: SecureRig, ...clients: readonly SecureClient[]): void {
  for (const client of clients) if (client.peer.side === "open") client.peer.close();
  rig.net.settle().advance(60_000);
  rig.assertAtRest();
}

for (const pieces of ["whole", "bytes", "random"] as const) {
  test(`requests on one connection are answered, cut in pieces: ${pieces}`, () => {
    const rig = new SecureRig({ seed: 3, pieces });
    answerWith(rig, "hello");
    const client = rig.secureClient().settle();
    for (let count = 1; count <= 3; count++) {
      client.say(REQUEST).settle();
      assert.equal(client.received.match(/hello/g)?.length, count);
    }
    leave(rig, client);
  });
}

test("a connection that idles is ended by close_notify", () => {
  const rig = new SecureRig({}, {}, { front_timeout_ms: 1_000, request_timeout_ms: 1_000 });
  answerWith(rig, "hello");
  const client = rig.secureClient().settle();
  client.say(REQUEST).settle();
  rig.net.advance(2_000);
  client.settle();
  assert.deepEqual([client.end, client.peer.ending], [CLOSED, "ended"]);
  leave(rig, client);
});

test("a peer that does not answer close_notify is let go a second after it was said", () => {
  const rig = new SecureRig({}, {}, { front_timeout_ms: 1_000, request_timeout_ms: 1_000 });
  const client = rig.secureClient().settle();
  rig.net.advance(1_500);
  assert.deepEqual([client.peer.ending, rig.net.openCount], ["ended", 1]);
  rig.net.advance(1_000);
  assert.equal(rig.net.openCount, 0);
  leave(rig, client);
});

test("close_notify of a client is answered by ours", () => {
  const rig = new SecureRig();
  const client = rig.secureClient().settle();
  client.sayEnd().settle();
  assert.equal(client.end, CLOSED);
  leave(rig, client);
});

test("an end without close_notify in the midst of a body is a cut, and no end", () => {
  const rig = new SecureRig();
  answerWith(rig, "hello");
  const backend = rig.net.backend(BACKEND);
  const client = rig.secureClient().settle();
  client
    .say("POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
    .settle();
  client.peer.end();
  rig.net.settle();
  const [link] = backend.connections;
  assert.ok(link!.received.endsWith("4\r\nhalf\r\n"), link!.received);
  assert.notEqual(link!.ending, "open");
  assert.equal(client.received, "", "an end would be answered with 400");
  leave(rig, client);
});

test("a record that was changed is answered by an alert", () => {
  const rig = new SecureRig();
  const client = rig.secureClient().settle();
  client.peer.send(Buffer.concat([Buffer.of(23, 3, 3, 0, 40), Buffer.alloc(40)]));
  client.settle();
  assert.equal(client.end, FAULT);
  assert.deepEqual(
    [client.machine.fault?.code, client.machine.fault?.alert],
    ["TLS_PEER_ALERT", BAD_RECORD_MAC],
  );
  leave(rig, client);
});

test("what breaks a handshake is answered by an alert", () => {
  const rig = new SecureRig();
  const client = rig.secureClient({ versionMax: "TLSv1.2" });
  client.peer.send(Buffer.of(23, 3, 3, 0, 1, 0));
  rig.net.settle();
  // ServerHello and what follows it, then the alert in the clear.
  assert.deepEqual([...client.peer.takeNew().subarray(-7, -1)], [21, 3, 3, 0, 2, 2]);
  leave(rig, client);
});

test("a client that is cut at any moment leaves nothing behind", () => {
  for (const how of ["reset", "close", "end"] as const) {
    for (let ms = 0; ms < 30; ms += 2) {
      const rig = new SecureRig({ seed: ms, pieces: "random", latencyMsMax: 3 });
      answerWith(rig, "x".repeat(50_000));
      const client = rig.secureClient();
      for (let at = 0; at < ms; at++) {
        rig.net.advance(1);
        client.hear();
        if (client.machine.session !== undefined && client.received === "" && at % 5 === 0)
          client.say(REQUEST);
      }
      client.peer[how]();
      leave(rig, client);
    }
  }
});

/**
 * Takes buffers until too few are left to work on a machine, but enough to receive; gives how to end that.
 */
function starve(rig: SecureRig): () => void {
  const { buffers } = rig.net.port;
  const taken: number[] = [];
  while (buffers.freeCount > 4) taken.push(buffers.take());
  return () => taken.splice(0).forEach((buffer) => buffers.release(buffer));
}

const SOME_BUFFERS = { buffers: 24 } as const;

test("what comes while buffers are few waits, and goes on when some are free", () => {
  const rig = new SecureRig(SOME_BUFFERS);
  answerWith(rig, "hello");
  const client = rig.secureClient().settle();
  const feedAgain = starve(rig);
  client.say(REQUEST).sayEnd();
  client.peer.end();
  rig.net.settle();
  assert.equal(rig.net.backend(BACKEND).connections.length, 0);
  // Free again in the midst of a turn, after which nothing else happens.
  rig.net.perform(feedAgain);
  rig.net.advance(1);
  client.settle();
  assert.match(client.received, /hello$/);
  assert.equal(client.end, CLOSED);
  leave(rig, client);
});

test("an end that is told while bytes wait comes after them, and is a cut if nothing else was said", () => {
  for (const isSaid of [true, false]) {
    const rig = new SecureRig(SOME_BUFFERS);
    answerWith(rig, "hello");
    const client = rig.secureClient().settle();
    const feedAgain = starve(rig);
    client.say(REQUEST);
    if (isSaid) client.sayEnd();
    rig.net.settle();
    // An armed receive tells it all the same: a pause does not cancel it.
    rig.net.perform(() => rig.tlsPort!.ended(0));
    assert.equal(rig.net.openCount, 1);
    rig.net.perform(feedAgain);
    rig.net.advance(1);
    client.settle();
    assert.match(client.received, isSaid ? /hello$/ : /^$/);
    leave(rig, client);
  }
});

test("what is to be sent while buffers are few waits, and goes on when some are free", () => {
  for (const isCut of [false, true]) {
    const rig = new SecureRig(SOME_BUFFERS);
    const backend = rig.net.backend(BACKEND);
    const client = rig.secureClient().settle();
    client.say(REQUEST).settle();
    const feedAgain = starve(rig);
    backend.connections[0]!.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    client.settle();
    assert.equal(client.received, "");
    if (isCut) client.peer.reset();
    rig.net.settle().perform(feedAgain);
    rig.net.advance(1);
    client.settle();
    assert.match(client.received, isCut ? /^$/ : /hello$/);
    leave(rig, client);
  }
});

/** So few that not even half of the clients can have a machine worked on at a time. */
const FEW_BUFFERS = { seed: 5, buffers: 24, socketBytes: 4_096 } as const;
const BODY = `${"0123456789abcdef".repeat(12_500)}END`;

/** Runs until all clients have heard `end`. */
function runUntil(rig: SecureRig, clients: readonly SecureClient[], end: RegExp): void {
  for (let ms = 0; ms < 20_000 && !clients.every(({ received }) => end.test(received)); ms += 5) {
    rig.net.advance(5);
    for (const client of clients) client.hear();
  }
  for (const { received } of clients) assert.match(received.slice(-100), end);
}

function manyClients(rig: SecureRig): SecureClient[] {
  const clients = Array.from({ length: 8 }, () => rig.secureClient());
  for (let round = 0; round < 4; round++) for (const client of clients) client.settle();
  return clients;
}

test("with few buffers downloads come through whole, and all buffers come back", () => {
  const rig = new SecureRig({ ...FEW_BUFFERS, pieces: "random" });
  answerWith(rig, BODY);
  const clients = manyClients(rig);
  for (const client of clients) client.say(REQUEST);
  runUntil(rig, clients, /END$/);
  for (const { received } of clients)
    assert.equal(received.slice(received.indexOf("\r\n\r\n") + 4) === BODY, true);
  leave(rig, ...clients);
});

test("with few buffers uploads come through whole, and all buffers come back", () => {
  const rig = new SecureRig(FEW_BUFFERS);
  const backend = rig.net.backend(BACKEND);
  backend.onConnection = (peer: SimPeer) => {
    peer.onReceived = () => {
      if (peer.received.endsWith(BODY)) peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone");
    };
  };
  const clients = manyClients(rig);
  const head = `POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${BODY.length}\r\n\r\n`;
  for (const client of clients) client.say(head + BODY);
  runUntil(rig, clients, /done$/);
  leave(rig, ...clients);
});

test("a handshake with more to show than there is memory for costs only itself", () => {
  const rig = new SecureRig({ buffers: 24, bufferBytes: 4_096 });
  const certificate = newOwnCertificate();
  rig.follow({ ...certificate, chain: Array.from({ length: 600 }, () => certificate.certificate) });
  const client = rig.secureClient().settle();
  assert.equal(client.machine.session, undefined);
  assert.notEqual(client.peer.ending, "open");
  rig.follow(newOwnCertificate());
  answerWith(rig, "hello");
  const next = rig.secureClient().settle();
  next.say(REQUEST).settle();
  assert.match(next.received, /hello$/);
  leave(rig, client, next);
});
