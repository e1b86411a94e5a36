/**
 * A whole I/O implementation as a worker sees it: the engine's port, and the loop that turns beneath it.
 * Types only; `choose-io.ts` picks one.
 *
 * Node's own loop goes on beside it: its sockets, signals, timers and immediates come at once when the port
 * is idle, and some 50 ms late at most under full load. Not so promises and `nextTick`: what an event sets
 * off with them waits for Node's next turn. What belongs to traffic asks for its turn by `turnEnds` instead.
 */
import type { Port, PortEvents } from "../engine/port.ts";
import type { Region } from "../sys/arena.ts";

export type IoName = "uring" | "node";

export interface IoLimits {
  /** Front and back connections together. */
  readonly connectionsMax: number;
  readonly buffersMax: number;
  readonly bufferBytes: number;
}

/**
 * The defaults: as many buffers as connections, of 16 KiB (256 MiB of address space, used as it is touched).
 */
export const IO_LIMITS_DEFAULT: IoLimits = {
  connectionsMax: 16_384,
  buffersMax: 16_384,
  bufferBytes: 16_384,
};

export interface Io {
  readonly name: IoName;
  readonly port: Port;
  /** Where the port's buffers lie, from its first byte on; undefined where memory has no address. */
  readonly memory: Region | undefined;
  /**
   * Takes over a listening socket's descriptor (it is closed by us from now on); returns its listener number
   * for the port.
   */
  adoptListener(fd: number): number;
  /**
   * The descriptor of a connection that was told to be `detached`: for a duplicate that another process gets.
   * It stays the port's to close.
   */
  descriptorOf(connection: number): number;
  /**
   * Takes over a connected socket's descriptor (it is closed by us from now on), as of another process's
   * detached connection; returns its connection number, of which nothing is asked yet. It resets on exit only
   * when it is asked here. -1 when no number is free: then the descriptor is still the caller's.
   */
  adoptConnection(fd: number): number;
  /** Starts the loop and returns; from now on `events` is told. Once. */
  run(events: PortEvents): void;
  /**
   * Runs `action` inside a turn (`turnStarts`, action, `turnEnds`), so that it may use the port, and sees
   * that what it asked for is submitted soon. For what arrives outside the loop, as orders do. Not from
   * inside an event.
   */
  perform(action: () => void): void;
  /**
   * Ends the loop and closes every connection and listener at once, as the kernel does for a process that
   * dies: what resets on exit is reset. Nothing is told any more.
   */
  stop(): void;
}

/**
 * What goes wrong at this border and is nobody's to answer: for the log, at most one line each second and
 * kind.
 */
export type IoWarning = (message: string) => void;
