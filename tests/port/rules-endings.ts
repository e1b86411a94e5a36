/** The contract of `src/engine/port.ts` on how a connection ends: what its peer sees. */
import assert from "node:assert/strict";
import { InvariantError } from "../../src/base/assert.ts";
import { acceptOne, pump } from "./driving.ts";
import type { Rule } from "./world.ts";

/**
 * More than the kernel of a peer that does not read takes, and less than ours holds for it: some of it is
 * still here.
 */
const MORE_THAN_A_WINDOW_BYTES = 300_000;

export const ENDING_RULES: readonly Rule[] = [
  {
    title: "our reset is seen as a reset",
    run: async (world) => {
      const { peer, connection } = await acceptOne(world);
      peer.sendContent(10);
      await world.until(() => world.recorder.of(connection).receivedBytes === 10, "the bytes");
      world.perform(() => world.port.reset(connection));
      await world.until(() => peer.ending === "reset", "the reset at the peer");
    },
  },

  {
    title: "our close is seen as an end",
    run: async (world) => {
      const { peer, connection } = await acceptOne(world);
      world.perform(() => world.port.close(connection));
      await world.until(() => peer.ending === "ended", "the end at the peer");
    },
  },

  {
    title: "our close with bytes queued gives them up, and the peer still sees an end and no reset of ours",
    run: async (world) => {
      const { peer, connection } = await acceptOne(world);
      peer.stopReading();
      pump(world, connection, 20_000_000);
      await world.settle();
      assert.ok(world.port.unsentBytes(connection) > 0);
      world.perform(() => world.port.close(connection));
      peer.startReading();
      await world.until(() => peer.ending === "ended", "the end at the peer");
      assert.ok(peer.receivedBytes < 20_000_000);
    },
  },

  {
    title:
      "a peer that ended its direction and reads late still gets all that is queued, in any order of the two",
    run: async (world) => {
      for (const endsFirst of [true, false]) {
        const { peer, connection } = await acceptOne(world);
        peer.stopReading();
        if (endsFirst) peer.end();
        pump(world, connection, 8_000_000);
        await world.settle();
        if (!endsFirst) peer.end();
        await world.until(() => world.recorder.of(connection).isEnded, "the peer's end");
        await world.settle();
        assert.ok(world.port.unsentBytes(connection) > 0, "all fits into the kernel: the rule shows nothing");
        peer.startReading();
        await world.until(() => peer.receivedBytes === 8_000_000, "all of it at the peer");
        assert.equal(world.recorder.of(connection).fault, undefined);
        world.perform(() => world.port.shutdown(connection));
        await world.until(() => peer.ending === "ended", "our end at the peer");
        world.perform(() => world.port.close(connection));
      }
    },
  },

  {
    title: "what resets on exit ends with an end when it is shut down, and the peer has all",
    run: async (world) => {
      const { peer, connection } = await acceptOne(world);
      world.perform(() => world.port.resetOnExit(connection));
      pump(world, connection, 300_000, 1_000_000);
      world.perform(() => world.port.resetOnExit(connection));
      world.perform(() => world.port.shutdown(connection));
      await world.until(() => peer.ending === "ended", "our end at the peer");
      assert.equal(peer.receivedBytes, 300_000);
      world.perform(() => world.port.close(connection));
      await world.settle();
      assert.equal(peer.ending, "ended");
    },
  },

  {
    title: "what resets on exit is closed with an end, and reset with a reset",
    run: async (world) => {
      const closing = await acceptOne(world);
      const resetting = await acceptOne(world);
      world.perform(() => world.port.resetOnExit(closing.connection));
      world.perform(() => world.port.resetOnExit(resetting.connection));
      pump(world, closing.connection, 100_000);
      await world.until(() => closing.peer.receivedBytes === 100_000, "the bytes");
      world.perform(() => world.port.close(closing.connection));
      world.perform(() => world.port.reset(resetting.connection));
      await world.until(() => closing.peer.ending === "ended", "the end at the peer");
      await world.until(() => resetting.peer.ending === "reset", "the reset at the peer");
    },
  },

  {
    title: "a process that dies: what resets on exit is reset, all else ends",
    run: async (world) => {
      const unfinished = await acceptOne(world);
      const usual = await acceptOne(world);
      world.perform(() => world.port.resetOnExit(unfinished.connection));
      for (const { peer, connection } of [unfinished, usual]) {
        pump(world, connection, 100_000);
        await world.until(() => peer.receivedBytes === 100_000, "the bytes");
      }
      world.endProcess();
      await world.until(() => unfinished.peer.ending === "reset", "the reset at the peer");
      await world.until(() => usual.peer.ending === "ended", "the end at the peer");
    },
  },

  {
    title: "a process that dies after a shutdown that was carried out: the peer has all, and an end",
    run: async (world) => {
      const { peer, connection } = await acceptOne(world);
      peer.stopReading();
      world.perform(() => world.port.resetOnExit(connection));
      pump(world, connection, MORE_THAN_A_WINDOW_BYTES, 1_000_000);
      world.perform(() => world.port.shutdown(connection));
      await world.until(() => world.port.unsentBytes(connection) === 0, "all in the kernel's hands");
      await world.settle();
      world.endProcess();
      await world.settle();
      peer.startReading();
      await world.until(() => peer.ending === "ended", "the end at the peer");
      assert.equal(peer.receivedBytes, MORE_THAN_A_WINDOW_BYTES);
    },
  },

  {
    title: "a number given out again can be asked for a reset on exit again",
    limits: { connectionsMax: 1 },
    run: async (world) => {
      const first = await acceptOne(world);
      world.perform(() => world.port.resetOnExit(first.connection));
      world.perform(() => world.port.close(first.connection));
      const second = await acceptOne(world);
      assert.equal(second.connection, first.connection);
      world.perform(() => world.port.resetOnExit(second.connection));
      world.endProcess();
      await world.until(() => second.peer.ending === "reset", "the reset at the peer");
    },
  },

  {
    title: "to ask for a reset on exit after shutdown, or of a connection that is not open, is a defect",
    run: async (world) => {
      const { connection } = await acceptOne(world);
      world.perform(() => world.port.shutdown(connection));
      assert.throws(() => world.port.resetOnExit(connection), InvariantError);
      assert.throws(() => world.port.resetOnExit(connection + 1), InvariantError);
    },
  },
];
