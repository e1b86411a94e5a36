import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "../../src/base/address.ts";
import { InvariantError } from "../../src/base/assert.ts";
import type { PortEvents } from "../../src/engine/port.ts";
import { RelayEngine } from "./relay-engine.ts";
import { SimNetwork, type SimOptions } from "./sim-network.ts";

const FRONT = "127.0.0.1:80";
const BACK = "10.0.0.1:9000";

function relay(options: SimOptions = {}): { net: SimNetwork; engine: RelayEngine; listener: number } {
  const net = new SimNetwork(options);
  const engine = new RelayEngine(net.port, parseAddress(BACK)!);
  net.attach(engine);
  const listener = net.listen(FRONT);
  net.perform(() => net.port.accept(listener));
  return { net, engine, listener };
}

/** Events that do nothing: for tests that ask the port by hand. */
function deaf(overrides: Partial<PortEvents> = {}): PortEvents {
  const nothing = (): void => {};
  const events = { accepted: nothing, acceptingStopped: nothing, connected: nothing, received: nothing };
  return {
    turnStarts: nothing,
    turnEnds: () => Infinity,
    sent: nothing,
    ended: nothing,
    failed: nothing,
    detached: nothing,
    ...events,
    ...overrides,
  };
}

test("bytes go through both ways and both ends are told, in whole pieces, random ones and single bytes", () => {
  for (const pieces of ["whole", "random", "bytes"] as const) {
    for (let seed = 1; seed <= 20; seed++) {
      const { net, engine } = relay({
        pieces,
        seed,
        latencyMsMax: 3,
        bufferBytes: 64,
        buffers: 8,
        socketBytes: 100,
      });
      const backend = net.backend(BACK);
      backend.onConnection = (peer) => (peer.onEnding = () => peer.send("b".repeat(700)).end());
      const client = net.client(FRONT).send("hello ").send("a".repeat(900)).end();
      net.settle();
      const at = `seed ${seed}, ${pieces}`;
      assert.equal(backend.connections[0]?.received, `hello ${"a".repeat(900)}`, at);
      assert.equal(client.received, "b".repeat(700), at);
      assert.deepEqual([client.ending, backend.connections[0]?.ending], ["ended", "ended"], at);
      assert.deepEqual(engine.clients, ["192.0.2.1:40000"]);
      net.assertHolds({ connections: 0, references: 0 });
    }
  }
});

test("the same seed gives the same run, another seed another one", () => {
  const trace = (seed: number): string => {
    const { net } = relay({ seed, pieces: "random", latencyMsMax: 5 });
    const seen: string[] = [];
    net.backend(BACK).onConnection = (peer) =>
      (peer.onReceived = () => seen.push(`${net.nowMs}:${peer.receivedBytes}`));
    for (const name of ["a", "b", "c"]) net.client(FRONT).send(name.repeat(500));
    net.settle();
    return seen.join(" ");
  };
  assert.equal(trace(4), trace(4));
  assert.notEqual(trace(4), trace(5));
});

test("a peer that does not read holds the sender back: bounded by the socket and what the engine allows itself", () => {
  const { net } = relay({ socketBytes: 1_000 });
  const client = net.client(FRONT).pause();
  net.settle();
  const backend = net.backend(BACK);
  assert.equal(backend.connections.length, 0, "a backend must be named before it is connected to");
  const second = net.client(FRONT).pause();
  net.settle();
  const source = backend.connections[0]!;
  source.send("x".repeat(400_000));
  net.settle();
  assert.ok(source.outgoing.bytes > 300_000);
  second.read(5_000);
  net.settle();
  assert.equal(second.receivedBytes, 5_000);
  second.resume();
  net.settle();
  assert.equal(second.receivedBytes, 400_000);
  assert.equal(client.ending, "reset");
});

test("refused, unreachable, silent and reset connections are told as what they are", () => {
  const { net, engine } = relay();
  const backend = net.backend(BACK);
  for (const mode of ["refused", "unreachable", "timed-out"] as const) {
    backend.mode = mode;
    assert.equal((net.client(FRONT), net.settle(), engine.faults.at(-1)), mode);
  }
  backend.mode = "silent";
  const waiting = net.client(FRONT);
  net.settle();
  assert.deepEqual([waiting.state, waiting.ending, backend.attempts], ["open", "open", 4]);
  backend.mode = "accepts";
  const cut = net.client(FRONT).send("x");
  net.settle();
  backend.connections[0]!.reset();
  net.settle();
  assert.deepEqual([engine.faults.at(-1), cut.ending], ["reset", "reset"]);
});

