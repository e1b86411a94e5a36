/**
 * One connection over Node's `net`: its socket, what is queued to be sent, and how far receiving is.
 *
 * Rules of this file:
 *  1. All sockets read into one shared piece of memory (`net`'s `onread`), and what came is copied to pool
 *     buffers at once: an idle connection holds no buffer, and a read allocates nothing.
 *  2. Written slices keep their references until Node says that they are written, or that the socket is
 *     closed.
 *  3. To pause costs nothing while the peer is silent: reading stops when bytes come all the same, one read
 *     at most.
 */
import { Socket } from "node:net";
import { formatIp, type Address } from "../../base/address.ts";
import { assert } from "../../base/assert.ts";
import type { IoFault } from "../../engine/port.ts";
import { clearResetOnClose, setResetOnClose } from "../../sys/stream-socket.ts";
import { ioFaultOf } from "../io-fault.ts";
import type { WriteQueue } from "./write-queue.ts";

/** What a connection tells, from Node's loop. */
export interface ConnectionTarget {
  connected(connection: NodeConnection): void;
  /** Bytes, borrowed until it returns; gives how many were taken. The rest waits for `retryStash`. */
  arrived(connection: NodeConnection, bytes: Uint8Array): number;
  sent(connection: NodeConnection): void;
  ended(connection: NodeConnection): void;
  failed(connection: NodeConnection, fault: IoFault): void;
  /** Closed by the engine, and nothing of it is left in Node. */
  gone(connection: NodeConnection): void;
}

/**
 * Where a connection comes from: an address to connect to, an accepted descriptor, or a socket that `net`
 * accepted.
 */
export type Origin = { readonly address: Address } | { readonly fd: number } | { readonly accepted: Socket };

type Phase = "connecting" | "open" | "failed" | "closing";

/** The memory that every socket reads into: one read is told and copied before the next. */
const ARRIVAL_BYTES = 65_536;
const arrival: Buffer = Buffer.allocUnsafeSlow(ARRIVAL_BYTES);

export class NodeConnection {
  readonly number: number;
  readonly queue: WriteQueue;
  readonly #socket: Socket;
  readonly #target: ConnectionTarget;
  #phase: Phase;
  #receiving: "idle" | "wanted" | "lingering" = "idle";
  #writing: "writable" | "finishing" | "finished" = "writable";
  #resetsOnExit = false;
  #isSocketClosed = false;
  /** Bytes that arrived and for which there was no buffer. */
  #stash: Uint8Array | undefined;

