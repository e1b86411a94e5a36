/** The contract of `src/engine/port.ts` where something runs out, is closed early, or is used wrongly. */
import assert from "node:assert/strict";
import { InvariantError } from "../../src/base/assert.ts";
import { contentSlice } from "../../testing/content.ts";
import { acceptOne, connectAll, countFreeNumbers, pump } from "./driving.ts";
import type { Rule } from "./world.ts";

export const LIMIT_RULES: readonly Rule[] = [
  {
    title: "closing with everything under way tells nothing more, and gives all back",
    run: async (world) => {
      const { port, recorder } = world;
      const heldAtFirst = port.buffers.count - port.buffers.freeCount;
      const { peer, connection } = await acceptOne(world);
      peer.stopReading();
      pump(world, connection, 50_000_000);
      await world.settle();
      assert.ok(port.unsentBytes(connection) > 0);
      const connecting = world.perform(() => port.connect(world.silentAddress));
      peer.sendContent(1_000_000);
      world.perform(() => {
        port.close(connection);
        port.close(connecting);
      });
      await world.settle();
      assert.equal(recorder.notes.size, 0);
      await world.until(
        () => port.buffers.count - port.buffers.freeCount <= heldAtFirst,
        "all buffers given back",
      );
      await world.until(() => countFreeNumbers(world) === port.connectionsMax, "all numbers free");
    },
  },

  {
    title: "closing from within an event tells nothing more of that connection",
    run: async (world) => {
      const { port, recorder } = world;
      const listener = world.listen();
      world.perform(() => port.accept(listener));
      const peers = await connectAll(world, listener, 40);
      await world.until(() => recorder.accepts.length === 40, "all accepted");
      for (const peer of peers) peer.sendContent(500_000);
      await world.settle();
      recorder.onReceived = (receiver, buffer) => {
        port.buffers.release(buffer);
        port.close(receiver);
      };
      world.perform(() => recorder.accepts.forEach((connection) => port.receive(connection)));
      await world.until(() => recorder.notes.size === 0, "all closed");
      await world.settle();
      await world.until(() => countFreeNumbers(world) === port.connectionsMax, "all numbers free");
    },
  },

  {
    title: "without free numbers connect gives -1, and clients wait in the queue until one is free",
    limits: { connectionsMax: 4 },
    run: async (world) => {
      const { port, recorder } = world;
      const listener = world.listen();
      world.perform(() => port.accept(listener));
      await connectAll(world, listener, 7);
      await world.until(() => recorder.accepts.length === 4, "four accepted");
      await world.settle();
      assert.equal(recorder.accepts.length, 4);
      assert.equal(
        world.perform(() => port.connect(world.silentAddress)),
        -1,
      );
      for (let expected = 5; expected <= 7; expected++) {
        world.perform(() => port.close(recorder.accepts[expected - 5]!));
        await world.until(() => recorder.accepts.length === expected, `the ${expected}th accepted`);
      }
      assert.equal(recorder.notes.size, 4);
    },
  },

  {
    title: "a paused listener leaves clients that wait for a number in the queue, but for one that was taken",
    limits: { connectionsMax: 4 },
    run: async (world) => {
      const { port, recorder } = world;
      const listener = world.listen();
      world.perform(() => port.accept(listener));
      await connectAll(world, listener, 7);
      await world.until(() => recorder.accepts.length === 4, "four accepted");
      await world.settle();
      world.perform(() => port.pauseAccepting(listener));
      world.perform(() => recorder.accepts.forEach((connection) => port.close(connection)));
      await world.settle();
      const whilePaused = recorder.accepts.length;
      assert.ok(whilePaused === 4 || whilePaused === 5, `${whilePaused} accepted`);
      world.perform(() => port.accept(listener));
      await world.until(() => recorder.accepts.length === 7, "all accepted");
      await world.settle();
      assert.equal(recorder.accepts.length, 7);
    },
  },

  {
    title: "a pool whose buffers are all held stops receiving, and goes on when they are given back",
    limits: { buffersMax: 16 },
    run: async (world) => {
      const { port, recorder } = world;
      const held: number[] = [];
      recorder.onReceived = (_connection, buffer) => void held.push(buffer);
      const listener = world.listen();
      world.perform(() => port.accept(listener));
      const peers = await connectAll(world, listener, 5);
      await world.until(() => recorder.accepts.length === 5, "five accepted");
      world.perform(() => recorder.accepts.forEach((connection) => port.receive(connection)));
      for (const peer of peers) peer.sendContent(2_000_000);
      await world.settle();
      assert.ok(held.length >= 1 && held.length <= 16);
      assert.ok(port.buffers.freeCount > 0, "a reserve is left to write with");
      const bytes = (): number =>
        [...recorder.notes.values()].reduce((sum, notes) => sum + notes.receivedBytes, 0);
      const giveBack = (): void => held.splice(0).forEach((buffer) => port.buffers.release(buffer));
      await world.until(() => (world.perform(giveBack), bytes() === 10_000_000), "all bytes of all five");
    },
  },

  {
    title: "a client that ended is told though no buffer is free",
    limits: { buffersMax: 16 },
    run: async (world) => {
      const { port, recorder } = world;
      const { peer, connection } = await acceptOne(world);
      const held: number[] = [];
      recorder.onReceived = (_connection, buffer) => void held.push(buffer);
      peer.sendContent(1_000_000);
      peer.end();
      await world.settle();
      const giveBack = (): void => held.splice(0).forEach((buffer) => port.buffers.release(buffer));
      await world.until(() => (world.perform(giveBack), recorder.of(connection).isEnded), "ended");
      assert.equal(recorder.of(connection).receivedBytes, 1_000_000);
    },
  },

  {
    title: "unsent slices are counted in buffers, however few bytes they have",
    run: async (world) => {
      const { port } = world;
      const { peer, connection } = await acceptOne(world);
      const content = contentSlice(0, 60);
      const counts = world.perform(() => {
        const pair = [port.buffers.take(), port.buffers.take()];
        const starts = pair.map((buffer) => port.buffers.startOf(buffer));
        for (let at = 0; at < 40; at++) {
          port.buffers.memory[starts[at % 2]!] = content[at]!;
          port.buffers.retain(pair[at % 2]!);
          port.send(connection, pair[at % 2]!, starts[at % 2]!, ++starts[at % 2]!);
        }
        const alternating = port.unsentBuffers(connection);
        for (const buffer of pair) port.buffers.release(buffer);
        for (let at = 40; at < 60; at++) {
          const buffer = port.buffers.take();
          const start = port.buffers.startOf(buffer);
          port.buffers.memory[start] = content[at]!;
          port.send(connection, buffer, start, start + 1);
        }
        return [alternating, port.unsentBuffers(connection)];
      });
      assert.deepEqual(counts, [2, 22]);
      await world.until(() => peer.receivedBytes === 60, "all slices");
      await world.until(() => port.unsentBuffers(connection) === 0, "nothing unsent");
    },
  },

  {
    title: "connections come and go by the hundred and leave nothing behind",
    run: async (world) => {
      const { port, recorder } = world;
      const heldAtFirst = port.buffers.count - port.buffers.freeCount;
      const listener = world.listen();
      world.perform(() => port.accept(listener));
      recorder.onAccepted = (connection) => port.receive(connection);
      recorder.onReceived = (connection, buffer, start, end) => {
        port.send(connection, buffer, start, end);
        if (recorder.of(connection).receivedBytes === 100) port.shutdown(connection);
      };
      for (let round = 0; round < 30; round++) {
        const peers = await connectAll(world, listener, 20);
        for (const peer of peers) peer.sendContent(100);
        await world.until(
          () => peers.every((peer) => peer.receivedBytes === 100 && peer.ending === "ended"),
          "echoes",
        );
        for (const [index, peer] of peers.entries()) {
          if (index % 2 === 0) peer.end();
          else peer.reset();
        }
        const isOver = (): boolean =>
          [...recorder.notes.values()].every((notes) => notes.isEnded || notes.fault !== undefined);
        await world.until(isOver, "both directions over");
        world.perform(() => [...recorder.notes.keys()].forEach((connection) => port.close(connection)));
      }
      assert.equal(recorder.accepts.length, 600);
      await world.until(
        () => port.buffers.count - port.buffers.freeCount <= heldAtFirst,
        "all buffers given back",
      );
      await world.until(() => countFreeNumbers(world) === port.connectionsMax, "all numbers free");
    },
  },

  {
    title: "to stop accepting first accepts all that is queued",
    limits: { connectionsMax: 64 },
    run: async (world) => {
      const { port, recorder } = world;
      const accepting = world.listen();
      const idle = world.listen();
      world.perform(() => port.accept(accepting));
      await connectAll(world, accepting, 1);
      await world.until(() => recorder.accepts.length === 1, "the first accepted");
      await connectAll(world, idle, 20);
      world.perform(() => {
        port.stopAccepting(accepting);
        port.stopAccepting(idle);
      });
      await world.until(() => recorder.stopped.length === 2, "both stopped");
      assert.equal(recorder.accepts.length, 21);
      assert.deepEqual(new Set(recorder.stopped), new Set([accepting, idle]));
    },
  },

  {
    title: "to stop accepting waits for numbers rather than lose what is queued",
    limits: { connectionsMax: 3 },
    run: async (world) => {
      const { port, recorder } = world;
      const listener = world.listen();
      await connectAll(world, listener, 8);
      world.perform(() => port.stopAccepting(listener));
      let closed = 0;
      const closeOne = (): void => {
        if (closed < recorder.accepts.length) world.perform(() => port.close(recorder.accepts[closed++]!));
      };
      await world.until(() => (closeOne(), recorder.stopped.length === 1), "stopped");
      assert.equal(recorder.accepts.length, 8);
    },
  },

  {
    title: "an abandoned listener leaves its queue to who else holds the socket",
    run: async (world) => {
      const { port, recorder } = world;
      const first = world.listen();
      const second = world.listenAgain(first);
      await connectAll(world, first, 5);
      world.perform(() => port.abandonListener(first));
      await world.settle();
      assert.equal(recorder.accepts.length, 0);
      world.perform(() => port.accept(second));
      await world.until(() => recorder.accepts.length === 5, "all five accepted by the other");
      assert.deepEqual(recorder.stopped, []);
    },
  },

  {
    title: "a turn comes at the deadline that the last one asked for",
    run: async (world) => {
      const { recorder } = world;
      const askedMs = world.perform(() => (recorder.deadlineMs = recorder.nowMs + 40));
      await world.until(() => recorder.nowMs >= askedMs, "the turn at its deadline");
    },
  },

  {
    title: "a wrong number, slice or order of calls stops us instead of harming a neighbour",
    run: async (world) => {
      const { port } = world;
      const { connection } = await acceptOne(world);
      const connecting = world.perform(() => port.connect(world.silentAddress));
      const buffer = port.buffers.take();
      const start = port.buffers.startOf(buffer);
      const end = start + port.buffers.bufferBytes;
      const wrong: (() => void)[] = [
        () => port.receive(-1),
        () => port.receive(port.connectionsMax),
        () => port.receive(0.5),
        () => port.close(connection + 5),
        () => port.receive(connecting),
        () => port.send(connection, buffer, start - 1, end),
        () => port.send(connection, buffer, start, end + 1),
        () => port.send(connection, buffer, end, start),
        () => port.accept(4_711),
        () => port.stopAccepting(-1),
      ];
      for (const [index, call] of wrong.entries()) {
        assert.throws(call, InvariantError, `wrong use ${index} was taken`);
      }
      port.buffers.release(buffer);
    },
  },
];