test("bytes that an engine leaves unread when it closes become a reset at the peer", () => {
  const net = new SimNetwork();
  net.attach(deaf({ accepted: (_listener, connection) => net.port.close(connection) }));
  const listener = net.listen(FRONT);
  net.perform(() => net.port.accept(listener));
  const silent = net.client(FRONT);
  const talking = net.client(FRONT).send("x");
  net.settle();
  assert.deepEqual([silent.ending, talking.ending], ["ended", "reset"]);
  silent.send("too late");
  net.settle();
  assert.equal(silent.ending, "reset");
});

test("stopping delivers all that were queued; abandoning leaves them to the next copy of the socket", () => {
  const { net, engine, listener } = relay({ connectionsMax: 8 });
  net.backend(BACK);
  net.perform(() => net.port.abandonListener(listener));
  const waiting = [net.client(FRONT), net.client(FRONT), net.client(FRONT)];
  net.settle();
  assert.deepEqual(
    waiting.map((peer) => peer.state),
    ["connecting", "connecting", "connecting"],
  );
  const again = net.listen(FRONT);
  net.perform(() => net.port.stopAccepting(again));
  net.settle();
  assert.deepEqual(
    waiting.map((peer) => peer.state),
    ["open", "open", "open"],
  );
  assert.deepEqual(engine.stopped, [again]);
  net.unlisten(FRONT);
  assert.equal((net.client(FRONT), net.settle(), engine.clients.length), 3);
});

test("clients beyond the connection numbers wait in the queue until one is free", () => {
  const { net, engine } = relay({ connectionsMax: 2 });
  net.backend(BACK).onConnection = (peer) => peer.end();
  const first = net.client(FRONT);
  net.settle();
  const second = net.client(FRONT);
  net.settle();
  assert.deepEqual([engine.clients.length, second.state], [1, "connecting"]);
  first.end();
  net.settle();
  assert.deepEqual([engine.clients.length, second.state], [2, "open"]);
});

test("what breaks a rule of the port is found out", () => {
  type Break = (net: SimNetwork, number: number, held: number) => void;
  const breaks: Record<string, Break> = {
    "receives before the connection is there": ({ port }, number) => port.receive(number),
    "sends a buffer that nobody holds": ({ port }, number, held) => port.send(number, held + 1, 0, 0),
    "sends bytes outside of the buffer": ({ port }, number, held) =>
      port.send(number, held, port.buffers.startOf(held) - 1, 0),
    "close on connection 0, which is not open": ({ port }, number) => (
      port.close(number),
      port.close(number)
    ),
    "accept on listener 7, which is not open": ({ port }) => port.accept(7),
    "a turn within a turn": (net) => net.settle(),
  };
  for (const [message, act] of Object.entries(breaks)) {
    const net = new SimNetwork();
    net.attach(deaf());
    const held = net.port.buffers.take();
    const number = net.perform(() => net.port.connect(parseAddress(BACK)!));
    const isBreak = (error: Error): boolean =>
      error instanceof InvariantError && error.message.includes(message);
    assert.throws(() => net.perform(() => act(net, number, held)), isBreak, message);
  }
});

test("what the engine does not give back, and what it asks outside of a turn, is found out", () => {
  const net = new SimNetwork();
  net.attach(deaf());
  const number = net.perform(() => net.port.connect(parseAddress(BACK)!));
  assert.throws(() => net.port.close(number), /outside of a turn/);
  assert.throws(() => net.assertHolds({ connections: 0, references: 0 }), /1 connections are open, not 0/);
  net.port.buffers.take();
  assert.throws(
    () => net.assertHolds({ connections: 1, references: 0 }),
    /1 references of buffers are held, not 0/,
  );
});

test("an engine that asks for a turn at once, for ever, is found out", () => {
  const net = new SimNetwork();
  net.attach(deaf({ turnEnds: () => 0 }));
  net.perform(() => {});
  assert.throws(() => net.advance(10), /again and again/);
});
