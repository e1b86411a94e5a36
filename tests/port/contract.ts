/**
 * The contract of `src/engine/port.ts`, one test for each rule; every implementation of the port has to pass all of it.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { contentSlice } from "../../testing/content.ts";
import type { OpenWorld, Peer, PortWorld, WorldLimits } from "./world.ts";

export const LIMITS: WorldLimits = { connectionsMax: 64, buffersMax: 128, bufferBytes: 16_384 };
/** What may follow a pause: one receive limit, and what was on its way. */
const AFTER_PAUSE_BYTES_MAX = 256 * 1024;

/** A world that is closed with its test, after a look whether everything was given back. */
export async function openWorld(t: TestContext, open: OpenWorld, limits: Partial<WorldLimits> = {}): Promise<PortWorld> {
  const world = await open({ ...LIMITS, ...limits });
  t.after(() => world.close());
  return world;
}

/** A client's connection, accepted and receiving. */
export async function acceptOne(world: PortWorld): Promise<{ peer: Peer; connection: number }> {
  const listener = world.listen();
  world.perform(() => world.port.accept(listener));
  const peer = await world.connectPeer(listener);
  await world.until(() => world.recorder.accepts.length > 0, "accepted");
  const connection = world.recorder.accepts.shift()!;
  world.perform(() => world.port.receive(connection));
  return { peer, connection };
}

/** Sends `byteLength` bytes of the content from the port's side, never more than `queueBytesMax` queued. */
export function pump(world: PortWorld, connection: number, byteLength: number, queueBytesMax = 262_144): void {
  const { port, recorder } = world;
  let at = 0;
  const go = (): void => {
    while (at < byteLength && port.unsentBytes(connection) < queueBytesMax) {
      const buffer = port.buffers.take();
      if (buffer < 0) return;
      const part = contentSlice(at, Math.min(byteLength, at + port.buffers.bufferBytes));
      const start = port.buffers.startOf(buffer);
      port.buffers.memory.set(part, start);
      port.send(connection, buffer, start, start + part.length);
      at += part.length;
    }
  };
  recorder.onSent = (sender) => sender === connection && go();
  world.perform(go);
}

/** Every buffer but those that the port keeps ready is free, when the last connection is closed. */
async function allGivenBack(world: PortWorld, heldAtFirst: number): Promise<void> {
  const { buffers } = world.port;
  await world.until(() => buffers.count - buffers.freeCount <= heldAtFirst, "all buffers given back");
}

