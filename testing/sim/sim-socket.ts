/**
 * A simulated socket as the kernel has it: what is written to it and on its way to the peer, and who has a
 * descriptor of it. It outlives the process that opened it while another has a duplicate.
 *
 * Rules of this file:
 *  1. It ends when its last descriptor is closed: by a reset with bytes of the peer unread or where one was
 *     asked for, else by an end.
 *  2. At most one process works on it at a time; two are a defect of what is tested, and stop the run.
 */
import { assert } from "../../src/base/assert.ts";
import { ByteQueue } from "./byte-queue.ts";
import type { SimPeer } from "./sim-peer.ts";

/** What a socket needs from the network around it. */
export interface Wire {
  readonly socketBytes: number;
  /** Happens after a delay drawn from the seed, in a turn. */
  later(happen: () => void): void;
  /** How many of at most `bytes` move at once. */
  pieceOf(bytes: number): number;
}

/** Who has a descriptor. */
export interface Holder {
  /** The peer sent, ended or cut. */
  peerSent(): void;
  /** The kernel may take more. */
  roomCame(): void;
}

export class SimSocket {
  readonly peer: SimPeer;
  /** Its last close is a reset, also when a process's death is what closes it. */
  resetsOnClose = false;
  readonly #wire: Wire;
  readonly #holders: Set<Holder> = new Set();
  readonly #kernel: ByteQueue = new ByteQueue();
  #user: Holder | undefined;
  #state: "queued" | "open" | "closed" = "queued";
  #isEnding = false;
  #isArriving = false;

  constructor(wire: Wire, peer: SimPeer) {
    this.#wire = wire;
    this.peer = peer;
  }

  /** Whether anybody has a descriptor of it. */
  get isHeld(): boolean {
    return this.#holders.size > 0;
  }

  /** How many bytes the kernel takes now. */
  get roomBytes(): number {
    return this.#wire.socketBytes - this.#kernel.bytes;
  }

  /** `holder` has a descriptor from now on. */
  hold(holder: Holder): void {
    assert(this.#state !== "closed", "duplicates the descriptor of a socket that is closed");
    this.#state = "open";
    this.#holders.add(holder);
  }

  /** `holder` works on it from now on. */
  use(holder: Holder): void {
    assert(this.#user === undefined, "two processes work on one connection");
    this.#user = holder;
  }

  /** `holder` works on it no more. */
  rest(holder: Holder): void {
    if (this.#user === holder) this.#user = undefined;
  }

  /** `holder` closes its descriptor. `isConnected`: the peer can be told. */
  leave(holder: Holder, isConnected: boolean): void {
    this.rest(holder);
    this.#holders.delete(holder);
    if (this.#holders.size > 0) return;
    this.#state = "closed";
    if (!isConnected || this.peer.side === "reset") return;
    if (this.resetsOnClose || this.peer.outgoing.bytes > 0) this.#resetPeer();
    else this.end();
  }

  write(bytes: Uint8Array): void {
    this.#kernel.push(bytes);
  }

  /** An end (FIN) follows what was written. */
  end(): void {
    this.#isEnding = true;
    this.wake();
  }

  /** Something was written, or the peer takes more. */
  wake(): void {
    const { peer } = this;
    const comes = this.#kernel.bytes > 0 && (peer.readableBytes > 0 || peer.side === "closed");
    // A peer that has cut sees no end of ours any more.
    const sees = peer.ending === "open" && peer.side !== "reset";
    const ends = this.#kernel.bytes === 0 && this.#isEnding && sees;
    if ((!comes && !ends) || this.#isArriving) return;
    this.#isArriving = true;
    this.#wire.later(() => {
      this.#isArriving = false;
      this.#arrive();
    });
  }

  /** The peer sent, ended or cut. */
  peerSends(): void {
    if (this.#state === "closed" && this.peer.outgoing.bytes > 0) this.#resetPeer();
    for (const holder of this.#holders) holder.peerSent();
  }

  #arrive(): void {
    const { peer } = this;
    if (peer.side === "reset" || peer.ending === "reset") {
      this.#kernel.clear();
    } else if (peer.side === "closed" && this.#kernel.bytes > 0) {
      this.#kernel.clear();
      peer.reset();
    } else if (this.#kernel.bytes > 0) {
      const bytes = Math.min(this.#kernel.bytes, peer.readableBytes);
      if (bytes > 0) peer.arrive(this.#kernel.take(this.#wire.pieceOf(bytes)));
    } else if (this.#isEnding) {
      peer.finish("ended");
    }
    this.wake();
    for (const holder of this.#holders) holder.roomCame();
  }

  #resetPeer(): void {
    this.#wire.later(() => {
      this.#kernel.clear();
      this.peer.finish("reset");
    });
  }
}

/** A descriptor on its way from one process to another: the socket lives while it does. */
export class SimDescriptor implements Holder {
  readonly #socket: SimSocket;
  #isOpen = true;

  constructor(socket: SimSocket) {
    this.#socket = socket;
    socket.hold(this);
  }

  /** It arrived: who takes it closes it. */
  get socket(): SimSocket {
    assert(this.#isOpen, "takes a descriptor that is closed");
    return this.#socket;
  }

  /** It arrived, or nobody took it. */
  close(): void {
    if (this.#isOpen) this.#socket.leave(this, true);
    this.#isOpen = false;
  }

  peerSent(): void {}

  roomCame(): void {}
}
