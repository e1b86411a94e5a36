/**
 * What a client's handshake led to: who it is, if it has shown a certificate, and which hosts it may ask for.
 *
 * Rules of this file (RFC 9110 section 15.5.20):
 *  1. Who was shown a certificate of the name that it asked for may ask for the hosts that this one speaks
 *     for: its browser has checked no others.
 *  2. Who was shown the default certificate, or the proxy's own, has taken it as it is, and may ask for every
 *     host that no certificate of the listener speaks for: those have connections of their own.
 *  3. A request without a host (HTTP/1.0) is for the name of the handshake.
 */
import { bytesOf, equalsIgnoringCase, equalsText, textOf } from "../../base/bytes.ts";
import { certificateLinesOf } from "../../http/forwarding.ts";
import type { Head } from "../../http/head.ts";
import { type CertificateResolver, coversHost } from "../../tls/certificate-resolver.ts";
import type { TlsSession } from "../../tls/machine.ts";
import type { CertificateRuntime } from "../runtime/certificate.ts";
import type { ClientTrust } from "./client-trust.ts";

const NOTHING = new Uint8Array(0);

export class Secured {
  /** `undefined`: the proxy's own, which speaks for no host. */
  readonly certificate: CertificateRuntime | undefined;
  /** What the client asked for in its handshake (SNI), in lower case. */
  readonly serverName: string | undefined;
  /** The rules for clients' certificates that it was made under. */
  readonly trust: ClientTrust | undefined;
  /** Empty: the client has shown none. */
  readonly #certificateLines: Uint8Array;
  /** The host that was found to be covered last, in lower case: mostly there is only one. */
  #coveredHost: Uint8Array | undefined;

  constructor(
    certificate: CertificateRuntime | undefined,
    serverName: string | undefined,
    session: TlsSession,
    trust: ClientTrust | undefined,
  ) {
    this.certificate = certificate;
    this.serverName = serverName;
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

  /**
   * Whether the request is for a host that this connection was not made for, on a listener with these
   * certificates.
   */
  isMisdirected(head: Head, certificates: CertificateResolver<CertificateRuntime> | undefined): boolean {
    const { certificate, serverName } = this;
    const { bytes, authorityStart: start, hostEnd: end } = head;
    const covered = this.#coveredHost;
    if (covered !== undefined && equalsIgnoringCase(bytes, start, end, covered)) return false;
    if (certificate === undefined && (certificates === undefined || certificates.size === 0)) return false;
    // Mostly it is the name that the handshake was for, and no other text has to be made.
    const isServerName = serverName !== undefined && equalsText(bytes, start, end, serverName);
    const host = start === end || isServerName ? serverName : textOf(bytes, start, end).toLowerCase();
    if (host === undefined) return false;
    if (certificate !== undefined && coversHost(certificate, host)) {
      this.#coveredHost = bytesOf(host);
      return false;
    }
    const isNamed =
      certificate !== undefined && serverName !== undefined && coversHost(certificate, serverName);
    return isNamed || certificates?.serves(host) === true;
  }
}
