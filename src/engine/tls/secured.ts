/**
 * What a client's handshake led to, and which hosts it may ask for: those that the certificate speaks for,
 * which its browser has checked (RFC 9110 section 15.5.20).
 */
import { bytesOf, equalsIgnoringCase, textOf } from "../../base/bytes.ts";
import type { Head } from "../../http/head.ts";
import { coversHost } from "../../tls/certificate-resolver.ts";
import type { TlsSession } from "../../tls/machine.ts";
import type { CertificateRuntime } from "../runtime/certificate.ts";

export class Secured {
  /** `undefined`: the proxy's own, which speaks for no host, and so is no reason to refuse one. */
  readonly certificate: CertificateRuntime | undefined;
  readonly session: TlsSession;
  /** The host that was found to be covered last, in lower case: mostly there is only one. */
  #coveredHost: Uint8Array | undefined;

  constructor(certificate: CertificateRuntime | undefined, session: TlsSession) {
    this.certificate = certificate;
    this.session = session;
  }

  /** Whether the request is for a host that the certificate does not speak for. */
  isMisdirected(head: Head): boolean {
    const { certificate } = this;
    if (certificate === undefined) return false;
    const { bytes, authorityStart: start, hostEnd: end } = head;
    const covered = this.#coveredHost;
    if (covered !== undefined && equalsIgnoringCase(bytes, start, end, covered)) return false;
    const host = textOf(bytes, start, end).toLowerCase();
    if (!coversHost(certificate, host)) return true;
    this.#coveredHost = bytesOf(host);
    return false;
  }
}
