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
      this.#ready.delete(certificate);
      this.#ready.set(certificate, kept);
      return { ok: true, value: kept };
    }
    const opened = this.#library.openCertificate(certificate.derChain, certificate.derKey);
    if (!opened.ok) return opened;
    this.#ready.set(certificate, opened.value);
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
  }

  freeAll(): void {
    for (const certificate of [...this.#ready.keys()]) this.forget(certificate);
  }
}
