/**
 * Connections that echo go from this process to another one in the middle of their transfers, many in one
 * message, between all pairs of I/O implementations. Clients check every byte.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { parseAddress } from "../../src/base/address.ts";
import type { Port, PortEvents } from "../../src/engine/port.ts";
import { chooseIo } from "../../src/io/choose-io.ts";
import { createDescriptorPair, receiveDescriptors, sendDescriptors } from "../../src/io/descriptors.ts";
import { IO_LIMITS_DEFAULT, type Io, type IoName } from "../../src/io/io.ts";
import { openUringIo } from "../../src/io/uring/uring-io.ts";
import { closeDescriptor } from "../../src/sys/descriptor.ts";
import { openListeningSocket, socketName } from "../../src/sys/listening-socket.ts";
import { contentSlice } from "../../testing/content.ts";

const LIMITS = { ...IO_LIMITS_DEFAULT, connectionsMax: 256, buffersMax: 2_048 };
const CONNECTIONS = 60;
const BYTES_EACH = 600_000;
/** So much of a connection's bytes is echoed here before it goes. */
const BYTES_HERE = 200_000;
const UNSENT_BYTES_MAX = 65_536;
const TIMEOUT_MS = 30_000;
const CHANNEL_FD = 3;

/** Sends back what it receives. */
class EchoEngine implements PortEvents {
  readonly detachedOnes: number[] = [];
  onDetached: (() => void) | undefined;
  readonly #port: Port;
  readonly #leavesAt: number;
  readonly #received = new Map<number, number>();

  /** Detaches a connection after `leavesAt` bytes. */
  constructor(port: Port, leavesAt: number) {
    this.#port = port;
    this.#leavesAt = leavesAt;
  }

  turnStarts(): void {}
  turnEnds(): number {
    return Infinity;
  }
  accepted(_listener: number, connection: number): void {
    this.#port.receive(connection);
  }
  acceptingStopped(): void {}
  connected(): void {}

