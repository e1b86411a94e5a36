/**
 * What a request is told about its way here: who asked, where we accepted it, under which id. Texts are made
 * once per listener or session, so that writing a head is copying bytes. Not the writing itself: that is each
 * protocol's.
 *
 * The client is not trusted: X-Forwarded-Proto, -Port and -Host are ours alone. X-Forwarded-For and Forwarded
 * (RFC 7239) are lists, and get one more element; whoever reads them must count from the right.
 * X-Client-Cert-Subject and -Fingerprint are ours alone, too, at listeners that ask for no certificate as
 * well.
 */
import { bytesOf, joinBytes } from "../base/bytes.ts";

export interface Forwarding {
  /** The client's address as text. */
  clientIp: Uint8Array;
  /** Ends the X-Forwarded-For line, then whole lines for -Proto and -Port. */
  listenerLines: Uint8Array;
  /** Whole lines on the certificate that the client has shown; empty without one. */
  certificateLines: Uint8Array;
  /** Our element of Forwarded up to its host: `for=…;proto=…;host="`. */
  forwardedElement: Uint8Array;
  /**
   * All of the above as the fields of a request that no proxy has forwarded before: most are. `undefined`
   * where they are not worth making, because they would be written once.
   */
  firstHopLines: Uint8Array | undefined;
  /** Host for a request that has none (HTTP/1.0). */
  fallbackHost: Uint8Array;
  /** `X-Request-Id: …` and its line end. */
  requestIdLine: Uint8Array;
  /** Whether the request's upgrade is passed on. */
  passesUpgrade: boolean;
}

/** A longer subject is left out: one that is cut could be another's. */
export const CERTIFICATE_SUBJECT_BYTES_MAX = 1_024;
const PRINTABLE = /^[\x20-\x7e]+$/;

export const FORWARDED_FOR_LINE: Uint8Array = bytesOf("X-Forwarded-For: ");
export const FORWARDED_LINE: Uint8Array = bytesOf("Forwarded: ");

/** The lines that are the same for all sessions of a listener. `port` as clients see it. */
export function listenerLinesOf(proto: "http" | "https", port: number): Uint8Array {
  return bytesOf(`\r\nX-Forwarded-Proto: ${proto}\r\nX-Forwarded-Port: ${port}\r\n`);
}

/**
 * `for=` and `proto=` for one client (RFC 7239 section 6: an IPv6 address is bracketed and quoted), up to the
 * host.
 */
export function forwardedElementOf(ip: string, proto: "http" | "https"): Uint8Array {
  return bytesOf(`for=${ip.includes(":") ? `"[${ip}]"` : ip};proto=${proto};host="`);
}

/** See `Forwarding.firstHopLines`. */
export function firstHopLinesOf(
  clientIp: Uint8Array,
  listenerLines: Uint8Array,
  certificateLines: Uint8Array,
  forwardedElement: Uint8Array,
): Uint8Array {
  return joinBytes(
    FORWARDED_FOR_LINE,
    clientIp,
    listenerLines,
    certificateLines,
    FORWARDED_LINE,
    forwardedElement,
  );
}

/**
 * The lines on a client's certificate. `subject`: as RFC 4514 writes it, what is not printable ASCII escaped;
 * one that is empty, too long or not printable after all is left out. `fingerprint`: hexadecimal.
 */
export function certificateLinesOf(certificate: {
  readonly subject: string;
  readonly fingerprint: string;
}): Uint8Array {
  const { subject, fingerprint } = certificate;
  const isShown = subject.length <= CERTIFICATE_SUBJECT_BYTES_MAX && PRINTABLE.test(subject);
  const subjectLine = isShown ? `X-Client-Cert-Subject: ${subject}\r\n` : "";
  return bytesOf(`${subjectLine}X-Client-Cert-Fingerprint: ${fingerprint}\r\n`);
}