  constructor(number: number, origin: Origin, queue: WriteQueue, target: ConnectionTarget) {
    this.number = number;
    this.queue = queue;
    this.#target = target;
    this.#phase = "address" in origin ? "connecting" : "open";
    this.#socket = openSocket(origin, this.#arrived);
    this.#listen();
    if ("address" in origin) connectSocket(this.#socket, origin.address);
  }

  get isOpen(): boolean {
    return this.#phase === "open";
  }

  get hasStash(): boolean {
    return this.#stash !== undefined;
  }

  /** Stops us unless the engine may name this connection. */
  check(): void {
    assert(this.#phase !== "closing", "names a connection that is closed");
  }

  receive(): void {
    assert(this.#phase !== "connecting", "receives before it is connected");
    const wasIdle = this.#receiving === "idle";
    this.#receiving = "wanted";
    if (wasIdle && this.#stash === undefined) this.#socket.resume();
  }

  pause(): void {
    if (this.#receiving === "wanted") this.#receiving = this.#stash === undefined ? "lingering" : "idle";
  }

  /** Tries again to give away what had no buffer; then reading goes on. */
  retryStash(): void {
    const stash = this.#stash;
    if (stash === undefined || this.#phase !== "open") return;
    const taken = this.#target.arrived(this, stash);
    this.#stash = taken < stash.length ? stash.subarray(taken) : undefined;
    if (this.#stash === undefined && this.#receiving === "wanted" && this.#phase === "open")
      this.#socket.resume();
  }

  send(buffer: number, start: number, end: number): void {
    assert(this.#writing === "writable", "sends after shutdown");
    this.queue.append(buffer, start, end);
  }

  /** See `Port.resetOnExit`. Node has no word for it, but shows the descriptor of its handle. */
  resetOnExit(): void {
    assert(this.#writing === "writable", "resets on exit after shutdown");
    if (this.#resetsOnExit) return;
    this.#resetsOnExit = true;
    const fd = descriptorOf(this.#socket);
    if (fd >= 0) setResetOnClose(fd);
  }

  shutdown(): void {
    if (this.#writing === "writable") this.#writing = "finishing";
  }

  /** Hands to Node what the engine asked for in this turn. */
  flush(): void {
    if (this.#phase !== "open" || this.queue.isInNode) return;
    if (this.queue.unsentBytes > 0) {
      this.queue.write(this.#socket, this.#written);
    } else if (this.#writing === "finishing") {
      this.#writing = "finished";
      this.#endWell();
      this.#socket.end();
    }
  }

  close(): void {
    this.#endWell();
    this.discard();
  }

  /** Closes as the kernel does for a process that died: what resets on exit is reset. */
  discard(): void {
    this.#phase = "closing";
    this.#stash = undefined;
    this.#socket.destroy();
    if (this.#isSocketClosed) queueMicrotask(this.#leave);
  }

  reset(): void {
    this.#phase = "closing";
    this.#stash = undefined;
    this.#socket.resetAndDestroy();
    if (this.#isSocketClosed) queueMicrotask(this.#leave);
  }

  /** All is in the kernel's hands, or dropped by the engine's will: from now on our end is an end. */
  #endWell(): void {
    if (!this.#resetsOnExit) return;
    this.#resetsOnExit = false;
    const fd = descriptorOf(this.#socket);
    if (fd >= 0) clearResetOnClose(fd);
  }

  #listen(): void {
    this.#socket
      .on("end", () => {
        if (this.#phase === "open") this.#target.ended(this);
      })
      .on("error", (error: NodeJS.ErrnoException) => this.#fail(error))
      .on("close", () => {
        this.#isSocketClosed = true;
        if (this.#phase === "closing") this.#leave();
      });
    if (this.#phase !== "connecting") return;
    this.#socket.pause().on("connect", () => {
      if (this.#phase !== "connecting") return;
      this.#phase = "open";
      this.#target.connected(this);
    });
  }

  readonly #leave = (): void => {
    this.queue.drop();
    this.#target.gone(this);
  };

  readonly #arrived = (byteLength: number, bytes: Uint8Array): boolean => {
    if (this.#phase !== "open") return false;
    const taken = this.#target.arrived(this, bytes.subarray(0, byteLength));
    if (taken < byteLength) this.#stash = Uint8Array.from(bytes.subarray(taken, byteLength));
    if (this.#receiving === "lingering") this.#receiving = "idle";
    return this.#phase === "open" && this.#receiving === "wanted" && this.#stash === undefined;
  };

  readonly #written = (error: Error | null | undefined): void => {
    if (error || this.#phase === "closing") return;
    this.queue.written();
    if (this.#phase === "open") this.#target.sent(this);
  };

  #fail(error: NodeJS.ErrnoException): void {
    if (this.#phase !== "open" && this.#phase !== "connecting") return;
    this.#phase = "failed";
    this.#target.failed(this, ioFaultOf(Math.abs(error.errno ?? 0)));
  }
}

function openSocket(origin: Origin, callback: (byteLength: number, bytes: Uint8Array) => boolean): Socket {
  const options = { allowHalfOpen: true, onread: { buffer: arrival, callback } };
  if ("accepted" in origin)
    return new Socket({ ...options, ...takeHandle(origin.accepted), pauseOnCreate: true } as object);
  if ("fd" in origin) return new Socket({ ...options, fd: origin.fd, pauseOnCreate: true } as object);
  return new Socket(options);
}

function connectSocket(socket: Socket, address: Address): void {
  socket.setNoDelay(true);
  socket.connect({ host: formatIp(address.ip), port: address.port });
}

/** The descriptor beneath a socket of Node's; -1 when it is closed already, or not made yet. */
function descriptorOf(socket: Socket): number {
  const { _handle } = socket as unknown as { _handle: { readonly fd?: number } | null };
  return _handle?.fd ?? -1;
}

/**
 * `net.Server` gives no way to set `onread` on the sockets it accepts, and without it each read allocates 64
 * KiB. So its socket gives up its native handle for one of ours, as Node's own modules do when they pass a
 * connection on.
 */
function takeHandle(accepted: Socket): { handle: unknown } {
  const owner = accepted as unknown as { _handle: unknown };
  const handle = owner._handle;
  assert(handle, "an accepted socket without a handle");
  owner._handle = null;
  return { handle };
}
