/**
 * The longest time that a client of each kind was left waiting for what it was owed: an answer, an echo, the
 * next piece of a download.
 */

export const CLIENT_KINDS = ["request", "websocket", "download", "resting"] as const;
export type ClientKind = (typeof CLIENT_KINDS)[number];

/** In milliseconds; 0 where nobody of that kind has waited. */
export type Silences = Readonly<Record<ClientKind, number>>;

const NONE: Silences = { request: 0, websocket: 0, download: 0, resting: 0 };

export class Silence {
  #longestMs: Record<ClientKind, number> = { ...NONE };

  /** One wait is over. */
  waited(kind: ClientKind, waitedMs: number): void {
    this.#longestMs[kind] = Math.max(this.#longestMs[kind], waitedMs);
  }

  /** The longest of each since this was asked last. */
  take(): Silences {
    const taken = this.#longestMs;
    this.#longestMs = { ...NONE };
    return taken;
  }
}
