/** How many native handles live, by kind: each is counted where it is made and where it is freed. */
import { assert } from "../../base/assert.ts";
import type { TlsLiving } from "../../tls/machine.ts";

/** What an object of ours owns. */
export type HandleKind = Exclude<keyof TlsLiving, "sessions" | "bios">;

const counts: { -readonly [Kind in keyof TlsLiving]: number } = {
  contexts: 0,
  certificates: 0,
  ticketKeys: 0,
  machines: 0,
  sessions: 0,
  bios: 0,
};

/** One that is read from, and one that is written to. */
const BIOS_OF_SESSION = 2;

export function countLiving(): TlsLiving {
  return { ...counts };
}

/** An SSL of OpenSSL's was given its BIOs, or was freed with its references to them. */
export function countSessions(more: 1 | -1): void {
  counts.sessions += more;
  counts.bios += more * BIOS_OF_SESSION;
  assert(counts.sessions >= 0, "more SSLs are freed than were made");
}

/** One owner, one release: held by every object that owns something native. */
export class Handle {
  readonly #kind: HandleKind;
  #isLiving = true;

  constructor(kind: HandleKind) {
    this.#kind = kind;
    counts[kind]++;
  }

  get isLiving(): boolean {
    return this.#isLiving;
  }

  /** A defect of ours unless the handle lives. */
  assertLiving(): void {
    // Asked with every call: no text is made unless it is needed.
    if (!this.#isLiving) assert(false, `a use of ${this.#kind} after they were freed`);
  }

  /** Counts it as freed. A second time is a defect of ours. */
  end(): void {
    this.assertLiving();
    this.#isLiving = false;
    counts[this.#kind]--;
  }
}
