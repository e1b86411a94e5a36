/**
 * One simulated connection: the engine's side, what is on its way, and the peer. Bytes move in three steps,
 * each of which has at most one happening waiting, so that no direction overtakes itself:
 *
 * ```text
 *  peer.outgoing ──inbound──▶ received()
 *  send() ──▶ slices ──outbound──▶ kernel ──arrival──▶ peer.received
 * ```
 *
 * The kernel's part is bounded by `socketBytes`: a peer that does not read leaves slices waiting in the
 * engine's hands. It is no socket: what the port's rules say is checked in `sim-port.ts`.
 */
import type { BufferPool } from "../../src/base/buffer-pool.ts";
import type { IoFault, PortEvents } from "../../src/engine/port.ts";
import { ByteQueue } from "./byte-queue.ts";
import type { SimPeer } from "./sim-peer.ts";

/** What a connection needs from the network around it. */
export interface World {
  readonly buffers: BufferPool;
  readonly events: PortEvents;
  readonly socketBytes: number;
  /** Happens after a delay drawn from the seed, in a turn. */
  later(happen: () => void): void;
  /** How many of at most `bytes` move at once. */
  pieceOf(bytes: number): number;
  /** Whether bytes that were on their way when the engine paused still come. */
  racesPause(): boolean;
  /** No buffer was free: `wake` is called when one is. */
  starves(connection: SimConnection): void;
}

/** One buffer in so many is never received into. */
const RESERVE_SHARE = 8;

/** Whether a buffer is free beyond those that are left to the engine. */
export function mayReceive(buffers: BufferPool): boolean {
  return buffers.freeCount > Math.floor(buffers.count / RESERVE_SHARE);
}

interface Slice {
  readonly buffer: number;
  start: number;
  readonly end: number;
}

export class SimConnection {
  readonly peer: SimPeer;
  readonly number: number;
  /** The engine's side of it. */
  state: "connecting" | "open" | "failed" | "closed";
  /** `racing`: paused, and one piece that was on its way may still come. */
  receiving: "idle" | "racing" | "armed" | "ended" = "idle";
  sending: "open" | "finishing" | "finished" = "open";
  /** The peer sees a reset if the process dies before our direction has ended. */
  resetsOnExit = false;
  readonly #world: World;
  readonly #slices: Slice[] = [];
  readonly #kernel: ByteQueue = new ByteQueue();
  readonly #waiting: Set<"inbound" | "outbound" | "arrival"> = new Set();
  #unsentBytes = 0;
  #kernelEnds = false;

  constructor(world: World, options: { number: number; peer: SimPeer; state: "connecting" | "open" }) {
    this.#world = world;
    this.number = options.number;
    this.peer = options.peer;
    this.state = options.state;
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  get unsentBuffers(): number {
    return new Set(this.#slices.map(({ buffer }) => buffer)).size;
  }

  /** Takes a slice with its reference. */
  queue(buffer: number, start: number, end: number): void {
    if (this.state === "failed" || start === end) {
      this.#world.buffers.release(buffer);
      return;
    }
    this.#slices.push({ buffer, start, end });
    this.#unsentBytes += end - start;
  }

  pause(): void {
    if (this.receiving !== "armed") return;
    this.receiving = this.peer.outgoing.bytes > 0 && this.#world.racesPause() ? "racing" : "idle";
  }

  /**
   * Lets go of what is unsent; with bytes of the peer unread, or with `reset`, the peer sees a reset instead
   * of an end.
   */
  close(how: "close" | "reset"): void {
    this.#dropSlices();
    const wasOpen = this.state === "open";
    this.state = "closed";
    if (!wasOpen || this.peer.side === "reset") return;
    if (how === "reset" || this.peer.outgoing.bytes > 0) {
      this.#resetPeer();
    } else {
      this.#kernelEnds = true;
      this.#wakeArrival();
    }
  }

  /** Connecting failed, or the peer cut: told once. */
  fail(fault: IoFault): void {
    this.#dropSlices();
    this.state = "failed";
    this.#world.events.failed(this.number, fault);
  }

  /** Something may have become possible: the engine asked, the peer sent, or a buffer is free again. */
  wake(): void {
    this.#wakeInbound();
    this.#wakeOutbound();
  }

  /** The peer sent, ended or cut. */
  peerSends(): void {
    if (this.state === "closed") {
      if (this.peer.outgoing.bytes > 0) this.#resetPeer();
    } else {
      this.#wakeInbound();
    }
  }

  /** The peer takes more. */
  peerReads(): void {
    this.#wakeArrival();
  }

  #wakeInbound(): void {
    if (this.state !== "open") return;
    const wanted = this.receiving === "armed" || this.receiving === "racing";
    const cut = this.peer.side === "reset" && (wanted || this.#unsentBytes > 0);
    const comes = this.peer.outgoing.bytes > 0 || this.peer.side !== "open";
    if (cut || (wanted && comes)) this.#wait("inbound", () => this.#moveInbound());
  }

  #wakeOutbound(): void {
    if (this.state !== "open") return;
    const room = this.#kernel.bytes < this.#world.socketBytes;
    const ends = this.#unsentBytes === 0 && this.sending === "finishing";
    if ((this.#unsentBytes > 0 && room) || ends) this.#wait("outbound", () => this.#moveOutbound());
  }

  #wakeArrival(): void {
    const comes = this.#kernel.bytes > 0 && (this.peer.readableBytes > 0 || this.peer.side === "closed");
    // A peer that has cut sees no end of ours any more.
    const sees = this.peer.ending === "open" && this.peer.side !== "reset";
    const ends = this.#kernel.bytes === 0 && this.#kernelEnds && sees;
    if (comes || ends) this.#wait("arrival", () => this.#moveArrival());
  }

  #wait(step: "inbound" | "outbound" | "arrival", move: () => void): void {
    if (this.#waiting.has(step)) return;
    this.#waiting.add(step);
    this.#world.later(() => {
      this.#waiting.delete(step);
      move();
    });
  }

