/** Simulated sockets around the simulated port: the same contract holds for it as for the real ones. */
import assert from "node:assert/strict";
import { parseAddress, type Address } from "../../src/base/address.ts";
import { contentSlice } from "../../testing/content.ts";
import type { SimBackend } from "../../testing/sim/sim-backend.ts";
import { SimNetwork, type SimOptions } from "../../testing/sim/sim-network.ts";
import type { SimPeer } from "../../testing/sim/sim-peer.ts";
import type { SimWorker } from "../../testing/sim/sim-worker.ts";
import { Recorder } from "./recorder.ts";
import type { BackendAddress, OpenWorld, Peer, PortWorld, Taker, WorldLimits } from "./world.ts";

/** So much virtual time without what is waited for: it never comes. */
const DEADLINE_MS = 10_000;
/** As much as a real kernel holds for a peer that does not read. */
const SOCKET_BYTES = 1_048_576;

class ContentPeer implements Peer {
  readonly #peer: SimPeer;
  #sentBytes = 0;

  constructor(peer: SimPeer) {
    this.#peer = peer;
    let checkedBytes = 0;
    peer.onReceived = () => {
      const bytes = peer.takeNew();
      const expected = contentSlice(checkedBytes, checkedBytes + bytes.length);
      assert.ok(expected.equals(bytes), `the peer received other bytes than sent, at ${checkedBytes}`);
      checkedBytes += bytes.length;
    };
  }

  get receivedBytes(): number {
    return this.#peer.receivedBytes;
  }

  get ending(): "open" | "ended" | "reset" {
    return this.#peer.ending;
  }

  sendContent(byteLength: number): void {
    this.#peer.send(contentSlice(this.#sentBytes, this.#sentBytes + byteLength));
    this.#sentBytes += byteLength;
  }

  end(): void {
    this.#peer.end();
  }

  reset(): void {
    this.#peer.reset();
  }

  stopReading(): void {
    this.#peer.pause();
  }

  startReading(): void {
    this.#peer.resume();
  }
}

/** Another process of the same network. */
class SimTaker implements Taker {
  readonly port: Taker["port"];
  readonly recorder: Recorder = new Recorder();
  readonly #worker: SimWorker;
  readonly #giver: SimNetwork;
  readonly #notes: Recorder;

  constructor(net: SimNetwork, giver: Recorder) {
    this.#giver = net;
    this.#notes = giver;
    this.#worker = net.addWorker();
    this.port = this.recorder.guard(this.#worker.port);
    this.recorder.releaseBuffer = (buffer) => this.#worker.port.buffers.release(buffer);
    this.#worker.attach(this.recorder);
  }

  perform<Value>(action: () => Value): Value {
    return this.#worker.perform(action);
  }

  adopt(connection: number): number {
    const descriptor = this.#giver.worker.duplicateOf(connection);
    const number = this.#worker.adoptConnection(descriptor);
    if (number < 0) descriptor.close();
    else this.recorder.adopted(number, this.#notes.of(connection).receivedBytes);
    return number;
  }

  end(): void {
    this.recorder.notes.clear();
    this.#worker.end();
  }
}

class SimWorld implements PortWorld {
  readonly port: PortWorld["port"];
  readonly recorder: Recorder = new Recorder();
  readonly refusedAddress: Address = addressOf("10.9.9.1:1");
  readonly silentAddress: Address = addressOf("10.9.9.2:1");
  readonly #net: SimNetwork;
  readonly #addresses: Map<number, string> = new Map();
  #names = 0;

  constructor(limits: WorldLimits, options: SimOptions) {
    const { connectionsMax, buffersMax, bufferBytes } = limits;
    const size = { connectionsMax, buffers: buffersMax, bufferBytes };
    this.#net = new SimNetwork({ socketBytes: SOCKET_BYTES, ...options, ...size });
    this.port = this.recorder.guard(this.#net.port);
    this.recorder.releaseBuffer = (buffer) => this.#net.port.buffers.release(buffer);
    this.#net.attach(this.recorder);
    this.#net.backend(this.silentAddress.text).mode = "silent";
  }

  perform<Value>(action: () => Value): Value {
    return this.#net.perform(action);
  }

  async until(isTrue: () => boolean, what: string): Promise<void> {
    const endMs = this.#net.nowMs + DEADLINE_MS;
    while (!isTrue()) {
      assert.ok(this.#net.nowMs < endMs, `never came: ${what}`);
      this.#net.step(1);
    }
  }

  async settle(): Promise<void> {
    this.#net.settle();
  }

  listen(): number {
    return this.#listenAt(`127.0.0.1:${8_000 + ++this.#names}`);
  }

  listenAgain(listener: number): number {
    return this.#listenAt(this.#addresses.get(listener)!);
  }

  async connectPeer(listener: number): Promise<Peer> {
    const peer = new ContentPeer(this.#net.client(this.#addresses.get(listener)!));
    this.#net.settle();
    return peer;
  }

  async openBackend(): Promise<BackendAddress> {
    const address = addressOf(`10.0.0.1:${9_000 + ++this.#names}`);
    const backend: SimBackend = this.#net.backend(address.text);
    const arrived: Peer[] = [];
    backend.onConnection = (peer) => void arrived.push(new ContentPeer(peer));
    const nextPeer = async (): Promise<Peer> => {
      await this.until(() => arrived.length > 0, "a connection at the backend");
      return arrived.shift()!;
    };
    return { address, nextPeer };
  }

  async openTaker(): Promise<Taker> {
    return new SimTaker(this.#net, this.recorder);
  }

  endProcess(): void {
    this.recorder.notes.clear();
    this.#net.endProcess();
  }

  async close(): Promise<void> {}

  #listenAt(address: string): number {
    const listener = this.#net.listen(address);
    this.#addresses.set(listener, address);
    return listener;
  }
}

/** A simulated world whose bytes come in pieces as `options` say. */
export function simWorld(options: SimOptions): OpenWorld {
  return async (limits) => new SimWorld(limits, options);
}

function addressOf(text: string): Address {
  const address = parseAddress(text);
  assert.ok(address !== undefined);
  return address;
}
