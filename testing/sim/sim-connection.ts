/**
 * One simulated connection as a process has it: what its engine asked for and what it was told. The socket
 * beneath is `sim-socket.ts`. Bytes move in three steps, each of which has at most one happening waiting, so
 * that no direction overtakes itself:
 *
 * ```text
 *  peer.outgoing ──inbound──▶ received()
 *  send() ──▶ slices ──outbound──▶ socket ──arrival──▶ peer.received
 * ```
 *
 * The kernel's part is bounded by `socketBytes`: a peer that does not read leaves slices waiting in the
 * engine's hands. It is no port: what the port's rules say is checked in `sim-port.ts`.
 */
import type { BufferPool } from "../../src/base/buffer-pool.ts";
import type { IoFault, PortEvents } from "../../src/engine/port.ts";
import type { SimPeer } from "./sim-peer.ts";
import type { Holder, SimSocket, Wire } from "./sim-socket.ts";

/** What a connection needs from the process and the network around it. */
export interface World extends Wire {
  readonly buffers: BufferPool;
  readonly events: PortEvents;
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

export class SimConnection implements Holder {
  readonly number: number;
  readonly socket: SimSocket;
  /** The engine's side of it. */
  state: "connecting" | "open" | "detaching" | "detached" | "failed" | "closed";
  /** `racing`: paused, and one piece that was on its way may still come. */
  receiving: "idle" | "racing" | "armed" | "ended" = "idle";
  sending: "open" | "finishing" | "finished" = "open";
  readonly #world: World;
  readonly #slices: Slice[] = [];
  readonly #waiting: Set<"inbound" | "outbound" | "detaching"> = new Set();
  #unsentBytes = 0;
  #resetsOnExit = false;

