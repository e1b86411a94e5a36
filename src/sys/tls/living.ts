/** How many native handles live, by kind: each is counted where it is made and where it is freed. */
import { assert } from "../../base/assert.ts";
import type { TlsLiving } from "../../tls/machine.ts";

export type HandleKind = keyof TlsLiving;

const counts: { -readonly [Kind in HandleKind]: number } = {
  contexts: 0,
  certificates: 0,
  ticketKeys: 0,
  machines: 0,
};

export function countLiving(): TlsLiving {
  return { ...counts };
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
    assert(this.#isLiving, `a use of ${this.#kind} after they were freed`);
  }

  /** Counts it as freed. A second time is a defect of ours. */
  end(): void {
    this.assertLiving();
    this.#isLiving = false;
    counts[this.#kind]--;
  }
}
