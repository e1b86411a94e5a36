/**
 * TLS without I/O, as the engine knows it: ciphertext in and out, plaintext in and out, in the buffers that
 * the I/O reads into and writes from. One interface for both roles; `sys/tls` implements it with OpenSSL.
 *
 * ```text
 *  received ──► feed(start, end) ──► read(at, max) … until WANTS_MORE      plaintext for the session
 *                                        │
 *  to send  ◄── take(at, max) … until 0 ◄┴── write(start, end) ◄────────── plaintext of the session
 * ```
 *
 * Rules of this file:
 *  1. Places are offsets into the one memory of the buffers. One outside it is a defect of ours and stops the
 *     process. A place that is written must not overlap what is still to be read.
 *  2. One machine at a time: after `accept`, `connect`, `feed`, `write` or `shutdown` the caller reads until
 *     less than nothing is left (`WANTS_MORE`, `CLOSED`, `FAULT`) and takes until 0, before it turns to
 *     another machine. Machines share what lies between; to leave something there is an assertion.
 *  3. Nothing is kept of what was given: when `read` and `take` have come to their ends, the buffers are the
 *     caller's again.
 *  4. What a peer sends never throws. A fault is a value, told once by `FAULT` and kept in `fault`; the alert
 *     that tells the peer is then there to take.
 *  5. Handles (contexts, certificates, ticket keys, machines) have one owner, who frees each once. A machine
 *     goes on when its context or certificate is freed before it.
 */
import type { Result } from "../base/result.ts";
import type { TlsFault, TlsSetupFault } from "./faults.ts";

/** `read`: nothing more is there until more is fed. */
export const WANTS_MORE = 0;
/** `read`: the peer has said `close_notify`: its bytes are whole. Without it, an end is a truncation. */
export const CLOSED = -1;
/** `read`: the connection cannot go on; see `fault`. */
export const FAULT = -2;

/** `take` needs at least this much room to give anything. */
export const TAKE_BYTES_MIN = 64;

