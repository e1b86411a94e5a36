/**
 * What can go wrong in TLS, each by a stable code: for the log, the metrics and the answers. Codes are never
 * renamed. Not what our own defects are: those are assertions.
 */

/** Of a connection. `PEER` in a name: the peer said so. */
export type TlsFaultCode =
  /** The first bytes are no TLS, or of a version long gone. */
  | "TLS_NOT_TLS"
  /** No version, cipher suite, group or signature algorithm that both sides allow. */
  | "TLS_NOTHING_SHARED"
  /** The client offers protocols (ALPN), and none of them is ours. */
  | "TLS_NO_APPLICATION_PROTOCOL"
  /** A message or record that no honest peer sends, or at the wrong time. */
  | "TLS_BAD_MESSAGE"
  /** A record that does not decrypt: it was changed on its way. */
  | "TLS_BAD_RECORD"
  /** The peer asks to negotiate anew, which is off. */
  | "TLS_RENEGOTIATION"
  /** The peer sent a fatal alert; its number is beside the code. */
  | "TLS_PEER_ALERT"
  /** The peer has to show a certificate and did not. */
  | "TLS_NO_PEER_CERTIFICATE"
  /** The peer's certificate, or one above it, has expired or is not valid yet. */
  | "TLS_CERTIFICATE_EXPIRED"
  | "TLS_CERTIFICATE_NOT_YET_VALID"
  /** Nobody whom we trust has signed for it. */
  | "TLS_CERTIFICATE_SELF_SIGNED"
  | "TLS_CERTIFICATE_UNKNOWN_ISSUER"
  /** It is another's: the server's name is not in it. */
  | "TLS_CERTIFICATE_WRONG_NAME"
  /** It fails for a reason that the text tells. */
  | "TLS_CERTIFICATE_REFUSED"
  /** OpenSSL failed at something else; the text tells at what. */
  | "TLS_FAILED";

/** Why a connection cannot go on. `text` is for people and holds nothing that the peer chose. */
export interface TlsFault {
  readonly code: TlsFaultCode;
  readonly text: string;
  /** The alert that the peer sent (RFC 8446 section 6), with `TLS_PEER_ALERT` only. */
  readonly alert?: number;
}

/** Of what is configured. */
export type TlsSetupCode =
  | "BAD_CERTIFICATE"
  | "BAD_KEY"
  | "KEY_MISMATCH"
  /** Too weak for today, as an RSA key of 1,024 bits. */
  | "WEAK_CERTIFICATE"
  | "BAD_CIPHERS"
  | "BAD_GROUPS"
  | "BAD_VERSIONS"
  | "BAD_SERVER_NAME"
  | "OUT_OF_MEMORY";

/** Why a certificate or a context cannot be made. `text` is for people and holds nothing of a key. */
export interface TlsSetupFault {
  readonly code: TlsSetupCode;
  readonly text: string;
}
