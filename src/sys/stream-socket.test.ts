import assert from "node:assert/strict";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { test, type TestContext } from "node:test";
import { withoutDescriptors } from "../../testing/without-descriptors.ts";
import { parseAddress } from "../base/address.ts";
import { closeDescriptor } from "./descriptor.ts";
import { openListeningSocket, socketName } from "./listening-socket.ts";
import {
  acceptConnection,
  clearResetOnClose,
  openStreamSocket,
  setResetOnClose,
  shutdownWriting,
} from "./stream-socket.ts";

/** A connection: our descriptor of it, which the test closes, and the client. */
async function accept(t: TestContext): Promise<{ fd: number; client: Socket }> {
  const listening = openListeningSocket(parseAddress("127.0.0.1:0")!);
  assert.ok(listening.ok);
  const client = connect({ port: socketName(listening.value).port, host: "127.0.0.1", allowHalfOpen: true });
  t.after(() => client.destroy());
  await once(client, "connect");
  const accepted = acceptConnection(listening.value);
  assert.ok(accepted.ok);
  closeDescriptor(listening.value);
  return { fd: accepted.value.fd, client };
}

/** How the client sees the end of our direction. */
function endingOf(client: Socket): Promise<string> {
  return new Promise((resolve) => {
    client.on("data", () => undefined);
    client.on("end", () => resolve("ended"));
    client.on("error", ({ code }: NodeJS.ErrnoException) => resolve(`${code}`));
  });
}

test("a socket is nonblocking and closed on exec, of either family", () => {
  for (const family of [4, 6] as const) {
    const socket = openStreamSocket(family);
    assert.ok(socket.ok);
    const info = readFileSync(`/proc/self/fdinfo/${socket.value}`, "utf8");
    const flags = Number.parseInt(/flags:\s*(\d+)/.exec(info)?.[1] ?? "", 8);
    assert.equal(flags & 0o2004000, 0o2004000);
    closeDescriptor(socket.value);
  }
});

test("an accepted connection is nonblocking and closed on exec", async (t) => {
  const { fd } = await accept(t);
  const flags = Number.parseInt(
    /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))![1]!,
    8,
  );
  assert.equal(flags & 0o2004000, 0o2004000);
  closeDescriptor(fd);
});

test("a close is an end, with a reset asked for a reset, and with that taken back an end again", async (t) => {
  const usual = await accept(t);
  const reset = await accept(t);
  const takenBack = await accept(t);
  setResetOnClose(reset.fd);
  setResetOnClose(takenBack.fd);
  clearResetOnClose(takenBack.fd);
  const endings = Promise.all([usual, reset, takenBack].map(({ client }) => endingOf(client)));
  for (const { fd } of [usual, reset, takenBack]) {
    writeSync(fd, "x");
    closeDescriptor(fd);
  }
  assert.deepEqual(await endings, ["ended", "ECONNRESET", "ended"]);
});

test("our direction ends and the other stays open", async (t) => {
  const { fd, client } = await accept(t);
  const ending = endingOf(client);
  shutdownWriting(fd);
  assert.equal(await ending, "ended");
  assert.ok(client.writable);
  closeDescriptor(fd);
});

test("what is not connected any more, or never was, is ended without a word", () => {
  const socket = openStreamSocket(4);
  assert.ok(socket.ok);
  shutdownWriting(socket.value);
  closeDescriptor(socket.value);
  assert.throws(() => shutdownWriting(socket.value), /not open/);
  assert.throws(() => shutdownWriting(2 ** 32), /is no descriptor/);
});

test("accepting where nothing is queued, or on what does not listen, is a fault", () => {
  const listening = openListeningSocket(parseAddress("127.0.0.1:0")!);
  const socket = openStreamSocket(4);
  assert.ok(listening.ok && socket.ok);
  const file = openSync("/dev/null", "r");
  const names = [listening.value, socket.value, file, 1_000_000].map((fd) => {
    const accepted = acceptConnection(fd);
    return !accepted.ok && accepted.error.name;
  });
  assert.deepEqual(names, ["EAGAIN", "EINVAL", "ENOTSOCK", "EBADF"]);
  closeSync(file);
  [listening.value, socket.value].forEach(closeDescriptor);
});

test("where no descriptor is left, opening and accepting are faults with their reason", async (t) => {
  const { fd: listening } = await openBusy(t);
  withoutDescriptors(() => {
    const opened = openStreamSocket(4);
    assert.equal(!opened.ok && opened.error.name, "EMFILE");
    const accepted = acceptConnection(listening);
    assert.equal(!accepted.ok && accepted.error.name, "EMFILE");
  });
  const accepted = acceptConnection(listening);
  assert.ok(accepted.ok, "it still waits in the queue");
  closeDescriptor(accepted.value.fd);
});

/** A listening socket with one connection in its queue. */
async function openBusy(t: TestContext): Promise<{ fd: number }> {
  const listening = openListeningSocket(parseAddress("127.0.0.1:0")!);
  assert.ok(listening.ok);
  t.after(() => closeDescriptor(listening.value));
  const client = connect(socketName(listening.value).port, "127.0.0.1");
  t.after(() => client.destroy());
  await once(client, "connect");
  return { fd: listening.value };
}