export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** What both roles say of the protocol. Everything has a safe default (Mozilla's "intermediate"). */
export interface TlsOptions {
  readonly versionMin?: TlsVersion;
  readonly versionMax?: TlsVersion;
  /** TLS 1.2, in OpenSSL's words, as `ECDHE-RSA-AES128-GCM-SHA256:…`. */
  readonly ciphers?: string;
  /** TLS 1.3, as `TLS_AES_128_GCM_SHA256:…`. */
  readonly suites?: string;
  /** Key exchange groups, as `X25519:P-256`. */
  readonly groups?: string;
  /**
   * Application protocols (ALPN) in the order of our liking. None: the extension is left alone. Lists are
   * kept for as long as the process lives, so they are put together from a few known names, never from input.
   */
  readonly protocols?: readonly string[];
}

export interface TlsServerOptions extends TlsOptions {
  /** Ask clients for a certificate. Only `require` refuses a client that has none. */
  readonly clientAuth?: {
    readonly mode: "request" | "require";
    /** Whom we trust to have signed it: certificates as DER. */
    readonly ca: readonly Uint8Array[];
  };
  /** None: sessions are not resumed. */
  readonly ticketKeys?: TlsTicketKeys;
}

export interface TlsClientOptions extends TlsOptions {
  /** `false`: any certificate will do. Only for who says so. */
  readonly verify: boolean;
  /** Whom we trust: certificates as DER, or those that Node trusts. */
  readonly ca: readonly Uint8Array[] | "system";
  /** What we show a server that asks. Kept by the context: the caller may free its own. */
  readonly certificate?: TlsCertificate;
}

/** A certificate with its chain and key, ready to use. */
export interface TlsCertificate {
  free(): void;
}

/** A key that tickets are made with, as main makes it. Nothing of it is secret but the last two. */
export interface TlsTicketKey {
  /** 16 bytes: the first of every ticket. */
  readonly name: Uint8Array;
  /** 32 bytes. */
  readonly hmacKey: Uint8Array;
  /** 32 bytes. */
  readonly aesKey: Uint8Array;
}

/** Ticket keys, shared by the contexts of any number of listeners. */
export interface TlsTicketKeys {
  /**
   * New tickets are made with `current`; those of `previous` are still taken. Binds every context at once.
   */
  rotate(current: TlsTicketKey, previous: readonly TlsTicketKey[]): void;
  free(): void;
}

/** What `accept` has to know of one connection, from its ClientHello. */
export interface TlsAcceptOptions {
  /** Of one name: at most one for each kind of key (RSA, ECDSA). The client's abilities choose. */
  readonly certificates: readonly TlsCertificate[];
  /**
   * At most 32 bytes: a session is only resumed where they are the same. A digest of the name and its
   * certificate.
   */
  readonly sessionContext: Uint8Array;
  /**
   * The name of the key of the ticket that the client shows: its first 16 bytes. Needed to take tickets of
   * previous keys; without it only the current one's are.
   */
  readonly ticketKeyName?: Uint8Array | undefined;
}

/** The cipher suites of TLS 1.2 that a context serves, by the key of the certificate that they need. */
export interface TlsSuites {
  readonly rsa: ReadonlySet<number>;
  /** With keys of ECDSA, and of EdDSA. */
  readonly ecdsa: ReadonlySet<number>;
}

export interface TlsServerContext {
  readonly suites: TlsSuites;
  accept(options: TlsAcceptOptions): TlsMachine;
  free(): void;
}

export interface TlsClientContext {
  /**
   * `serverName` is asked for (SNI, unless it is an IP address) and verified. The ClientHello is there to
   * take.
   */
  connect(serverName: string): Result<TlsMachine, TlsSetupFault>;
  free(): void;
}

/** Living handles, for the metrics: all zero when all is freed. */
export interface TlsLiving {
  readonly contexts: number;
  readonly certificates: number;
  readonly ticketKeys: number;
  readonly machines: number;
  /** Those of OpenSSL: a machine gives its own up when its handshake is complete and its records are ours. */
  readonly sessions: number;
  /** References that sessions hold. */
  readonly bios: number;
}

export interface TlsLibrary {
  openServerContext(options: TlsServerOptions): Result<TlsServerContext, TlsSetupFault>;
  openClientContext(options: TlsClientOptions): Result<TlsClientContext, TlsSetupFault>;
  /** `chain`: DER, the own certificate first. `key`: DER (PKCS#8), not encrypted. */
  openCertificate(chain: readonly Uint8Array[], key: Uint8Array): Result<TlsCertificate, TlsSetupFault>;
  openTicketKeys(current: TlsTicketKey, previous: readonly TlsTicketKey[]): TlsTicketKeys;
  living(): TlsLiving;
}

/** What the handshake has agreed on. */
export interface TlsSession {
  readonly version: TlsVersion;
  /** As `TLS_AES_128_GCM_SHA256`, or OpenSSL's name for TLS 1.2. */
  readonly cipher: string;
  readonly isResumed: boolean;
  /** ALPN's choice. */
  readonly protocol: string | undefined;
  /** Of a server whom we asked, or of a client who was asked and has one. */
  readonly peerCertificate: TlsPeerCertificate | undefined;
}

export interface TlsPeerCertificate {
  /**
   * As RFC 4514 writes it: `CN=alice,O=Example`. Non-ASCII and control characters escaped. Empty if it is too
   * long to tell.
   */
  readonly subject: string;
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
}

export interface TlsMachine {
  /** Set once the handshake is complete: from then on it may `write`. */
  readonly session: TlsSession | undefined;
  /** Set once the connection cannot go on. */
  readonly fault: TlsFault | undefined;

  /** Takes ciphertext `memory[start..end)`, any split of it, and goes on with the handshake. */
  feed(start: number, end: number): void;
  /**
   * Puts at most `max` bytes of plaintext at `at` and gives their number, or `WANTS_MORE`, `CLOSED` or
   * `FAULT`.
   */
  read(at: number, max: number): number;
  /** Encrypts `memory[start..end)` whole. */
  write(start: number, end: number): void;
  /**
   * Puts at most `max` bytes of ciphertext at `at` and gives their number; 0 when nothing is left to send.
   */
  take(at: number, max: number): number;
  /** Says `close_notify`: nothing is written after it. The peer's bytes may still come. */
  shutdown(): void;
  /** Frees what is native. Nothing may be called afterwards. */
  free(): void;
}
