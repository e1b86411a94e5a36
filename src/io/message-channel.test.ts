import assert from "node:assert/strict";
import { once } from "node:events";
import { duplexPair, type Duplex } from "node:stream";
import { test } from "node:test";
import { encodeMessage, MessageChannel } from "./message-channel.ts";

interface End {
  readonly channel: MessageChannel<{ readonly n: number }>;
  /** What came, read by read. */
  readonly batches: number[][];
  readonly socket: Duplex;
  readonly closed: Promise<void>;
}

function endOf(socket: Duplex): End {
  const batches: number[][] = [];
  let tellClosed = (): void => undefined;
  const closed = new Promise<void>((resolve) => (tellClosed = resolve));
  const channel = new MessageChannel<{ readonly n: number }>(socket, {
    received: (messages) => batches.push(messages.map(({ n }) => n)),
    drained: () => undefined,
    closed: tellClosed,
  });
  return { channel, batches, socket, closed };
}

function pair(): { ours: End; theirs: End } {
  const [first, second] = duplexPair();
  return { ours: endOf(first), theirs: endOf(second) };
}

test("messages sent by one piece of code arrive together and in order", async () => {
  const { ours, theirs } = pair();
  const arrived = once(theirs.socket, "data");
  for (const n of [1, 2, 3]) ours.channel.send({ n });
  ours.channel.sendEncoded(encodeMessage({ n: 4 }));
  await arrived;
  assert.deepEqual(theirs.batches, [[1, 2, 3, 4]]);
});

test("what waits leaves before the end, and the other side is told once", async () => {
  const { ours, theirs } = pair();
  ours.channel.send({ n: 1 });
  ours.channel.end();
  await theirs.closed;
  assert.deepEqual(theirs.batches, [[1]]);
});

test("a channel that was destroyed sends nothing and tells nothing", async () => {
  const { ours, theirs } = pair();
  ours.channel.destroy();
  ours.channel.send({ n: 1 });
  theirs.channel.send({ n: 2 });
  theirs.channel.flush();
  theirs.channel.end();
  await theirs.closed;
  assert.deepEqual([ours.batches, theirs.batches], [[], []]);
});

test("bytes that are no message are a defect of ours", () => {
  const { theirs } = pair();
  assert.throws(() => theirs.socket.emit("data", Buffer.from("{half\0")), /malformed/);
});
