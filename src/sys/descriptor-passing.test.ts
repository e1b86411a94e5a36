import assert from "node:assert/strict";
import { closeSync, fstatSync, openSync, readdirSync, statSync, writeSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { ok, type Result } from "../base/result.ts";
import { scratch } from "./arena.ts";
import { closeDescriptor } from "./descriptor.ts";
import { openDescriptorPair, receiveRights, RIGHTS_MAX, sendRights } from "./descriptor-passing.ts";
import type { SystemFault } from "./errno.ts";
import * as libc from "./libc.ts";

interface Ends {
  readonly first: number;
  readonly second: number;
}

function openPair(t: TestContext): Ends {
  const pair = openDescriptorPair();
  assert.ok(pair.ok);
  t.after(() => Object.values(pair.value).forEach(closeDescriptor));
  return pair.value;
}

/** As `receiveRights` for one, with the descriptor by itself. */
function receiveOne(channelFd: number): Result<number, SystemFault> {
  const received = receiveRights(channelFd, 1);
  return received.ok ? ok(received.value[0]!) : received;
}

function openCount(): number {
  return readdirSync("/proc/self/fd").length;
}

function repeat(fd: number, count: number): number[] {
  return Array.from({ length: count }, () => fd);
}

/** One message that carries all of `fds`, as a peer might send that is not ours (sendmsg(2), cmsg(3)). */
function sendTogether(channelFd: number, fds: readonly number[]): void {
  const { words } = scratch;
  words.fill(0, 0, 512);
  const control = 16 + fds.length * 4;
  const writeAddress = (at: number, address: number): void => {
    words[at] = address | 0;
    words[at + 1] = Math.floor(address / 2 ** 32);
  };
  writeAddress(4, scratch.addressOf(64, 16));
  words[6] = 1;
  writeAddress(8, scratch.addressOf(128, control));
  words[10] = Math.ceil(control / 8) * 8;
  writeAddress(16, scratch.addressOf(96, 1));
  words[18] = 1;
  words.set([control, 0, 1, 1, ...fds], 32);
  assert.equal(libc.sendmsg(channelFd, scratch.addressOf(0, 56), 0), 1);
}

test("a descriptor that is received is another one of the same file", (t) => {
  const { first, second } = openPair(t);
  const file = openSync("/dev/null", "r");
  assert.ok(sendRights(first, [file]).ok);
  closeSync(file);
  const received = receiveOne(second);
  assert.ok(received.ok);
  assert.equal(fstatSync(received.value).rdev, statSync("/dev/null").rdev);
  closeDescriptor(received.value);
});

test("descriptors of one message arrive together, in their order, as many as a message may have", (t) => {
  const { first, second } = openPair(t);
  const before = openCount();
  for (const count of [1, 2, 3, RIGHTS_MAX]) {
    const files = Array.from({ length: count }, (_, index) =>
      openSync(["/dev/null", "/dev/zero"][index % 2]!, "r"),
    );
    assert.ok(sendRights(first, files).ok);
    const received = receiveRights(second, RIGHTS_MAX);
    assert.ok(received.ok);
    const devices = (fds: readonly number[]): number[] => fds.map((fd) => fstatSync(fd).rdev);
    assert.deepEqual(devices(received.value), devices(files), `${count} descriptors`);
    [...files, ...received.value].forEach(closeDescriptor);
    assert.equal(openCount(), before, `${count} descriptors`);
  }
});

test("messages keep apart: each brings its own descriptors, though all were sent before one is taken", (t) => {
  const { first, second } = openPair(t);
  for (const count of [3, 1, 200, 2]) assert.ok(sendRights(first, repeat(first, count)).ok);
  for (const count of [3, 1, 200, 2]) {
    const received = receiveRights(second, RIGHTS_MAX);
    assert.ok(received.ok);
    assert.equal(received.value.length, count);
    received.value.forEach(closeDescriptor);
  }
});

test("to send no descriptor, too many, or what is none, is a defect, and a closed one sends none of them", (t) => {
  const { first, second } = openPair(t);
  for (const wrong of [[], repeat(first, RIGHTS_MAX + 1), [first, -1], [Number.NaN]])
    assert.throws(() => sendRights(first, wrong), /descriptor/);
  const sent = sendRights(first, [first, 1_000_000]);
  assert.equal(!sent.ok && sent.error.name, "EBADF");
  const nothing = receiveRights(second, RIGHTS_MAX);
  assert.equal(!nothing.ok && nothing.error.name, "EAGAIN");
});

test("a message with more descriptors than there is room for is refused, and none of them stays open", (t) => {
  const { first, second } = openPair(t);
  const before = openCount();
  for (const [sentCount, room] of [
    [RIGHTS_MAX + 1, RIGHTS_MAX],
    [253, RIGHTS_MAX],
    [RIGHTS_MAX, RIGHTS_MAX - 1],
    [10, 9],
    [10, 1],
  ] as const) {
    sendTogether(first, repeat(first, sentCount));
    const received = receiveRights(second, room);
    assert.equal(!received.ok && received.error.name, "EPROTO", `${sentCount} into ${room}`);
    assert.equal(openCount(), before, `${sentCount} into ${room}`);
  }
});

test("a message with several descriptors is refused by who wants one, and none of them stays open", (t) => {
  const { first, second } = openPair(t);
  const before = openCount();
  for (const count of [2, 3, 10, 100]) {
    sendTogether(
      first,
      Array.from({ length: count }, () => first),
    );
    const received = receiveOne(second);
    assert.equal(!received.ok && received.error.name, "EPROTO", `${count} descriptors`);
    assert.equal(openCount(), before, `${count} descriptors`);
  }
  sendTogether(first, [first]);
  const one = receiveOne(second);
  assert.ok(one.ok, "one is one, whoever sends it");
  closeDescriptor(one.value);
});

test("a message without a descriptor is refused byte by byte, and what follows is received", (t) => {
  const { first, second } = openPair(t);
  writeSync(first, "ab");
  assert.ok(sendRights(first, [first]).ok);
  for (let byte = 0; byte < 2; byte++) {
    const refused = receiveOne(second);
    assert.equal(!refused.ok && refused.error.name, "EPROTO");
  }
  const received = receiveOne(second);
  assert.ok(received.ok);
  closeDescriptor(received.value);
});

test("what an earlier message left in the scratch page is not taken for a descriptor", (t) => {
  const { first, second } = openPair(t);
  assert.ok(sendRights(first, [first]).ok);
  const received = receiveOne(second);
  assert.ok(received.ok);
  closeDescriptor(received.value);
  writeSync(first, "x");
  const refused = receiveOne(second);
  assert.equal(!refused.ok && refused.error.name, "EPROTO");
});

test("descriptors on their way arrive although their sender has gone, then comes the end", () => {
  const before = openCount();
  const pair = openDescriptorPair();
  assert.ok(pair.ok);
  const { first, second } = pair.value;
  for (let count = 0; count < 3; count++) assert.ok(sendRights(first, [first]).ok);
  closeDescriptor(first);
  for (let count = 0; count < 3; count++) {
    const received = receiveOne(second);
    assert.ok(received.ok);
    closeDescriptor(received.value);
  }
  const ended = receiveOne(second);
  assert.equal(!ended.ok && ended.error.name, "EPIPE");
  closeDescriptor(second);
  assert.equal(openCount(), before);
});

test("descriptors that nobody receives are closed with the channel", (t) => {
  const pair = openDescriptorPair();
  assert.ok(pair.ok);
  const watched = openPair(t);
  const sent = sendRights(pair.value.first, [watched.first]);
  assert.ok(sent.ok);
  closeDescriptor(pair.value.first);
  closeDescriptor(pair.value.second);
  assert.ok(sendRights(watched.first, [watched.first]).ok, "ours is still open");
});

test("a wrong channel, or nothing to send, is a fault or a defect, never a wait", (t) => {
  const { first, second } = openPair(t);
  const file = openSync("/dev/null", "r");
  t.after(() => closeSync(file));
  const sentToFile = sendRights(file, [first]);
  assert.equal(!sentToFile.ok && sentToFile.error.name, "ENOTSOCK");
  const receivedFromFile = receiveOne(file);
  assert.equal(!receivedFromFile.ok && receivedFromFile.error.name, "ENOTSOCK");
  const notOpen = sendRights(first, [1_000_000]);
  assert.equal(!notOpen.ok && notOpen.error.name, "EBADF");
  const nothing = receiveOne(second);
  assert.equal(!nothing.ok && nothing.error.name, "EAGAIN");
  for (const wrong of [-1, Number.NaN, 2 ** 32]) {
    assert.throws(() => sendRights(wrong, [first]), /is no descriptor/, String(wrong));
    assert.throws(() => receiveOne(wrong), /is no descriptor/, String(wrong));
  }
});
