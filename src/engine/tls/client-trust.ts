/**
 * Whose certificates clients show at a listener, and whether they must. A change of a listener's
 * `client_auth` makes another of these, so connections know under which one they shook hands.
 *
 * Rule of this file: nobody passes who would be refused by a handshake of now. Who was admitted by fewer
 * authorities, all of which are trusted still, would not.
 */
import { decodeBase64 } from "../../base/base64.ts";
import { textDigest } from "../../model/hash.ts";
import type { ClientAuth } from "../../model/objects.ts";
import type { TlsServerOptions } from "../../tls/machine.ts";
import type { Secured } from "./secured.ts";

export class ClientTrust {
  readonly terms: ClientAuth;
  readonly #authorities: ReadonlySet<string>;
  /** 32 hexadecimal digits: of equal terms equal ones. */
  readonly #digest: string;

  constructor(terms: ClientAuth) {
    this.terms = terms;
    this.#authorities = new Set(terms.ca);
    this.#digest = textDigest([terms.mode, ...terms.ca.toSorted()].join(" "));
  }

  /** As a context takes it. */
  get options(): NonNullable<TlsServerOptions["clientAuth"]> {
    const { mode, ca } = this.terms;
    return { mode, ca: ca.map(decodeBase64) };
  }

  /** Whether a connection that was secured under any rules, or not at all, may ask for something now. */
  admits(secured: Secured | undefined): boolean {
    if (secured?.hasClientCertificate !== true) return this.terms.mode === "request";
    const { trust } = secured;
    return trust === this || (trust !== undefined && this.#includes(trust));
  }

  /** Makes a session's context one of this trust: elsewhere, and after a change, it is not resumed. */
  mark(sessionContext: Uint8Array): void {
    for (let at = 0; at < this.#digest.length / 2; at++)
      sessionContext[at]! ^= Number.parseInt(this.#digest.slice(at * 2, at * 2 + 2), 16);
  }

  #includes(earlier: ClientTrust): boolean {
    return earlier.terms.ca.every((authority) => this.#authorities.has(authority));
  }
}
