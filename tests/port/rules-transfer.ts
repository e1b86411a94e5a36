/** The contract of `src/engine/port.ts`: connections, bytes and endings. */
import assert from "node:assert/strict";
import { contentSlice } from "../../testing/content.ts";
import { acceptOne, pump } from "./driving.ts";
import type { Rule } from "./world.ts";

/** What may follow a pause: one receive limit, and what was on its way. */
const AFTER_PAUSE_BYTES_MAX = 256 * 1024;

export const TRANSFER_RULES: readonly Rule[] = [
  {
    title: "a client is accepted and its address told, and nothing is received before it is asked for",
    run: async (world) => {
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
    },
  },

  {
    title: "bytes of any number arrive as they were sent, in both directions at once",
    run: async (world) => {
      const { peer, connection } = await acceptOne(world);
      let expected = 0;
      for (const byteLength of [1, 2, 1_000, 16_383, 16_384, 16_385, 65_536, 200_001, 1_000_000]) {
        expected += byteLength;
        peer.sendContent(byteLength);
        await world.until(
          () => world.recorder.of(connection).receivedBytes === expected,
          `${byteLength} bytes at the port`,
        );
      }
      peer.sendContent(3_000_000);
      pump(world, connection, 3_000_000);
      await world.until(() => peer.receivedBytes === 3_000_000, "3 MB at the peer");
      await world.until(
        () => world.recorder.of(connection).receivedBytes === expected + 3_000_000,
        "3 MB at the port",
      );
      await world.until(() => world.port.unsentBytes(connection) === 0, "nothing unsent");
    },
  },

  {
    title: "slices leave in order, whether they are neighbours, apart, or empty",
    run: async (world) => {
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
    },
  },

  {
    title: "more slices than one operation takes are written all the same",
    run: async (world) => {
      const { peer, connection } = await acceptOne(world);
      const { port } = world;
      const content = contentSlice(0, 1_000);
      world.perform(() => {
        const buffers = [port.buffers.take(), port.buffers.take()];
        for (const buffer of buffers) port.buffers.memory.set(content, port.buffers.startOf(buffer));
        for (let at = 0; at < 1_000; at++) {
          const buffer = buffers[at % 2]!;
          port.buffers.retain(buffer);
          port.send(
            connection,
            buffer,
            port.buffers.startOf(buffer) + at,
            port.buffers.startOf(buffer) + at + 1,
          );
        }
        for (const buffer of buffers) port.buffers.release(buffer);
      });
      await world.until(() => peer.receivedBytes === 1_000, "a thousand slices of one byte");
    },
  },

  {
    title: "a peer that does not read holds the queue up; nothing is lost when it reads again",
    run: async (world) => {
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
    },
  },

  {
    title: "a paused connection receives little more, whatever its peer sends, and all of it later",
    run: async (world) => {
      const { peer, connection } = await acceptOne(world);
      peer.sendContent(1_000);
      await world.until(() => world.recorder.of(connection).receivedBytes === 1_000, "the first bytes");
      world.perform(() => world.port.pause(connection));
      const byteLength = 30_000_000;
      peer.sendContent(byteLength);
      await world.settle();
      assert.ok(world.recorder.of(connection).receivedBytes <= AFTER_PAUSE_BYTES_MAX);
      world.perform(() => world.port.receive(connection));
      await world.until(
        () => world.recorder.of(connection).receivedBytes === 1_000 + byteLength,
        "all bytes",
      );
    },
  },

  {
    title: "to pause and receive again at every chance loses and doubles nothing",
    run: async (world) => {
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
    },
  },

  {
    title: "the peer's end is told once, and our direction stays open until we end it",
    run: async (world) => {
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
    },
  },

  {
    title: "our end follows what was queued, and the peer's bytes still come",
    run: async (world) => {
      const { peer, connection } = await acceptOne(world);
      pump(world, connection, 200_000, 1_000_000);
      world.perform(() => world.port.shutdown(connection));
      await world.until(() => peer.ending === "ended", "our end at the peer");
      assert.equal(peer.receivedBytes, 200_000);
      peer.sendContent(50_000);
      await world.until(() => world.recorder.of(connection).receivedBytes === 50_000, "bytes after our end");
      peer.end();
      await world.until(() => world.recorder.of(connection).isEnded, "ended");
    },
  },

  {
    title: "a reset by the peer is told as failed, once",
    run: async (world) => {
      const { peer, connection } = await acceptOne(world);
      peer.reset();
      await world.until(() => world.recorder.of(connection).fault !== undefined, "failed");
      assert.equal(world.recorder.of(connection).fault, "reset");
      await world.settle();
      assert.equal(world.recorder.of(connection).isEnded, false);
    },
  },

  {
    title: "a reset shows when sending to it, though nothing is received",
    run: async (world) => {
      const { peer, connection } = await acceptOne(world);
      world.perform(() => world.port.pause(connection));
      peer.stopReading();
      pump(world, connection, 50_000_000);
      await world.settle();
      peer.reset();
      await world.until(() => world.recorder.of(connection).fault === "reset", "failed");
    },
  },

  {
    title: "a backend is connected to, and bytes go both ways",
    run: async (world) => {
      const backend = await world.openBackend();
      const connection = world.perform(() => world.port.connect(backend.address));
      await world.until(() => world.recorder.of(connection).isConnected, "connected");
      const peer = await backend.nextPeer();
      world.perform(() => world.port.receive(connection));
      pump(world, connection, 300_000);
      peer.sendContent(300_000);
      await world.until(() => peer.receivedBytes === 300_000, "bytes at the backend");
      await world.until(
        () => world.recorder.of(connection).receivedBytes === 300_000,
        "bytes from the backend",
      );
    },
  },

  {
    title: "what is sent while still connecting leaves when connected",
    run: async (world) => {
      const backend = await world.openBackend();
      const connection = world.perform(() => world.port.connect(backend.address));
      pump(world, connection, 1_000);
      const peer = await backend.nextPeer();
      await world.until(() => peer.receivedBytes === 1_000, "the early bytes");
      assert.ok(world.recorder.of(connection).isConnected);
    },
  },

  {
    title: "an address where nobody listens is told as refused",
    run: async (world) => {
      const connection = world.perform(() => world.port.connect(world.refusedAddress));
      await world.until(() => world.recorder.of(connection).fault !== undefined, "failed");
      assert.equal(world.recorder.of(connection).fault, "refused");
      assert.equal(world.recorder.of(connection).isConnected, false);
    },
  },
];
