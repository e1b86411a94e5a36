/**
 * Certificates made ready for OpenSSL: those that handshakes asked for last, a bounded number. To make one
 * ready again costs a fraction of a handshake; to keep 100,000 ready would cost more memory than all the
 * rest.
 */
import type { Result } from "../../base/result.ts";
import type { TlsSetupFault } from "../../tls/faults.ts";
import type { TlsCertificate, TlsLibrary } from "../../tls/machine.ts";
import type { CertificateRuntime } from "../runtime/certificate.ts";

export class ReadyCertificates {
  readonly #library: TlsLibrary;
  readonly #readyMax: number;
  /** In the order of their last use. A machine that was made with one goes on when it is freed. */
  readonly #ready = new Map<CertificateRuntime, TlsCertificate>();
  /** The last in that order: it need not be put there again. */
  #last: CertificateRuntime | undefined;

  constructor(library: TlsLibrary, readyMax: number) {
    this.#library = library;
    this.#readyMax = readyMax;
  }

  get count(): number {
    return this.#ready.size;
  }

  /** The certificate for a handshake that begins now; valid until the next call. */
  find(certificate: CertificateRuntime): Result<TlsCertificate, TlsSetupFault> {
    const kept = this.#ready.get(certificate);
    if (kept !== undefined) {
      if (this.#last !== certificate) {
        this.#ready.delete(certificate);
        this.#keep(certificate, kept);
      }
      return { ok: true, value: kept };
    }
    const opened = this.#library.openCertificate(certificate.derChain, certificate.derKey);
    if (!opened.ok) return opened;
    this.#keep(certificate, opened.value);
    for (const oldest of this.#ready.keys()) {
      if (this.#ready.size <= this.#readyMax) break;
      this.forget(oldest);
    }
    return opened;
  }

  /** It is removed: no handshake asks for it any more. */
  forget(certificate: CertificateRuntime): void {
    this.#ready.get(certificate)?.free();
    this.#ready.delete(certificate);
    if (this.#last === certificate) this.#last = undefined;
  }

  #keep(certificate: CertificateRuntime, ready: TlsCertificate): void {
    this.#ready.set(certificate, ready);
    this.#last = certificate;
  }

  freeAll(): void {
    for (const certificate of [...this.#ready.keys()]) this.forget(certificate);
  }
}
