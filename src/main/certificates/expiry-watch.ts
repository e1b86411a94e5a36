/**
 * Which certificates come near their end: each is told once when it does, and once when it is over. It keeps
 * no clock: who calls it says when to look.
 *
 * Rules of this file:
 *  1. A change is looked at by itself; only `check` looks at all of them.
 *  2. One look tells at most `linesMax` certificates by name, and how many more there are.
 */
import type { Change } from "../../model/channel.ts";
import { certificateKey } from "../../model/keys.ts";
import type { Certificate } from "../../model/objects.ts";

export interface ExpiryWatchOptions {
  /** So long before its end a certificate is near it. */
  readonly nearMs: number;
  readonly linesMax: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** `leftMs`: until its end; 0 or less when it is over. */
  readonly told: (certificate: Certificate, leftMs: number) => void;
  /** So many more are as near, or over. */
  readonly toldMore: (count: number) => void;
}

type Nearness = "near" | "over";

export class ExpiryWatch {
  readonly #options: ExpiryWatchOptions;
  /** What was told of each certificate that is near its end. */
  #known: Map<string, Nearness> = new Map();

  constructor(options: ExpiryWatchOptions) {
    this.#options = options;
  }

  /** Looks at all that there are, and forgets the others. */
  check(certificates: Iterable<Certificate>): void {
    const before = this.#known;
    this.#known = new Map();
    this.#look(certificates, before);
  }

  /** Looks at what a change brought. */
  changed(changes: readonly Change[]): void {
    const added: Certificate[] = [];
    for (const change of changes) {
      if (change.kind === "certificate" && change.after !== undefined)
        added.push(change.after as Certificate);
    }
    if (added.length > 0) this.#look(added, this.#known);
  }

  #look(certificates: Iterable<Certificate>, before: ReadonlyMap<string, Nearness>): void {
    const { nearMs, linesMax, now, told, toldMore } = this.#options;
    const nowMs = now();
    let count = 0;
    for (const certificate of certificates) {
      const leftMs = certificate.not_after_ms - nowMs;
      if (leftMs > nearMs) continue;
      const key = certificateKey(certificate);
      const nearness = leftMs > 0 ? "near" : "over";
      const isKnown = before.get(key) === nearness;
      this.#known.set(key, nearness);
      if (isKnown) continue;
      count++;
      if (count <= linesMax) told(certificate, leftMs);
    }
    if (count > linesMax) toldMore(count - linesMax);
  }
}