export function portContract(name: string, open: OpenWorld): void {
  const rule = (title: string, run: (world: PortWorld, t: TestContext) => Promise<void>): void => {
    test(`${name}: ${title}`, async (t) => {
      const world = await openWorld(t, open);
      const heldAtFirst = world.port.buffers.count - world.port.buffers.freeCount;
      await run(world, t);
      world.perform(() => [...world.recorder.notes.keys()].forEach((connection) => world.port.close(connection)));
      await allGivenBack(world, heldAtFirst);
    });
  };

  rule("a client is accepted and its address told, and nothing is received before it is asked for", async (world) => {
    const listener = world.listen();
    world.perform(() => world.port.accept(listener));
    const peer = await world.connectPeer(listener);
    peer.sendContent(10);
    await world.until(() => world.recorder.accepts.length > 0, "accepted");
    await world.settle();
    const connection = world.recorder.accepts[0]!;
    assert.equal(world.recorder.of(connection).listener, listener);
    assert.match(world.recorder.of(connection).peer, /^[0-9.]+:[0-9]+$/);
    assert.equal(world.recorder.of(connection).receivedBytes, 0);
    world.perform(() => world.port.receive(connection));
    await world.until(() => world.recorder.of(connection).receivedBytes === 10, "the ten bytes");
  });

  rule("bytes of any number arrive as they were sent, in both directions at once", async (world) => {
    const { peer, connection } = await acceptOne(world);
    let expected = 0;
    for (const byteLength of [1, 2, 1_000, 16_383, 16_384, 16_385, 65_536, 200_001, 1_000_000]) {
      expected += byteLength;
      peer.sendContent(byteLength);
      await world.until(() => world.recorder.of(connection).receivedBytes === expected, `${byteLength} bytes at the port`);
    }
    peer.sendContent(3_000_000);
    pump(world, connection, 3_000_000);
    await world.until(() => peer.receivedBytes === 3_000_000, "3 MB at the peer");
    await world.until(() => world.recorder.of(connection).receivedBytes === expected + 3_000_000, "3 MB at the port");
    await world.until(() => world.port.unsentBytes(connection) === 0, "nothing unsent");
  });

  rule("slices leave in order, whether they are neighbours, apart, or empty", async (world) => {
    const { peer, connection } = await acceptOne(world);
    const { port } = world;
    const content = contentSlice(0, 4_000);
    world.perform(() => {
      let at = 0;
      for (const lengths of [[1, 0, 999], [500], [0], [1_000, 1_000, 500]]) {
        const buffer = port.buffers.take();
        let start = port.buffers.startOf(buffer);
        port.buffers.memory.set(content.subarray(at, at + 3_000), start);
        for (const length of lengths) {
          port.buffers.retain(buffer);
          port.send(connection, buffer, start, start + length);
          start += length;
          at += length;
        }
        port.buffers.release(buffer);
      }
    });
    await world.until(() => peer.receivedBytes === 4_000, "all slices");
  });

  rule("more slices than one operation takes are written all the same", async (world) => {
    const { peer, connection } = await acceptOne(world);
    const { port } = world;
    const content = contentSlice(0, 1_000);
    world.perform(() => {
      const buffers = [port.buffers.take(), port.buffers.take()];
      for (const buffer of buffers) port.buffers.memory.set(content, port.buffers.startOf(buffer));
      for (let at = 0; at < 1_000; at++) {
        const buffer = buffers[at % 2]!;
        port.buffers.retain(buffer);
        port.send(connection, buffer, port.buffers.startOf(buffer) + at, port.buffers.startOf(buffer) + at + 1);
      }
      for (const buffer of buffers) port.buffers.release(buffer);
    });
    await world.until(() => peer.receivedBytes === 1_000, "a thousand slices of one byte");
  });

  rule("a peer that does not read holds the queue up; nothing is lost when it reads again", async (world) => {
    const { peer, connection } = await acceptOne(world);
    peer.stopReading();
    const byteLength = 20_000_000;
    pump(world, connection, byteLength);
    await world.settle();
    assert.ok(world.port.unsentBytes(connection) > 0);
    assert.ok(peer.receivedBytes < byteLength);
    const sentBefore = world.recorder.of(connection).sentCount;
    peer.startReading();
    await world.until(() => peer.receivedBytes === byteLength, "20 MB at the peer");
    assert.ok(world.recorder.of(connection).sentCount > sentBefore + 10);
  });

  rule("a paused connection receives little more, whatever its peer sends, and all of it later", async (world) => {
    const { peer, connection } = await acceptOne(world);
    peer.sendContent(1_000);
    await world.until(() => world.recorder.of(connection).receivedBytes === 1_000, "the first bytes");
    world.perform(() => world.port.pause(connection));
    const byteLength = 30_000_000;
    peer.sendContent(byteLength);
    await world.settle();
    assert.ok(world.recorder.of(connection).receivedBytes <= AFTER_PAUSE_BYTES_MAX);
    world.perform(() => world.port.receive(connection));
    await world.until(() => world.recorder.of(connection).receivedBytes === 1_000 + byteLength, "all bytes");
  });

  rule("to pause and receive again at every chance loses and doubles nothing", async (world) => {
    const { peer, connection } = await acceptOne(world);
    const { port, recorder } = world;
    let count = 0;
    recorder.onReceived = (_connection, buffer) => {
      port.buffers.release(buffer);
      port.pause(connection);
      if (count++ % 3 === 0) port.receive(connection);
    };
    recorder.onTurnEnds = () => recorder.notes.has(connection) && port.receive(connection);
    peer.sendContent(5_000_000);
    await world.until(() => recorder.of(connection).receivedBytes === 5_000_000, "all bytes");
    recorder.onTurnEnds = undefined;
    recorder.onReceived = undefined;
  });

  rule("the peer's end is told once, and our direction stays open until we end it", async (world) => {
    const { peer, connection } = await acceptOne(world);
    peer.sendContent(5_000);
    peer.end();
    await world.until(() => world.recorder.of(connection).isEnded, "ended");
    assert.equal(world.recorder.of(connection).receivedBytes, 5_000);
    pump(world, connection, 100_000);
    await world.until(() => peer.receivedBytes === 100_000, "bytes after the end");
    assert.equal(peer.ending, "open");
    world.perform(() => world.port.shutdown(connection));
    await world.until(() => peer.ending === "ended", "our end at the peer");
    world.perform(() => world.port.close(connection));
  });

  rule("our end follows what was queued, and the peer's bytes still come", async (world) => {
    const { peer, connection } = await acceptOne(world);
    pump(world, connection, 200_000, 1_000_000);
    world.perform(() => world.port.shutdown(connection));
    await world.until(() => peer.ending === "ended", "our end at the peer");
    assert.equal(peer.receivedBytes, 200_000);
    peer.sendContent(50_000);
    await world.until(() => world.recorder.of(connection).receivedBytes === 50_000, "bytes after our end");
    peer.end();
    await world.until(() => world.recorder.of(connection).isEnded, "ended");
  });

  rule("a reset by the peer is told as failed, once", async (world) => {
    const { peer, connection } = await acceptOne(world);
    peer.reset();
    await world.until(() => world.recorder.of(connection).fault !== undefined, "failed");
    assert.equal(world.recorder.of(connection).fault, "reset");
    await world.settle();
    assert.equal(world.recorder.of(connection).isEnded, false);
  });

  rule("a reset shows when sending to it, though nothing is received", async (world) => {
    const { peer, connection } = await acceptOne(world);
    world.perform(() => world.port.pause(connection));
    peer.stopReading();
    pump(world, connection, 50_000_000);
    await world.settle();
    peer.reset();
    await world.until(() => world.recorder.of(connection).fault === "reset", "failed");
  });

  rule("a backend is connected to, and bytes go both ways", async (world) => {
    const backend = await world.openBackend();
    const connection = world.perform(() => world.port.connect(backend.address));
    await world.until(() => world.recorder.of(connection).isConnected, "connected");
    const peer = await backend.nextPeer();
    world.perform(() => world.port.receive(connection));
    pump(world, connection, 300_000);
    peer.sendContent(300_000);
    await world.until(() => peer.receivedBytes === 300_000, "bytes at the backend");
    await world.until(() => world.recorder.of(connection).receivedBytes === 300_000, "bytes from the backend");
  });

  rule("what is sent while still connecting leaves when connected", async (world) => {
    const backend = await world.openBackend();
    const connection = world.perform(() => world.port.connect(backend.address));
    pump(world, connection, 1_000);
    const peer = await backend.nextPeer();
    await world.until(() => peer.receivedBytes === 1_000, "the early bytes");
    assert.ok(world.recorder.of(connection).isConnected);
  });

  rule("an address where nobody listens is told as refused", async (world) => {
    const connection = world.perform(() => world.port.connect(world.refusedAddress));
    await world.until(() => world.recorder.of(connection).fault !== undefined, "failed");
    assert.equal(world.recorder.of(connection).fault, "refused");
    assert.equal(world.recorder.of(connection).isConnected, false);
  });

  rule("our reset is seen as a reset", async (world) => {
    const { peer, connection } = await acceptOne(world);
    peer.sendContent(10);
    await world.until(() => world.recorder.of(connection).receivedBytes === 10, "the bytes");
    world.perform(() => world.port.reset(connection));
    await world.until(() => peer.ending === "reset", "the reset at the peer");
  });

  rule("our close is seen as an end", async (world) => {
    const { peer, connection } = await acceptOne(world);
    world.perform(() => world.port.close(connection));
    await world.until(() => peer.ending === "ended", "the end at the peer");
  });
}
