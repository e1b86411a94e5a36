/**
 * Why handshakes fail, for the log: a few lines of each listener, and the rest as a number, because anybody
 * who can connect can make them fail as often as they like.
 *
 * Rules of this file:
 *  1. A line says nothing that the peer chose: its address, and our words on what it did.
 *  2. Of one listener, at most `handshakeFaultLinesMax` lines and one with a count in
 *     `HANDSHAKE_LOG_WINDOW_MS`.
 */
import type { Client } from "../client.ts";

/** So long a listener's failures are counted together. */
const HANDSHAKE_LOG_WINDOW_MS = 1_000;

/** Ours are errors; a peer's are everyday. */
export interface HandshakeFailure {
  readonly level: "info" | "error";
  /** Stable, as `TLS_NOTHING_SHARED`. */
  readonly code: string;
  readonly text: string;
}

export type WriteLine = (level: HandshakeFailure["level"], message: string) => void;

interface Window {
  readonly endsAt: number;
  lines: number;
  /** Those that got no line. */
  more: number;
}

export class HandshakeLog {
  readonly #write: WriteLine;
  readonly #linesMax: number;
  /** By listener; the first to end is the first in it. */
  readonly #windows: Map<string, Window> = new Map();

  constructor(write: WriteLine, linesMax: number) {
    this.#write = write;
    this.#linesMax = linesMax;
  }

  failed(client: Client, failure: HandshakeFailure, now: number): void {
    const { address } = client.listener.configuration;
    let window = this.#windows.get(address);
    if (window === undefined) {
      window = { endsAt: now + HANDSHAKE_LOG_WINDOW_MS, lines: 0, more: 0 };
      this.#windows.set(address, window);
    }
    if (window.lines >= this.#linesMax) {
      window.more++;
      return;
    }
    window.lines++;
    const { level, code, text } = failure;
    this.#write(level, `the handshake of ${client.ip} at ${address} failed: ${code}: ${text}`);
  }

  /** Tells the counts whose time has come. When it has to be called again, or `Infinity`. */
  turnEnds(now: number): number {
    for (const [address, { endsAt, more }] of this.#windows) {
      if (endsAt > now) return endsAt;
      this.#windows.delete(address);
      if (more > 0) this.#write("info", `${more} more handshakes at ${address} failed meanwhile`);
    }
    return Infinity;
  }
}
