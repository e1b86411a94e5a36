/**
 * What a client's handshake led to: who it is, if it has shown a certificate, and which hosts it may ask for:
 * those that our certificate speaks for, which its browser has checked (RFC 9110 section 15.5.20).
 */
import { bytesOf, equalsIgnoringCase, textOf } from "../../base/bytes.ts";
import { certificateLinesOf } from "../../http/forwarding.ts";
import type { Head } from "../../http/head.ts";
import { coversHost } from "../../tls/certificate-resolver.ts";
import type { TlsSession } from "../../tls/machine.ts";
import type { CertificateRuntime } from "../runtime/certificate.ts";
import type { ClientTrust } from "./client-trust.ts";

const NOTHING = new Uint8Array(0);

export class Secured {
  /** `undefined`: the proxy's own, which speaks for no host, and so is no reason to refuse one. */
  readonly certificate: CertificateRuntime | undefined;
  /** The rules for clients' certificates that it was made under. */
  readonly trust: ClientTrust | undefined;
  /** Empty: the client has shown none. */
  readonly #certificateLines: Uint8Array;
  /** The host that was found to be covered last, in lower case: mostly there is only one. */
  #coveredHost: Uint8Array | undefined;

  constructor(
    certificate: CertificateRuntime | undefined,
    session: TlsSession,
    trust: ClientTrust | undefined,
  ) {
    this.certificate = certificate;
    this.trust = trust;
    const { peerCertificate: shown } = session;
    this.#certificateLines = shown === undefined ? NOTHING : certificateLinesOf(shown);
  }

  get hasClientCertificate(): boolean {
    return this.#certificateLines.length > 0;
  }

  /** What backends are told of the client's certificate: nothing where clients are not asked any more. */
  certificateLinesUnder(trust: ClientTrust | undefined): Uint8Array {
    return trust === undefined ? NOTHING : this.#certificateLines;
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
