/**
 * The far end of a simulated connection, as a test scripts it: a client of the engine, or a backend's side of
 * a connection that the engine opened. Everything is synchronous: ask here, then let the network run
 * (`settle`, `advance`).
 */
import type { Address } from "../../src/base/address.ts";
import { ByteQueue } from "./byte-queue.ts";

/**
 * How far the connection got: a client of a closed listener is `refused`, one that waits in the accept queue
 * `connecting`.
 */
export type PeerState = "connecting" | "open" | "refused";
/** What came from the engine's side last: still open, a clean end (FIN), or a reset (RST). */
export type Ending = "open" | "ended" | "reset";
/**
 * What this peer did with its own direction. `closed`: it neither sends nor reads any more, as after
 * `close(2)`.
 */
export type PeerSide = "open" | "ended" | "closed" | "reset";

/** What the peer tells the network: it has something new for the engine, or takes more from it. */
export interface PeerWire {
  sends(): void;
  reads(): void;
}

export class SimPeer {
  readonly address: Address;
  state: PeerState = "connecting";
  ending: Ending = "open";
  side: PeerSide = "open";
  /** Called after each piece that arrived, and once at the end. May send. */
  onReceived: ((peer: SimPeer) => void) | undefined;
  onEnding: ((peer: SimPeer) => void) | undefined;
  /** Bytes on their way to the engine. */
  readonly outgoing: ByteQueue = new ByteQueue();
  readonly #wire: PeerWire;
  readonly #pieces: Uint8Array[] = [];
  #taken = 0;
  #receivedBytes = 0;
  #readableBytes = Infinity;

  constructor(address: Address, wire: PeerWire) {
    this.address = address;
    this.#wire = wire;
  }

  /** All that arrived so far, one character per byte. */
  get received(): string {
    return Buffer.concat(this.#pieces).toString("latin1");
  }

  /** What arrived since the last call, for whoever reads as it comes. */
  takeNew(): Buffer {
    const pieces = this.#pieces.slice(this.#taken);
    this.#taken = this.#pieces.length;
    return Buffer.concat(pieces);
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /**
   * Sends text (one byte per character) or bytes. What a peer sends after its own end is a mistake of the
   * test.
   */
  send(data: string | Uint8Array): this {
    if (this.side !== "open") throw new Error(`this peer already ${this.side} its side`);
    if (this.ending === "reset" || this.state === "refused") return this;
    this.outgoing.push(typeof data === "string" ? Buffer.from(data, "latin1") : data.slice());
    this.#wire.sends();
    return this;
  }

  /** Ends our direction (FIN) after what was sent; goes on reading. */
  end(): this {
    if (this.side === "open") this.side = "ended";
    this.#wire.sends();
    return this;
  }

  /**
   * Closes as a program does that is gone: FIN after what was sent; what still comes from the engine is
   * answered by RST.
   */
  close(): this {
    if (this.side !== "reset") this.side = "closed";
    this.#wire.sends();
    this.#wire.reads();
    return this;
  }

  /** Cuts the connection (RST), dropping what is on its way in both directions. */
  reset(): this {
    this.side = "reset";
    this.outgoing.clear();
    this.#wire.sends();
    return this;
  }

  /** Reads nothing more until `read` or `resume`. */
  pause(): this {
    this.#readableBytes = 0;
    return this;
  }

  /** Reads at most `bytes` more, then pauses. */
  read(bytes: number): this {
    this.#readableBytes = Number.isFinite(this.#readableBytes) ? this.#readableBytes + bytes : bytes;
    this.#wire.reads();
    return this;
  }

  resume(): this {
    this.#readableBytes = Infinity;
    this.#wire.reads();
    return this;
  }

  /** How much it would read now. For the network. */
  get readableBytes(): number {
    return this.#readableBytes;
  }

  /** A piece arrived. For the network. */
  arrive(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.#receivedBytes += bytes.length;
    this.#readableBytes -= bytes.length;
    this.onReceived?.(this);
  }

  /** The engine's direction is over. For the network. */
  finish(ending: "ended" | "reset"): void {
    if (this.ending === "reset" || this.ending === ending) return;
    this.ending = ending;
    if (ending === "reset") this.outgoing.clear();
    this.onEnding?.(this);
  }
}