  constructor(world: World, options: { number: number; socket: SimSocket; state: "connecting" | "open" }) {
    this.#world = world;
    this.number = options.number;
    this.socket = options.socket;
    this.state = options.state;
    this.socket.hold(this);
    this.socket.use(this);
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  get unsentBuffers(): number {
    return new Set(this.#slices.map(({ buffer }) => buffer)).size;
  }

  get #peer(): SimPeer {
    return this.socket.peer;
  }

  /** Whether operations may be under way: nothing is moved otherwise. */
  get #isUsed(): boolean {
    return this.state === "open" || this.state === "detaching";
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

  eachUnsent(visit: (buffer: number, start: number, end: number) => void): void {
    for (const { buffer, start, end } of this.#slices) visit(buffer, start, end);
  }

  pause(): void {
    if (this.receiving !== "armed") return;
    this.receiving = this.#peer.outgoing.bytes > 0 && this.#world.racesPause() ? "racing" : "idle";
  }

  /** The peer sees a reset if the process dies before our direction has ended. */
  resetOnExit(): void {
    this.#resetsOnExit = true;
    this.socket.resetsOnClose = true;
  }

  /** What is under way may still move; then `detached` is told. `wake` begins it. */
  detach(): void {
    this.state = "detaching";
  }

  /** Goes on after `detached`. `wake` begins it. */
  attach(): void {
    this.state = "open";
    this.socket.use(this);
    this.socket.resetsOnClose = this.#resetsOnExit;
  }

  /**
   * Lets go of what is unsent and of the descriptor. `exit`: as it is, without a word on how it should end.
   */
  close(how: "close" | "reset" | "exit"): void {
    this.#dropSlices();
    const wasConnected = this.#isUsed || this.state === "detached";
    this.state = "closed";
    if (how !== "exit") this.socket.resetsOnClose = how === "reset";
    this.socket.leave(this, wasConnected);
  }

  /** Connecting failed, or the peer cut: told once. */
  fail(fault: IoFault): void {
    this.#dropSlices();
    this.state = "failed";
    this.#world.events.failed(this.number, fault);
  }

  /** Something may have become possible: the engine asked, the peer sent, or a buffer is free again. */
  wake(): void {
    this.peerSent();
    this.roomCame();
    if (this.state === "detaching") this.#wait("detaching", () => this.#moveOut());
  }

  peerSent(): void {
    if (this.state !== "open") return;
    const wanted = this.receiving === "armed" || this.receiving === "racing";
    const cut = this.#peer.side === "reset" && (wanted || this.#unsentBytes > 0);
    const comes = this.#peer.outgoing.bytes > 0 || this.#peer.side !== "open";
    if (cut || (wanted && comes)) this.#wait("inbound", () => this.#moveInbound());
  }

  roomCame(): void {
    if (this.state !== "open") return;
    const ends = this.#unsentBytes === 0 && this.sending === "finishing";
    if ((this.#unsentBytes > 0 && this.socket.roomBytes > 0) || ends)
      this.#wait("outbound", () => this.#moveOutbound());
  }

  #wait(step: "inbound" | "outbound" | "detaching", move: () => void): void {
    if (this.#waiting.has(step)) return;
    this.#waiting.add(step);
    this.#world.later(() => {
      this.#waiting.delete(step);
      move();
    });
  }

  #moveInbound(): void {
    if (!this.#isUsed) return;
    const wanted = this.receiving === "armed" || this.receiving === "racing";
    if (this.#peer.side === "reset") {
      if (wanted || this.#unsentBytes > 0) this.fail("reset");
      return;
    }
    if (!wanted) return;
    const isArmed = this.receiving === "armed";
    if (!isArmed) this.receiving = "idle";
    if (this.#peer.outgoing.bytes > 0) {
      if (!this.#deliver()) return;
    } else if (isArmed && this.#peer.side !== "open") {
      this.receiving = "ended";
      this.#world.events.ended(this.number);
    }
    this.peerSent();
  }

  /**
   * Tells the next piece; `false` if no buffer was free for it: the last few are left to the engine, to write
   * with.
   */
  #deliver(): boolean {
    const { buffers, events } = this.#world;
    const { outgoing } = this.#peer;
    const buffer = mayReceive(buffers) ? buffers.take() : -1;
    if (buffer === -1) {
      this.#world.starves(this);
      return false;
    }
    const bytes = this.#world.pieceOf(Math.min(outgoing.bytes, buffers.bufferBytes));
    const start = buffers.startOf(buffer);
    buffers.memory.fill(0xa5, start, start + buffers.bufferBytes);
    buffers.memory.set(outgoing.take(bytes), start);
    events.received(this.number, buffer, start, start + bytes);
    return true;
  }

  #moveOutbound(): void {
    if (!this.#isUsed) return;
    if (this.#peer.side === "reset" && this.#unsentBytes > 0) {
      this.fail("reset");
      return;
    }
    const room = this.socket.roomBytes;
    if (this.#unsentBytes > 0 && room > 0) {
      this.#toKernel(this.#world.pieceOf(Math.min(this.#unsentBytes, room)));
      this.#world.events.sent(this.number);
    }
    if (this.state === "open" && this.#unsentBytes === 0 && this.sending === "finishing") {
      this.sending = "finished";
      this.#resetsOnExit = false;
      this.socket.resetsOnClose = false;
      this.socket.end();
    }
    this.socket.wake();
    this.roomCame();
  }

  /** Nothing is under way any more once what waits has moved. */
  #moveOut(): void {
    if (this.state !== "detaching") return;
    if (this.#waiting.size > 0) return this.#wait("detaching", () => this.#moveOut());
    this.state = "detached";
    this.socket.rest(this);
    this.#world.events.detached(this.number);
  }

  #toKernel(bytes: number): void {
    const { buffers } = this.#world;
    for (let left = bytes; left > 0;) {
      const slice = this.#slices[0]!;
      const count = Math.min(left, slice.end - slice.start);
      this.socket.write(buffers.memory.slice(slice.start, slice.start + count));
      slice.start += count;
      left -= count;
      if (slice.start < slice.end) continue;
      this.#slices.shift();
      buffers.release(slice.buffer);
    }
    this.#unsentBytes -= bytes;
  }

  #dropSlices(): void {
    for (const slice of this.#slices.splice(0)) this.#world.buffers.release(slice.buffer);
    this.#unsentBytes = 0;
  }
}
