/** The contract of `src/engine/port.ts` on connections that one process gives to another. */
import assert from "node:assert/strict";
import { acceptOne, countFreeNumbers, pump } from "./driving.ts";
import { detach, give, isDetached, pumpFrom } from "./handing-over.ts";
import type { Rule } from "./world.ts";

/** Far more than the kernels of both ends hold for a peer that does not read. */
const MUCH_BYTES = 20_000_000;

export const HANDOVER_RULES: readonly Rule[] = [
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
      await world.until(() => countFreeNumbers(world) === 1, "the number free");
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
];