  #moveInbound(): void {
    if (this.state !== "open") return;
    const { receiving, peer } = this;
    const wanted = receiving === "armed" || receiving === "racing";
    if (peer.side === "reset") {
      if (wanted || this.#unsentBytes > 0) this.fail("reset");
      return;
    }
    if (!wanted) return;
    if (receiving === "racing") this.receiving = "idle";
    if (peer.outgoing.bytes > 0) {
      if (!this.#deliver()) return;
    } else if (receiving === "armed" && peer.side !== "open") {
      this.receiving = "ended";
      this.#world.events.ended(this.number);
    }
    this.#wakeInbound();
  }

  /**
   * Tells the next piece; `false` if no buffer was free for it: the last few are left to the engine, to write
   * with.
   */
  #deliver(): boolean {
    const { buffers, events } = this.#world;
    const buffer = mayReceive(buffers) ? buffers.take() : -1;
    if (buffer === -1) {
      this.#world.starves(this);
      return false;
    }
    const bytes = this.#world.pieceOf(Math.min(this.peer.outgoing.bytes, buffers.bufferBytes));
    const start = buffers.startOf(buffer);
    buffers.memory.fill(0xa5, start, start + buffers.bufferBytes);
    buffers.memory.set(this.peer.outgoing.take(bytes), start);
    events.received(this.number, buffer, start, start + bytes);
    return true;
  }

  #moveOutbound(): void {
    if (this.state !== "open") return;
    if (this.peer.side === "reset" && this.#unsentBytes > 0) {
      this.fail("reset");
      return;
    }
    const room = this.#world.socketBytes - this.#kernel.bytes;
    if (this.#unsentBytes > 0 && room > 0) {
      this.#toKernel(this.#world.pieceOf(Math.min(this.#unsentBytes, room)));
      this.#world.events.sent(this.number);
    }
    if (this.state === "open" && this.#unsentBytes === 0 && this.sending === "finishing") {
      this.sending = "finished";
      this.resetsOnExit = false;
      this.#kernelEnds = true;
    }
    this.#wakeArrival();
    this.#wakeOutbound();
  }

  #toKernel(bytes: number): void {
    const { buffers } = this.#world;
    for (let left = bytes; left > 0;) {
      const slice = this.#slices[0]!;
      const count = Math.min(left, slice.end - slice.start);
      this.#kernel.push(buffers.memory.slice(slice.start, slice.start + count));
      slice.start += count;
      left -= count;
      if (slice.start < slice.end) continue;
      this.#slices.shift();
      buffers.release(slice.buffer);
    }
    this.#unsentBytes -= bytes;
  }

  #moveArrival(): void {
    const { peer } = this;
    if (peer.side === "reset" || peer.ending === "reset") {
      this.#kernel.clear();
    } else if (peer.side === "closed" && this.#kernel.bytes > 0) {
      this.#kernel.clear();
      peer.reset();
    } else if (this.#kernel.bytes > 0) {
      const bytes = Math.min(this.#kernel.bytes, peer.readableBytes);
      if (bytes > 0) peer.arrive(this.#kernel.take(this.#world.pieceOf(bytes)));
    } else if (this.#kernelEnds) {
      peer.finish("ended");
    }
    this.#wakeArrival();
    this.#wakeOutbound();
  }

  #resetPeer(): void {
    this.#world.later(() => {
      this.#kernel.clear();
      this.peer.finish("reset");
    });
  }

  #dropSlices(): void {
    for (const slice of this.#slices.splice(0)) this.#world.buffers.release(slice.buffer);
    this.#unsentBytes = 0;
  }
}
