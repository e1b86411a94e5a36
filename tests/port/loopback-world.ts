/** Real sockets on the loopback around a real I/O implementation, all in this process. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { parseAddress, type Address } from "../../src/base/address.ts";
import type { Io, IoLimits } from "../../src/io/io.ts";
import { closeDescriptor, duplicateDescriptor } from "../../src/sys/descriptor.ts";
import { openListeningSocket, refuseNewConnections, socketName } from "../../src/sys/listening-socket.ts";
import { contentSlice } from "../../testing/content.ts";
import { Recorder } from "./recorder.ts";
import type { BackendAddress, OpenWorld, Peer, PortWorld, Taker } from "./world.ts";

const DEADLINE_MS = 20_000;
/** Turns of Node's loop with nothing new: on the loopback all that is sent has arrived long before. */
const SETTLE_TURNS = 30;
const TAKER_LIMITS: IoLimits = { connectionsMax: 64, buffersMax: 128, bufferBytes: 16_384 };
const SEND_PIECE_BYTES = 1 << 20;

class SocketPeer implements Peer {
  receivedBytes = 0;
  ending: "open" | "ended" | "reset" = "open";
  readonly socket: Socket;
  #sentBytes = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (bytes: Buffer) => {
      const expected = contentSlice(this.receivedBytes, this.receivedBytes + bytes.length);
      assert.ok(expected.equals(bytes), `the peer received other bytes than sent, at ${this.receivedBytes}`);
      this.receivedBytes += bytes.length;
    });
    socket.on("end", () => (this.ending = "ended"));
    socket.on("error", () => (this.ending = "reset"));
  }

  sendContent(byteLength: number): void {
    for (let left = byteLength; left > 0;) {
      const part = Math.min(left, SEND_PIECE_BYTES);
      this.socket.write(contentSlice(this.#sentBytes, this.#sentBytes + part));
      this.#sentBytes += part;
      left -= part;
    }
  }

  end(): void {
    this.socket.end();
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }

  stopReading(): void {
    this.socket.pause();
  }

  startReading(): void {
    this.socket.resume();
  }
}

/** A second I/O beside the first: its descriptors are duplicates, as another process would have. */
class LoopbackTaker implements Taker {
  readonly port: Taker["port"];
  readonly recorder = new Recorder();
  readonly #io: Io;
  readonly #giver: Io;
  readonly #notes: Recorder;

  constructor(io: Io, giver: Io, notes: Recorder) {
    this.#io = io;
    this.#giver = giver;
    this.#notes = notes;
    this.port = this.recorder.guard(io.port);
    this.recorder.releaseBuffer = (buffer) => io.port.buffers.release(buffer);
    io.run(this.recorder);
  }

  perform<Value>(action: () => Value): Value {
    let value: Value;
    this.#io.perform(() => (value = action()));
    return value!;
  }

  adopt(connection: number): number {
    const duplicate = duplicateDescriptor(this.#giver.descriptorOf(connection));
    assert.ok(duplicate.ok);
    const number = this.perform(() => this.#io.adoptConnection(duplicate.value));
    if (number < 0) closeDescriptor(duplicate.value);
    else this.recorder.adopted(number, this.#notes.of(connection).receivedBytes);
    return number;
  }

  end(): void {
    this.recorder.notes.clear();
    this.#io.stop();
  }
}

class LoopbackWorld implements PortWorld {
  readonly port: PortWorld["port"];
  readonly recorder = new Recorder();
  readonly refusedAddress: Address;
  readonly silentAddress: Address;
  readonly #io: Io;
  readonly #openTakerIo: () => Io;
  readonly #peers: SocketPeer[] = [];
  readonly #servers: Server[] = [];
  readonly #listening = new Map<number, { fd: number; port: number }>();
  readonly #silentFd: number;
  /** How many were open before this world; all of its own are closed with it. */
  readonly #descriptorsBefore: number;

  constructor(io: Io, openTakerIo: () => Io, descriptorsBefore: number) {
    this.#io = io;
    this.#openTakerIo = openTakerIo;
    this.#descriptorsBefore = descriptorsBefore;
    this.port = this.recorder.guard(io.port);
    this.recorder.releaseBuffer = (buffer) => io.port.buffers.release(buffer);
    this.refusedAddress = closedAddress();
    const silent = openOnAnyPort();
    refuseNewConnections(silent.fd);
    this.#silentFd = silent.fd;
    this.silentAddress = loopback(silent.port);
    io.run(this.recorder);
  }

  perform<Value>(action: () => Value): Value {
    let value: Value;
    this.#io.perform(() => (value = action()));
    return value!;
  }

  async until(isTrue: () => boolean, what: string): Promise<void> {
    const endMs = performance.now() + DEADLINE_MS;
    while (!isTrue()) {
      assert.ok(performance.now() < endMs, `never came: ${what}`);
      await nextLoopTurn();
    }
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < SETTLE_TURNS; turn++) await nextLoopTurn();
  }

  /** We keep a duplicate, as main does. */
  listen(): number {
    return this.#adopt(openOnAnyPort());
  }

  listenAgain(listener: number): number {
    const { fd, port } = this.#listening.get(listener)!;
    const duplicate = duplicateDescriptor(fd);
    assert.ok(duplicate.ok);
    return this.#adopt({ fd: duplicate.value, port });
  }

  async connectPeer(listener: number): Promise<Peer> {
    const socket = connect({
      port: this.#listening.get(listener)!.port,
      host: "127.0.0.1",
      allowHalfOpen: true,
    });
    const peer = new SocketPeer(socket);
    this.#peers.push(peer);
    await once(socket, "connect", { signal: AbortSignal.timeout(DEADLINE_MS) });
    return peer;
  }

  async openBackend(): Promise<BackendAddress> {
    const arrived: Peer[] = [];
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      const peer = new SocketPeer(socket);
      this.#peers.push(peer);
      arrived.push(peer);
    });
    this.#servers.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const bound = server.address();
    assert.ok(typeof bound === "object" && bound !== null);
    const nextPeer = async (): Promise<Peer> => {
      await this.until(() => arrived.length > 0, "a connection at the backend");
      return arrived.shift()!;
    };
    return { address: loopback(bound.port), nextPeer };
  }

  async openTaker(): Promise<Taker> {
    return new LoopbackTaker(this.#openTakerIo(), this.#io, this.recorder);
  }

  /**
   * All is closed as the kernel would close it; the death of a real process is in `tests/e2e/cuts.test.ts`.
   */
  endProcess(): void {
    this.recorder.notes.clear();
    this.#io.stop();
  }

  async close(): Promise<void> {
    this.#io.stop();
    for (const { socket } of this.#peers) socket.destroy();
    for (const server of this.#servers) server.close();
    for (const { fd } of this.#listening.values()) closeDescriptor(fd);
    closeDescriptor(this.#silentFd);
    await this.until(() => descriptorCount() <= this.#descriptorsBefore, "all descriptors closed");
  }

  #adopt(opened: { fd: number; port: number }): number {
    const duplicate = duplicateDescriptor(opened.fd);
    assert.ok(duplicate.ok);
    const listener = this.#io.adoptListener(duplicate.value);
    this.#listening.set(listener, opened);
    return listener;
  }
}

/**
 * A world around an implementation that `open` makes anew for each test, and `openOther` for the process that
 * is given connections.
 */
export function loopbackWorld(
  open: (limits: IoLimits) => Io,
  openOther: (limits: IoLimits) => Io,
): OpenWorld {
  return async (limits) => {
    const descriptorsBefore = descriptorCount();
    return new LoopbackWorld(open(limits), () => openOther(TAKER_LIMITS), descriptorsBefore);
  };
}

function descriptorCount(): number {
  return readdirSync("/proc/self/fd").length;
}

function nextLoopTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

function loopback(port: number): Address {
  const address = parseAddress(`127.0.0.1:${port}`);
  assert.ok(address);
  return address;
}

function openOnAnyPort(): { fd: number; port: number } {
  const opened = openListeningSocket(loopback(0));
  assert.ok(opened.ok);
  return { fd: opened.value, port: socketName(opened.value).port };
}

/** An address that was free a moment ago. */
function closedAddress(): Address {
  const { fd, port } = openOnAnyPort();
  closeDescriptor(fd);
  return loopback(port);
}