  received(connection: number, buffer: number, start: number, end: number): void {
    const before = this.#received.get(connection) ?? 0;
    const after = before + end - start;
    this.#received.set(connection, after);
    this.#port.send(connection, buffer, start, end);
    if (before < this.#leavesAt && after >= this.#leavesAt) this.#port.detach(connection);
    if (this.#port.unsentBytes(connection) > UNSENT_BYTES_MAX) this.#port.pause(connection);
  }

  sent(connection: number): void {
    if (this.#port.unsentBytes(connection) <= UNSENT_BYTES_MAX) this.#port.receive(connection);
  }

  ended(connection: number): void {
    this.#port.shutdown(connection);
  }

  failed(connection: number): void {
    this.#port.close(connection);
  }

  detached(connection: number): void {
    this.detachedOnes.push(connection);
    this.onDetached?.();
  }
}

function openIo(name: IoName): Io {
  const chosen = chooseIo(name, LIMITS, () => undefined);
  assert.ok(chosen.ok);
  return chosen.value.io;
}

/** What is unsent to a connection, for the other process. */
function unsentOf(port: Port, connection: number): string {
  const parts: Uint8Array[] = [];
  port.eachUnsent(connection, (_buffer, start, end) => parts.push(port.buffers.memory.slice(start, end)));
  return Buffer.concat(parts).toString("base64");
}

/** The other process: adopts what a line names, echoes on, and says so. */
function runTaker(name: IoName): void {
  const io = openIo(name);
  const { port } = io;
  io.run(new EchoEngine(port, Infinity));
  createInterface({ input: process.stdin }).on("line", (line) => {
    const received = receiveDescriptors(CHANNEL_FD);
    assert.ok(received.ok);
    const unsent = JSON.parse(line) as string[];
    assert.equal(received.value.length, unsent.length);
    io.perform(() =>
      received.value.forEach((fd, index) => take(io, fd, Buffer.from(unsent[index]!, "base64"))),
    );
    process.stdout.write("taken\n");
  });
}

function take(io: Io, fd: number, unsent: Buffer): void {
  const { port } = io;
  const connection = io.adoptConnection(fd);
  for (let at = 0; at < unsent.length; at += port.buffers.bufferBytes) {
    const part = unsent.subarray(at, at + port.buffers.bufferBytes);
    const buffer = port.buffers.take();
    const start = port.buffers.startOf(buffer);
    port.buffers.memory.set(part, start);
    port.send(connection, buffer, start, start + part.length);
  }
  port.receive(connection);
}

/** Sends the content and checks that all of it comes back, then the end. */
async function playClient(port: number): Promise<void> {
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  let receivedBytes = 0;
  const failed = once(socket, "error").then(([error]) => Promise.reject(error as Error));
  socket.on("data", (bytes: Buffer) => {
    assert.ok(contentSlice(receivedBytes, receivedBytes + bytes.length).equals(bytes), `at ${receivedBytes}`);
    receivedBytes += bytes.length;
  });
  const ended = once(socket, "end", { signal: AbortSignal.timeout(TIMEOUT_MS) });
  socket.end(contentSlice(0, BYTES_EACH));
  await Promise.race([ended, failed]);
  assert.equal(receivedBytes, BYTES_EACH);
  socket.destroy();
}

function spawnTaker(name: IoName, channel: number): ChildProcess {
  return spawn(process.execPath, [import.meta.filename, name], {
    stdio: ["pipe", "pipe", "inherit", channel],
  });
}

async function giveAll(giver: IoName, taker: IoName): Promise<void> {
  const channel = createDescriptorPair();
  const listening = openListeningSocket(parseAddress("127.0.0.1:0")!);
  assert.ok(channel.ok && listening.ok);
  const child = spawnTaker(taker, channel.value.theirs);
  closeDescriptor(channel.value.theirs);
  const io = openIo(giver);
  const { port } = io;
  const engine = new EchoEngine(port, BYTES_HERE);
  const allDetached = new Promise<void>((resolve) => {
    // By an immediate: a promise alone waits for Node's next turn, which may be far.
    engine.onDetached = () => engine.detachedOnes.length === CONNECTIONS && setImmediate(resolve);
  });
  const clientPort = socketName(listening.value).port;
  const listener = io.adoptListener(listening.value);
  io.run(engine);
  try {
    io.perform(() => port.accept(listener));
    const clients = Promise.all(Array.from({ length: CONNECTIONS }, () => playClient(clientPort)));
    await Promise.race([allDetached, clients]);
    const given = engine.detachedOnes;
    assert.ok(
      sendDescriptors(
        channel.value.ours,
        given.map((connection) => io.descriptorOf(connection)),
      ).ok,
    );
    const unsent = given.map((connection) => unsentOf(port, connection));
    child.stdin?.write(`${JSON.stringify(unsent)}\n`);
    await once(child.stdout!, "data", { signal: AbortSignal.timeout(TIMEOUT_MS) });
    io.perform(() => given.forEach((connection) => port.release(connection)));
    await clients;
  } finally {
    io.stop();
    closeDescriptor(channel.value.ours);
    const hasExited = once(child, "exit");
    if (child.exitCode === null && child.kill("SIGKILL")) await hasExited;
  }
}

const [, , role] = process.argv;
if (role === "uring" || role === "node") {
  runTaker(role);
} else {
  const trial = openUringIo(LIMITS, () => undefined);
  if (trial.ok) trial.value.stop();
  for (const giver of ["uring", "node"] as const) {
    for (const taker of ["uring", "node"] as const) {
      const skip = !trial.ok && (giver === "uring" || taker === "uring") ? trial.error : false;
      test(
        `${CONNECTIONS} echoing connections go from ${giver} to ${taker} in another process`,
        { skip },
        () => giveAll(giver, taker),
      );
    }
  }
}
