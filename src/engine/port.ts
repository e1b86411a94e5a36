/**
 * The one port between the engine and the world: connections by number, buffers by reference, time as an
 * argument. Implemented by `io/uring`, `io/node` and `testing/sim`; the same contract tests run over all
 * three.
 *
 * Rules of this file:
 *  1. Completion-based: the engine asks through `Port`, and is told through `PortEvents`. No method of `Port`
 *     ever calls an event before it has returned.
 *  2. All events of one loop turn come between `turnStarts(now)` and `turnEnds()`.
 *  3. Every buffer has its references counted (`BufferPool`). `received` hands the engine one reference;
 *     `send` takes one.
 *  4. After `close`, `reset` or `release` of a connection no event follows for that number until it is given
 *     out again.
 *  5. From `detach` to `attach` the engine may ask a connection for anything as ever: what is queued stays
 *     queued, all else is kept in mind for `attach`. Only `close` and `reset` are carried out at once. From
 *     `detached` to `attach` nothing is told of it.
 */
import type { Address } from "../base/address.ts";
import type { BufferPool } from "../base/buffer-pool.ts";

/** Why a connection or an attempt failed: the engine decides by these, the log shows them. */
export type IoFault = "refused" | "unreachable" | "reset" | "timed-out" | "no-resources" | "other";

export interface Port {
  readonly buffers: BufferPool;
  /**
   * The most connections (front and back together) that can be open: numbers are 0 to `connectionsMax - 1`.
   */
  readonly connectionsMax: number;

  /** Starts (or goes on) accepting on a listening socket, until `stopAccepting`. */
  accept(listener: number): void;
  /**
   * Accepts no more until `accept` asks again: the socket and its queue stay. One connection that was just
   * being accepted may still be told. Idempotent. Not after `stopAccepting`.
   */
  pauseAccepting(listener: number): void;
  /**
   * Accepts what the kernel's queue still holds, each told by `accepted`, then closes this process's copy of
   * the socket and tells `acceptingStopped`. The number is not used again.
   */
  stopAccepting(listener: number): void;
  /**
   * Closes this process's copy at once: the queue belongs to whoever else holds the socket. Nothing follows,
   * but one connection that was just being accepted.
   */
  abandonListener(listener: number): void;

  /**
   * Starts a TCP connection; `connected` or `failed` follows. Returns its number, or -1 when none is free.
   */
  connect(address: Address): number;
  /** Asks for bytes until `pause`, the peer's end, or a fault. Idempotent. Not before `connected`. */
  receive(connection: number): void;
  /** Asks for no more bytes. What was already on its way may still come, in `received`. Idempotent. */
  pause(connection: number): void;
  /**
   * Queues `memory[start..end)` of a buffer and takes one reference of it. Slices leave in order. Slices
   * queued in one turn are written together, and neighbours in one buffer are joined. Empty slices are
   * allowed.
   */
  send(connection: number, buffer: number, start: number, end: number): void;
  /** Bytes queued and not yet taken by the kernel. */
  unsentBytes(connection: number): number;
  /**
   * How many buffers these bytes hold: a slice of one byte holds its buffer whole. 0 only if nothing is
   * unsent; otherwise at most two too few, and as many too many as slices of three buffers and more
   * alternate.
   */
  unsentBuffers(connection: number): number;
  /**
   * Until our direction ends (`shutdown` that is carried out, `close`), the peer sees a reset should this
   * process die: for what only its end tells to be whole, since the kernel ends a dead process's connections
   * with FIN. Not after `shutdown`. Idempotent.
   */
  resetOnExit(connection: number): void;
  /** Ends our direction (FIN) when everything queued is written. The peer's bytes still come. */
  shutdown(connection: number): void;
  /** Closes now, dropping what is unsent. */
  close(connection: number): void;
  /** Closes now with RST, so that the peer cannot take what it got for the whole. */
  reset(connection: number): void;

  /**
   * Takes a connection out of the kernel's hands, so that another process can have it: nothing more is asked
   * for or written. `detached` follows, once, when no operation is under way; what came meanwhile is told
   * before it (`received`, `ended`, `sent`). After `failed` no `detached` follows. Only for connections that
   * are connected and have not failed; not twice.
   */
  detach(connection: number): void;
  /** After `detached`: each slice that is queued and not written, in order. They stay queued. */
  eachUnsent(connection: number, visit: (buffer: number, start: number, end: number) => void): void;
  /**
   * After `detached`: goes on as if it had never been detached. What is queued is written, it is received
   * again if that is wanted, and it resets on exit if that was asked for.
   */
  attach(connection: number): void;
  /**
   * After `detached`: drops what is queued, closes this process's descriptor and gives the number back. No
   * shutdown and no reset: the socket lives on with whoever has a duplicate, and only without one it ends.
   */
  release(connection: number): void;
}

export interface PortEvents {
  /** A new loop turn: `now` in milliseconds, monotonic, never going back. */
  turnStarts(now: number): void;
  /** A client connected. `ip` as text without brackets; */
  accepted(listener: number, connection: number, ip: string, port: number): void;
  /** The queue is empty and this process's copy is closed. */
  acceptingStopped(listener: number): void;
  connected(connection: number): void;
  /** Bytes `memory[start..end)`, at least one. The engine owns one reference of `buffer`. */
  received(connection: number, buffer: number, start: number, end: number): void;
  /** Something queued was written; `unsentBytes` says what is left. */
  sent(connection: number): void;
  /** The peer ended its direction (FIN). Ours is still open. Told once. */
  ended(connection: number): void;
  /** Connecting, receiving or sending failed. Told once; the engine still has to `close`. */
  failed(connection: number, fault: IoFault): void;
  /** After `detach`: no operation is under way any more. */
  detached(connection: number): void;
  /**
   * All events of this turn were told. Returns when the next turn must come at the latest (same clock), or
   * `Infinity`.
   */
  turnEnds(): number;
}
