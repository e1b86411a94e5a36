/**
 * OpenSSL's errors as values. Its queue belongs to the thread: who calls and fails empties it at once, so
 * that nobody takes another's error for his own.
 */
import type { TlsFault, TlsFaultCode } from "../../tls/faults.ts";
import { X509_verify_cert_error_string } from "./crypto-calls.ts";
import { textAt } from "./desk.ts";
import { ERR_get_error, ERR_reason_error_string } from "./ssl-calls.ts";

/**
 * Reasons of libssl (sslerr.h) that have a code of their own. Alerts of the peer are 1000 and their number.
 */
const REASONS: Readonly<Record<number, TlsFaultCode>> = {
  101: "TLS_NOTHING_SHARED", // no suitable key share
  118: "TLS_NOTHING_SHARED", // no suitable signature algorithm
  191: "TLS_NOTHING_SHARED", // no protocols available
  193: "TLS_NOTHING_SHARED", // no shared cipher
  258: "TLS_NOTHING_SHARED", // unsupported protocol
  295: "TLS_NOTHING_SHARED", // no suitable groups
  373: "TLS_NOTHING_SHARED", // inappropriate fallback
  376: "TLS_NOTHING_SHARED", // no shared signature algorithms
  396: "TLS_NOTHING_SHARED", // version too low
  155: "TLS_NOT_TLS", // HTTPS proxy request
  156: "TLS_NOT_TLS", // HTTP request
  252: "TLS_NOT_TLS", // unknown protocol
  267: "TLS_NOT_TLS", // wrong version number
  199: "TLS_NO_PEER_CERTIFICATE",
  235: "TLS_NO_APPLICATION_PROTOCOL",
  281: "TLS_BAD_RECORD",
  339: "TLS_RENEGOTIATION",
};
const CERTIFICATE_VERIFY_FAILED = 134;
const ALERTS_FROM = 1000;
const ALERTS_TO = 1255;
const LIBRARY_SSL = 20;
/** Set in reasons that mean that memory or OpenSSL itself failed, not that the peer erred (err.h). */
const ERR_RFLAG_FATAL = 0x40000;

/** Results of the verification (x509_vfy.h) that have a code of their own. */
const VERIFICATIONS: Readonly<Record<number, TlsFaultCode>> = {
  2: "TLS_CERTIFICATE_UNKNOWN_ISSUER",
  9: "TLS_CERTIFICATE_NOT_YET_VALID",
  10: "TLS_CERTIFICATE_EXPIRED",
  18: "TLS_CERTIFICATE_SELF_SIGNED",
  19: "TLS_CERTIFICATE_SELF_SIGNED",
  20: "TLS_CERTIFICATE_UNKNOWN_ISSUER",
  21: "TLS_CERTIFICATE_UNKNOWN_ISSUER",
  62: "TLS_CERTIFICATE_WRONG_NAME",
  64: "TLS_CERTIFICATE_WRONG_NAME",
};

/** One error: which library's, its reason there, and OpenSSL's text for it. */
export interface OpenSslError {
  readonly library: number;
  readonly reason: number;
  readonly text: string;
}

/**
 * The first error of libssl since the queue was empty, or else the first of any: it is where it began. The
 * rest is forgotten.
 */
export function takeError(): OpenSslError | undefined {
  let found: number | undefined;
  for (let packed = ERR_get_error(); packed !== 0; packed = ERR_get_error()) {
    if (found === undefined || (libraryOf(found) !== LIBRARY_SSL && libraryOf(packed) === LIBRARY_SSL)) {
      found = packed;
    }
  }
  if (found === undefined) return undefined;
  return {
    library: libraryOf(found),
    reason: found % 2 ** 23,
    text: textAt(ERR_reason_error_string(found)) || `error ${found.toString(16)}`,
  };
}

function libraryOf(packed: number): number {
  return Math.floor(packed / 2 ** 23) & 0xff;
}

/** The fault of a connection that failed; `verification` is its SSL_get_verify_result. */
export function connectionFault(verification: number): TlsFault {
  const error = takeError();
  if (error === undefined) return { code: "TLS_BAD_MESSAGE", text: "unexpected end" };
  const { library, reason, text } = error;
  if ((reason & ERR_RFLAG_FATAL) !== 0) return { code: "TLS_FAILED", text };
  if (library !== LIBRARY_SSL) return { code: "TLS_BAD_MESSAGE", text };
  if (reason === CERTIFICATE_VERIFY_FAILED) return verificationFault(verification);
  if (reason >= ALERTS_FROM && reason <= ALERTS_TO) {
    return { code: "TLS_PEER_ALERT", text, alert: reason - ALERTS_FROM };
  }
  return { code: REASONS[reason] ?? "TLS_BAD_MESSAGE", text };
}

function verificationFault(verification: number): TlsFault {
  const text = textAt(X509_verify_cert_error_string(verification));
  return { code: VERIFICATIONS[verification] ?? "TLS_CERTIFICATE_REFUSED", text };
}
