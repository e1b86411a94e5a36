import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync, writeSync } from "node:fs";
import { connect } from "node:net";
import { test, type TestContext } from "node:test";
import { parseAddress } from "../base/address.ts";
import { closeDescriptor } from "../sys/descriptor.ts";
import { openListeningSocket, socketName } from "../sys/listening-socket.ts";
import { acceptConnection } from "../sys/stream-socket.ts";
import {
  createDescriptorPair,
  DESCRIPTORS_MAX,
  receiveDescriptor,
  receiveDescriptors,
  sendDescriptor,
  sendDescriptors,
} from "./descriptors.ts";

function pairOf(t: TestContext): { ours: number; theirs: number; closeTheirs: () => void } {
  const pair = createDescriptorPair();
  assert.ok(pair.ok);
  const open = new Set([pair.value.ours, pair.value.theirs]);
  const close = (fd: number): void => {
    if (open.delete(fd)) closeDescriptor(fd);
  };
  t.after(() => [pair.value.ours, pair.value.theirs].forEach(close));
  return { ...pair.value, closeTheirs: () => close(pair.value.theirs) };
}

test("a listening socket that was sent accepts as the first one does", async (t) => {
  const { ours, theirs } = pairOf(t);
  const listening = openListeningSocket(parseAddress("127.0.0.1:0")!);
  assert.ok(listening.ok);
  assert.ok(sendDescriptor(ours, listening.value).ok);
  const received = receiveDescriptor(theirs);
  assert.ok(received.ok && received.value !== listening.value);
  t.after(() => closeDescriptor(received.value));
  const { port } = socketName(listening.value);
  closeDescriptor(listening.value);

  const client = connect(port, "127.0.0.1");
  t.after(() => client.destroy());
  await once(client, "connect");
  const accepted = acceptConnection(received.value);
  assert.ok(accepted.ok);
  closeDescriptor(accepted.value.fd);
});

test("what is received is closed on exec", (t) => {
  const { ours, theirs } = pairOf(t);
  sendDescriptor(ours, ours);
  const received = receiveDescriptor(theirs);
  assert.ok(received.ok);
  const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${received.value}`, "utf8"))?.[1];
  closeDescriptor(received.value);
  assert.equal(Number.parseInt(flags ?? "", 8) & 0o2000000, 0o2000000);
});

test("descriptors arrive in the order they were sent, and an empty channel says so at once", (t) => {
  const { ours, theirs } = pairOf(t);
  const empty = receiveDescriptor(theirs);
  assert.equal(!empty.ok && empty.error.code, "NOTHING_SENT");
  const ports = [0, 0, 0].map(() => {
    const opened = openListeningSocket(parseAddress("127.0.0.1:0")!);
    assert.ok(opened.ok && sendDescriptor(ours, opened.value).ok);
    const { port } = socketName(opened.value);
    closeDescriptor(opened.value);
    return port;
  });
  const received = ports.map(() => {
    const next = receiveDescriptor(theirs);
    assert.ok(next.ok);
    const { port } = socketName(next.value);
    closeDescriptor(next.value);
    return port;
  });
  assert.deepEqual(received, ports);
});

test("a channel whose other end is closed, or never read, is a fault and not a wait", (t) => {
  const full = pairOf(t);
  let sent = sendDescriptor(full.ours, full.ours);
  let count = 1;
  while (sent.ok && count < 100_000) {
    sent = sendDescriptor(full.ours, full.ours);
    count++;
  }
  assert.equal(!sent.ok && sent.error.code, "CHANNEL_FULL");
  assert.ok(count > 100, `only ${count} descriptors fit`);

  const closed = pairOf(t);
  closed.closeTheirs();
  const refused = sendDescriptor(closed.ours, closed.ours);
  assert.equal(!refused.ok && refused.error.code, "FAILED");
  const ended = receiveDescriptor(closed.ours);
  assert.equal(!ended.ok && ended.error.code, "FAILED");
});

test("descriptors that were sent together are received together, and one by itself among them", (t) => {
  const { ours, theirs } = pairOf(t);
  const counts = [DESCRIPTORS_MAX, 1, 7];
  for (const count of counts)
    assert.ok(
      sendDescriptors(
        ours,
        Array.from({ length: count }, () => ours),
      ).ok,
    );
  for (const count of counts) {
    const received = receiveDescriptors(theirs);
    assert.ok(received.ok);
    assert.equal(received.value.length, count);
    received.value.forEach(closeDescriptor);
  }
  const none = receiveDescriptors(theirs);
  assert.equal(!none.ok && none.error.code, "NOTHING_SENT");
});

test("several where one is wanted are a fault of the channel, and so is what is no descriptor", (t) => {
  const { ours, theirs } = pairOf(t);
  assert.ok(sendDescriptors(ours, [ours, ours]).ok);
  const several = receiveDescriptor(theirs);
  assert.equal(!several.ok && several.error.code, "FAILED");
  writeSync(ours, "x");
  const nothing = receiveDescriptors(theirs);
  assert.equal(!nothing.ok && nothing.error.code, "FAILED");
});
