/** The contract of `src/engine/port.ts` on connections that are detached, and attached again or closed. */
import assert from "node:assert/strict";
import { InvariantError } from "../../src/base/assert.ts";
import { contentSlice } from "../../testing/content.ts";
import { acceptOne, connectAll, countFreeNumbers, pump } from "./driving.ts";
import { copyUnsent, detach, isDetached, pumpFrom, sendContent } from "./handing-over.ts";
import type { Rule } from "./world.ts";

/** Far more than the kernels of both ends hold for a peer that does not read. */
const MUCH_BYTES = 20_000_000;

export const DETACH_RULES: readonly Rule[] = [
  {
    title: "what a detached connection's peer sends waits, and comes when it is attached again",
    run: async (world) => {
      const { peer, connection } = await acceptOne(world);
      await detach(world, connection);
      peer.sendContent(50_000);
      await world.settle();
      assert.equal(world.recorder.of(connection).receivedBytes, 0);
      world.perform(() => world.port.attach(connection));
      await world.until(() => world.recorder.of(connection).receivedBytes === 50_000, "the bytes");
    },
  },

  {
    title: "to detach and attach under load, again and again, loses and doubles nothing in either direction",
    run: async (world) => {
      const { port, recorder } = world;
      const { peer, connection } = await acceptOne(world);
      let detachCount = 0;
      recorder.onReceived = (_connection, buffer) => {
        port.buffers.release(buffer);
        if (recorder.of(connection).attachment === "attached" && detachCount++ % 3 === 0)
          port.detach(connection);
      };
      recorder.onDetached = () => port.attach(connection);
      peer.sendContent(4_000_000);
      pumpFrom(world, connection, 0, 4_000_000);
      await world.until(() => recorder.of(connection).receivedBytes === 4_000_000, "all bytes at the port");
      await world.until(() => peer.receivedBytes === 4_000_000, "all bytes at the peer");
      assert.ok(detachCount > 3);
    },
  },

  {
    title: "what is unsent stays queued while detached, is shown slice by slice, and leaves when attached",
    run: async (world) => {
      const { port } = world;
      const { peer, connection } = await acceptOne(world);
      peer.stopReading();
      const sentBytes = pumpFrom(world, connection, 0, MUCH_BYTES);
      await world.settle();
      await detach(world, connection);
      const unsent = copyUnsent(world, connection);
      assert.ok(unsent.length > 0, "all fits into the kernel: the rule shows nothing");
      assert.equal(unsent.length, port.unsentBytes(connection));
      const writtenBytes = sentBytes() - unsent.length;
      assert.ok(contentSlice(writtenBytes, sentBytes()).equals(unsent), "the last of what was sent");
      peer.startReading();
      await world.until(() => peer.receivedBytes === writtenBytes, "what the kernel had");
      await world.settle();
      assert.equal(peer.receivedBytes, writtenBytes);
      assert.equal(port.unsentBytes(connection), unsent.length);
      world.perform(() => port.attach(connection));
      await world.until(() => peer.receivedBytes === MUCH_BYTES, "all of it");
    },
  },

  {
    title: "a send that is asked for in the same turn is queued, or written and told, never both",
    run: async (world) => {
      const { port } = world;
      const { peer, connection } = await acceptOne(world);
      world.perform(() => {
        sendContent(world, connection, 0, 10_000);
        port.detach(connection);
        sendContent(world, connection, 10_000, 20_000);
      });
      await isDetached(world, connection);
      await world.settle();
      const unsentBytes = copyUnsent(world, connection).length;
      assert.equal(peer.receivedBytes + unsentBytes, 20_000);
      world.perform(() => port.attach(connection));
      await world.until(() => peer.receivedBytes === 20_000, "all of it");
    },
  },

  {
    title: "what is asked while detached is carried out when attached: bytes, an end, receiving or not",
    run: async (world) => {
      const { port, recorder } = world;
      const { peer, connection } = await acceptOne(world);
      await detach(world, connection);
      world.perform(() => {
        sendContent(world, connection, 0, 30_000);
        port.shutdown(connection);
        port.pause(connection);
      });
      peer.sendContent(100);
      await world.settle();
      assert.equal(peer.receivedBytes, 0);
      assert.equal(peer.ending, "open");
      world.perform(() => port.attach(connection));
      await world.until(() => peer.receivedBytes === 30_000 && peer.ending === "ended", "bytes and the end");
      await world.settle();
      assert.equal(recorder.of(connection).receivedBytes, 0, "paused");
      world.perform(() => port.receive(connection));
      await world.until(() => recorder.of(connection).receivedBytes === 100, "what the peer sent");
    },
  },

  {
    title: "an end of ours that was asked for just before is not lost, however far it had come",
    run: async (world) => {
      const { port, recorder } = world;
      for (let turns = 0; turns < 4; turns++) {
        const { peer, connection } = await acceptOne(world);
        world.perform(() => {
          sendContent(world, connection, 0, 1_000);
          port.shutdown(connection);
          if (turns === 0) port.detach(connection);
        });
        for (let turn = 1; turn < turns; turn++) world.perform(() => undefined);
        if (turns > 0) world.perform(() => port.detach(connection));
        await isDetached(world, connection);
        world.perform(() => port.attach(connection));
        await world.until(() => peer.ending === "ended", `the end, ${turns} turns after`);
        assert.equal(peer.receivedBytes, 1_000);
        assert.equal(recorder.of(connection).fault, undefined);
      }
    },
  },

  {
    title: "a peer that ends while its connection is detached is told to have ended after it, once",
    run: async (world) => {
      const { port, recorder } = world;
      const { peer, connection } = await acceptOne(world);
      await detach(world, connection);
      peer.sendContent(1_000);
      peer.end();
      await world.settle();
      assert.equal(recorder.of(connection).isEnded, false);
      world.perform(() => port.attach(connection));
      await world.until(() => recorder.of(connection).isEnded, "the end");
      assert.equal(recorder.of(connection).receivedBytes, 1_000);
      await detach(world, connection);
      world.perform(() => port.attach(connection));
      await world.settle();
    },
  },

  {
    title: "a peer that resets while its connection is detached, or just before, is told as failed",
    run: async (world) => {
      const { port, recorder } = world;
      for (const isSettled of [true, false]) {
        const { peer, connection } = await acceptOne(world);
        peer.reset();
        if (isSettled) await world.until(() => recorder.of(connection).fault !== undefined, "failed");
        else {
          world.perform(() => port.detach(connection));
          const isOver = (): boolean =>
            recorder.of(connection).attachment === "detached" || recorder.of(connection).fault !== undefined;
          await world.until(isOver, "detached or failed");
          if (recorder.of(connection).attachment === "detached") world.perform(() => port.attach(connection));
          await world.until(() => recorder.of(connection).fault !== undefined, "failed");
        }
        world.perform(() => port.close(connection));
      }
    },
  },

  {
    title: "closing or resetting while detaching tells nothing more, and does what it always does",
    run: async (world) => {
      const { port, recorder } = world;
      for (const how of ["close", "reset"] as const) {
        const { peer, connection } = await acceptOne(world);
        pump(world, connection, 100_000);
        await world.until(() => peer.receivedBytes === 100_000, "the bytes");
        world.perform(() => {
          port.detach(connection);
          port[how](connection);
        });
        await world.until(() => peer.ending === (how === "close" ? "ended" : "reset"), `the ${how}`);
      }
      assert.equal(recorder.notes.size, 0);
    },
  },

  {
    title: "closing or resetting what is detached does what it always does",
    run: async (world) => {
      const { port } = world;
      for (const how of ["close", "reset"] as const) {
        const { peer, connection } = await acceptOne(world);
        world.perform(() => port.resetOnExit(connection));
        peer.stopReading();
        pump(world, connection, MUCH_BYTES);
        await world.settle();
        await detach(world, connection);
        world.perform(() => port[how](connection));
        peer.startReading();
        await world.until(() => peer.ending === (how === "close" ? "ended" : "reset"), `the ${how}`);
      }
    },
  },

  {
    title: "what is released without a duplicate ends, or resets where that was asked for",
    run: async (world) => {
      const { port } = world;
      for (const resets of [false, true]) {
        const { peer, connection } = await acceptOne(world);
        if (resets) world.perform(() => port.resetOnExit(connection));
        await detach(world, connection);
        world.perform(() => port.release(connection));
        await world.until(() => peer.ending === (resets ? "reset" : "ended"), "the end");
      }
      await world.until(() => countFreeNumbers(world) === port.connectionsMax, "all numbers free");
    },
  },

  {
    title: "all connections are detached at once, in every state, and each is told once",
    run: async (world) => {
      const { port, recorder } = world;
      const listener = world.listen();
      world.perform(() => port.accept(listener));
      const peers = await connectAll(world, listener, 40);
      await world.until(() => recorder.accepts.length === 40, "all accepted");
      const connections = recorder.accepts.splice(0);
      world.perform(() => {
        for (const [index, connection] of connections.entries())
          if (index % 4 !== 0) port.receive(connection);
      });
      for (const [index, peer] of peers.entries()) if (index % 3 === 0) peer.sendContent(200_000);
      world.perform(() => {
        for (const [index, connection] of connections.entries()) {
          if (index % 5 === 0) sendContent(world, connection, 0, 1_000);
          if (index % 7 === 0) port.pause(connection);
          port.detach(connection);
        }
      });
      const areDetached = (): boolean =>
        connections.every((connection) => recorder.of(connection).attachment === "detached");
      await world.until(areDetached, "all detached");
      world.perform(() => {
        for (const connection of connections) {
          port.attach(connection);
          port.receive(connection);
        }
      });
      const isWhole = (): boolean =>
        connections.reduce((sum, connection) => sum + recorder.of(connection).receivedBytes, 0) ===
          14 * 200_000 && peers.reduce((sum, peer) => sum + peer.receivedBytes, 0) === 8 * 1_000;
      await world.until(isWhole, "all bytes of all");
    },
  },

  {
    title: "a paused listener accepts no more, its clients wait, and it accepts them when asked again",
    run: async (world) => {
      const { port, recorder } = world;
      const listener = world.listen();
      world.perform(() => port.accept(listener));
      world.perform(() => port.pauseAccepting(listener));
      await world.settle();
      await connectAll(world, listener, 3);
      await world.settle();
      assert.equal(recorder.accepts.length, 0);
      world.perform(() => port.pauseAccepting(listener));
      world.perform(() => port.accept(listener));
      await world.until(() => recorder.accepts.length === 3, "three accepted");
      world.perform(() => {
        port.pauseAccepting(listener);
        port.accept(listener);
      });
      await connectAll(world, listener, 1);
      await world.until(() => recorder.accepts.length === 4, "the fourth accepted");
      world.perform(() => port.pauseAccepting(listener));
      await connectAll(world, listener, 2);
      world.perform(() => port.stopAccepting(listener));
      await world.until(() => recorder.stopped.length === 1, "the queue emptied");
      assert.equal(recorder.accepts.length, 6);
    },
  },

  {
    title: "to detach what is not connected, or twice, or to ask of it what needs it detached, is a defect",
    run: async (world) => {
      const { port } = world;
      const { connection } = await acceptOne(world);
      world.perform(() => {
        const connecting = port.connect(world.silentAddress);
        assert.throws(() => port.detach(connecting), InvariantError);
        const asks = [() => port.attach(connection), () => port.release(connection)];
        asks.push(() => port.eachUnsent(connection, () => undefined));
        for (const ask of asks) assert.throws(ask, InvariantError);
        port.detach(connection);
        for (const ask of [...asks, () => port.detach(connection)]) assert.throws(ask, InvariantError);
      });
    },
  },
];
