/** The contract of `src/engine/port.ts` on connections that are detached, attached again, or given away. */
import assert from "node:assert/strict";
import { InvariantError } from "../../src/base/assert.ts";
import { contentSlice } from "../../testing/content.ts";
import { acceptOne, connectAll, countFreeNumbers, pump } from "./driving.ts";
import type { PortProcess, PortWorld, Rule, Taker } from "./world.ts";

/** Far more than the kernels of both ends hold for a peer that does not read. */
const MUCH_BYTES = 20_000_000;

export const HANDOVER_RULES: readonly Rule[] = [
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
      pump(world, connection, 3_000_000, 3_000_000);
      await world.settle();
      await detach(world, connection);
      const unsent = copyUnsent(world, connection);
      assert.ok(unsent.length > 0, "all fits into the kernel: the rule shows nothing");
      assert.equal(unsent.length, port.unsentBytes(connection));
      assert.ok(
        contentSlice(3_000_000 - unsent.length, 3_000_000).equals(unsent),
        "the last of what was sent",
      );
      peer.startReading();
      await world.until(() => peer.receivedBytes === 3_000_000 - unsent.length, "what the kernel had");
      await world.settle();
      assert.equal(peer.receivedBytes, 3_000_000 - unsent.length);
      assert.equal(port.unsentBytes(connection), unsent.length);
      world.perform(() => port.attach(connection));
      await world.until(() => peer.receivedBytes === 3_000_000, "all of it");
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
    title: "a number that was released is given out again, and nothing of before is told under it",
    limits: { connectionsMax: 1 },
    run: async (world) => {
      const { port, recorder } = world;
      const taker = await world.openTaker();
      for (let round = 0; round < 5; round++) {
        const { peer, connection } = await acceptOne(world);
        peer.stopReading();
        pump(world, connection, 500_000);
        peer.sendContent(100_000);
        world.perform(() => port.detach(connection));
        await isDetached(world, connection);
        const taken = taker.adopt(connection);
        world.perform(() => port.release(connection));
        taker.perform(() => taker.port.reset(taken));
      }
      assert.equal(recorder.notes.size, 0);
      assert.equal(countFreeNumbers(world), 1);
      taker.end();
    },
  },

  {
    title: "a connection is given away in the middle of a transfer: no byte is lost or doubled, either way",
    run: async (world) => {
      const taker = await world.openTaker();
      const { peer, connection } = await acceptOne(world);
      peer.sendContent(3_000_000);
      const sentBytes = pumpFrom(world, connection, 0, 1_000_000);
      const isHalf = (): boolean => world.recorder.of(connection).receivedBytes > 100_000;
      await world.until(isHalf, "the first bytes");
      const taken = await give(world, taker, connection);
      pumpFrom(taker, taken, sentBytes(), 3_000_000);
      await world.until(() => taker.recorder.of(taken).receivedBytes === 3_000_000, "all at the taker");
      await world.until(() => peer.receivedBytes === 3_000_000, "all at the peer");
      peer.end();
      await world.until(() => taker.recorder.of(taken).isEnded, "the end at the taker");
      taker.perform(() => taker.port.close(taken));
      await world.until(() => peer.ending === "ended", "the end at the peer");
      taker.end();
    },
  },

  {
    title: "what is unsent to a peer that does not read goes over and follows what the kernel has",
    run: async (world) => {
      const taker = await world.openTaker();
      const { peer, connection } = await acceptOne(world);
      peer.stopReading();
      const sentBytes = pumpFrom(world, connection, 0, MUCH_BYTES);
      await world.settle();
      const taken = await give(world, taker, connection);
      assert.ok(taker.port.unsentBytes(taken) > 0);
      peer.startReading();
      pumpFrom(taker, taken, sentBytes(), MUCH_BYTES);
      await world.until(() => peer.receivedBytes === MUCH_BYTES, "20 MB at the peer");
      taker.perform(() => taker.port.shutdown(taken));
      await world.until(() => peer.ending === "ended", "the end at the peer");
      taker.end();
    },
  },

  {
    title: "what was asked to reset on exit does not where it is adopted, until it is asked there",
    run: async (world) => {
      const taker = await world.openTaker();
      for (const asksAgain of [false, true]) {
        const { peer, connection } = await acceptOne(world);
        world.perform(() => world.port.resetOnExit(connection));
        const taken = await give(world, taker, connection);
        if (asksAgain) taker.perform(() => taker.port.resetOnExit(taken));
        if (asksAgain) taker.end();
        else taker.perform(() => taker.port.close(taken));
        await world.until(() => peer.ending === (asksAgain ? "reset" : "ended"), "the end at the peer");
      }
    },
  },

  {
    title: "the taker dies before it says a word: the giver goes on, and resets on exit as before",
    run: async (world) => {
      const { port, recorder } = world;
      const { peer, connection } = await acceptOne(world);
      const taker = await world.openTaker();
      world.perform(() => port.resetOnExit(connection));
      pump(world, connection, 400_000, 400_000);
      await detach(world, connection);
      taker.adopt(connection);
      taker.end();
      await world.settle();
      assert.equal(peer.ending, "open");
      peer.sendContent(100_000);
      world.perform(() => port.attach(connection));
      await world.until(() => peer.receivedBytes === 400_000, "all at the peer");
      await world.until(() => recorder.of(connection).receivedBytes === 100_000, "all at the giver");
      world.endProcess();
      await world.until(() => peer.ending === "reset", "the reset at the peer");
    },
  },

  {
    title: "the giver dies after the taker has it: the peer sees nothing of that",
    run: async (world) => {
      const { peer, connection } = await acceptOne(world);
      const taker = await world.openTaker();
      await detach(world, connection);
      const taken = taker.adopt(connection);
      world.endProcess();
      await world.settle();
      assert.equal(peer.ending, "open");
      peer.sendContent(10_000);
      taker.perform(() => taker.port.receive(taken));
      pumpFrom(taker, taken, 0, 10_000);
      await world.until(() => taker.recorder.of(taken).receivedBytes === 10_000, "bytes at the taker");
      await world.until(() => peer.receivedBytes === 10_000, "bytes at the peer");
      taker.end();
      await world.until(() => peer.ending === "ended", "the end at the peer");
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

function isDetached(process: PortWorld, connection: number): Promise<void> {
  return process.until(() => process.recorder.of(connection).attachment === "detached", "detached");
}

async function detach(world: PortWorld, connection: number): Promise<void> {
  world.perform(() => world.port.detach(connection));
  await isDetached(world, connection);
}

/** Detaches, lets the taker have it with what is unsent, and releases it; gives the taker's number. */
async function give(world: PortWorld, taker: Taker, connection: number): Promise<number> {
  await detach(world, connection);
  const unsent = copyUnsent(world, connection);
  const taken = taker.adopt(connection);
  assert.ok(taken >= 0);
  taker.perform(() => {
    sendBytes(taker, taken, unsent);
    taker.port.receive(taken);
  });
  world.perform(() => world.port.release(connection));
  return taken;
}

function copyUnsent(world: PortWorld, connection: number): Buffer {
  const { port } = world;
  const parts: Buffer[] = [];
  world.perform(() =>
    port.eachUnsent(connection, (buffer, start, end) => {
      assert.ok(port.buffers.references(buffer) > 0 && end > start);
      parts.push(Buffer.from(port.buffers.memory.subarray(start, end)));
    }),
  );
  return Buffer.concat(parts);
}

/** Inside a turn. */
function sendBytes(process: PortProcess, connection: number, bytes: Uint8Array): void {
  const { buffers } = process.port;
  for (let at = 0; at < bytes.length; at += buffers.bufferBytes) {
    const part = bytes.subarray(at, at + buffers.bufferBytes);
    const buffer = buffers.take();
    assert.ok(buffer >= 0, "no buffer left to send from");
    const start = buffers.startOf(buffer);
    buffers.memory.set(part, start);
    process.port.send(connection, buffer, start, start + part.length);
  }
}

function sendContent(process: PortProcess, connection: number, start: number, end: number): void {
  sendBytes(process, connection, contentSlice(start, end));
}

/** Sends bytes `start` to `end` of the content with little queued; gives how far it has come. */
function pumpFrom(process: PortProcess, connection: number, start: number, end: number): () => number {
  const { port, recorder } = process;
  let at = start;
  const go = (): void => {
    while (at < end && port.unsentBytes(connection) < 262_144) {
      const to = Math.min(end, at + port.buffers.bufferBytes);
      sendContent(process, connection, at, to);
      at = to;
    }
  };
  recorder.onSent = (sender) => sender === connection && go();
  process.perform(go);
  return () => at;
}
