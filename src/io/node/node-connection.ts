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
 *  4. Node gives no descriptor back: to detach, it is duplicated, and Node closes its own. What Node was
 *     given and has not written is ours again.
 */
import type { Socket } from "node:net";
import { assert } from "../../base/assert.ts";
import type { IoFault } from "../../engine/port.ts";
import { closeDescriptor, duplicateDescriptor } from "../../sys/descriptor.ts";
import { clearResetOnClose, setResetOnClose, shutdownWriting } from "../../sys/stream-socket.ts";
import { ioFaultOf } from "../io-fault.ts";
import { connectSocket, handleOf, openSocket, type Origin } from "./node-socket.ts";
import type { WriteQueue } from "./write-queue.ts";

/** What a connection tells, from Node's loop. */
export interface ConnectionTarget {
  connected(connection: NodeConnection): void;
  /** Bytes, borrowed until it returns; gives how many were taken. The rest waits for `retryStash`. */
  arrived(connection: NodeConnection, bytes: Uint8Array): number;
  sent(connection: NodeConnection): void;
  ended(connection: NodeConnection): void;
  failed(connection: NodeConnection, fault: IoFault): void;
  detached(connection: NodeConnection): void;
  /** Closed by the engine, and nothing of it is left in Node. */
  gone(connection: NodeConnection): void;
}

type Phase = "connecting" | "open" | "detaching" | "detached" | "failed" | "closing";
const NONE = -1;

export class NodeConnection {
  readonly number: number;
  readonly queue: WriteQueue;
  #socket: Socket;
  /** Our own descriptor, from `detach` on; Node has the other. */
  #fd: number = NONE;
  readonly #target: ConnectionTarget;
  #phase: Phase;
  #receiving: "idle" | "wanted" | "lingering" = "idle";
  #writing: "writable" | "finishing" | "finished" = "writable";
  #resetsOnExit = false;
  #isSocketClosed = false;
  #hasEnded = false;
  /** Some of what was queued was written when it was taken back, and nobody was told. */
  #hasSent = false;
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

  /** Whether it may be told what was received. */
  get isReceiver(): boolean {
    return this.#phase === "open" || this.#phase === "detaching";
  }

  /** The descriptor of a connection that is detached. */
  get descriptor(): number {
    this.#checkDetached();
    return this.#fd;
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
    if (wasIdle && this.#stash === undefined && this.#phase === "open") this.#socket.resume();
  }

  pause(): void {
    if (this.#receiving === "wanted") this.#receiving = this.#stash === undefined ? "lingering" : "idle";
  }

  /** Tries again to give away what had no buffer; then reading goes on. */
  retryStash(): void {
    const stash = this.#stash;
    if (stash === undefined || !this.isReceiver) return;
    const taken = this.#target.arrived(this, stash);
    this.#stash = taken < stash.length ? stash.subarray(taken) : undefined;
    if (this.#stash !== undefined) return;
    if (this.#receiving === "wanted" && this.#phase === "open") this.#socket.resume();
    this.#detachWhenQuiet();
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
    const fd = this.#currentFd;
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
    this.#closeOwn();
    this.#socket.destroy();
    if (this.#isSocketClosed) queueMicrotask(this.#leave);
  }

  reset(): void {
    if (this.#fd !== NONE) {
      setResetOnClose(this.#fd);
      return this.discard();
    }
    this.#phase = "closing";
    this.#stash = undefined;
    this.#socket.resetAndDestroy();
    if (this.#isSocketClosed) queueMicrotask(this.#leave);
  }

  detach(): void {
    assert(this.#phase === "open", "detaches a connection that is not connected");
    this.#phase = "detaching";
    const handle = handleOf(this.#socket);
    // Closed by Node after a fault, which is about to be told.
    if (handle === null) return;
    const duplicate = duplicateDescriptor(handle.fd);
    if (!duplicate.ok) return queueMicrotask(() => this.#fail(duplicate.error));
    this.#fd = duplicate.value;
    this.#hasSent = this.queue.takeBack(handle.writeQueueSize);
    // Node may have been told to end it and not have done so yet.
    if (this.#writing === "finished") shutdownWriting(this.#fd);
    this.#socket.destroy();
  }

  eachUnsent(visit: (buffer: number, start: number, end: number) => void): void {
    this.#checkDetached();
    this.queue.each(visit);
  }

  attach(): void {
    this.#checkDetached();
    if (this.#resetsOnExit) setResetOnClose(this.#fd);
    this.#phase = "open";
    this.#isSocketClosed = false;
    this.#socket = openSocket({ fd: this.#fd }, this.#arrived);
    this.#fd = NONE;
    this.#listen();
    if (this.#receiving === "lingering") this.#receiving = "idle";
    if (this.#receiving === "wanted" && !this.#hasEnded) this.#socket.resume();
  }

  release(): void {
    this.#checkDetached();
    this.discard();
  }

  #checkDetached(): void {
    assert(this.#phase === "detached", "asks of a connection what needs it detached");
  }

  /** Node has closed its descriptor, and all that came before was told. */
  #detachWhenQuiet(): void {
    if (this.#phase !== "detaching" || !this.#isSocketClosed || this.#stash !== undefined) return;
    if (this.#hasSent) this.#target.sent(this);
    this.#hasSent = false;
    if (this.#phase !== "detaching") return;
    this.#phase = "detached";
    this.#target.detached(this);
  }

  #closeOwn(): void {
    if (this.#fd !== NONE) closeDescriptor(this.#fd);
    this.#fd = NONE;
  }

  get #currentFd(): number {
    return this.#fd === NONE ? (handleOf(this.#socket)?.fd ?? NONE) : this.#fd;
  }

  /** All is in the kernel's hands, or dropped by the engine's will: from now on our end is an end. */
  #endWell(): void {
    if (!this.#resetsOnExit) return;
    this.#resetsOnExit = false;
    const fd = this.#currentFd;
    if (fd >= 0) clearResetOnClose(fd);
  }

  #listen(): void {
    this.#socket
      .on("end", () => {
        if (this.#phase !== "open") return;
        this.#hasEnded = true;
        this.#target.ended(this);
      })
      .on("error", (error: NodeJS.ErrnoException) => this.#fail(error))
      .on("close", () => {
        this.#isSocketClosed = true;
        if (this.#phase === "closing") this.#leave();
        this.#detachWhenQuiet();
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
    if (error || (this.#phase !== "open" && this.#phase !== "failed")) return;
    this.queue.written();
    if (this.#phase === "open") this.#target.sent(this);
  };

  #fail(error: { readonly errno?: number | undefined }): void {
    if (!this.isReceiver && this.#phase !== "connecting") return;
    this.#phase = "failed";
    this.#target.failed(this, ioFaultOf(Math.abs(error.errno ?? 0)));
  }
}
