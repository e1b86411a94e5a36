/**
 * What a PROXY protocol header is, for whoever reads or writes one: HAProxy's `proxy-protocol.txt`, versions
 * 1 (one line of text) and 2 (binary). It stands once at the beginning of a connection, and tells the address
 * of the client that the connection is made for.
 */
import type { Address } from "../base/address.ts";
import { bytesOf } from "../base/bytes.ts";

/** Where a client's connection came from, and the address that it was made to. */
export interface ProxyAddresses {
  readonly source: Address;
  readonly destination: Address;
}

/** What a peer can get wrong. */
export type ProxyViolationCode =
  /** The bytes begin like neither version. */
  | "PP_NO_HEADER"
  /** Version 1: the line is malformed. */
  | "PP_BAD_LINE"
  /** Version 1: no CR LF within `LINE_BYTES_MAX`. */
  | "PP_LINE_TOO_LONG"
  /** Version 2: another version, or a command that is neither LOCAL nor PROXY. */
  | "PP_BAD_COMMAND"
  /** Version 2: an address family or transport that the specification does not name. */
  | "PP_BAD_FAMILY"
  /** Version 2: shorter than the addresses that it announces. */
  | "PP_TOO_SHORT"
  /** Version 2: longer than the reader takes. */
  | "PP_TOO_LARGE";

/** What the bytes so far turned out to be. */
export type ProxyHeaderRead =
  | { readonly kind: "incomplete" }
  /** `end`: where the connection's own bytes begin. Without addresses, the connection's own are true. */
  | { readonly kind: "header"; readonly end: number; readonly addresses: ProxyAddresses | undefined }
  /** Nothing after it can be trusted: the connection is closed without a word. */
  | { readonly kind: "violation"; readonly code: ProxyViolationCode };

export const INCOMPLETE: ProxyHeaderRead = { kind: "incomplete" };

export function violation(code: ProxyViolationCode): ProxyHeaderRead {
  return { kind: "violation", code };
}

/** The longest line of version 1, with its CR LF (section 2.1). */
export const LINE_BYTES_MAX = 107;
export const LINE_PREFIX: Uint8Array = bytesOf("PROXY ");

/** What version 2 begins with: no other protocol does (section 2.2). */
export const SIGNATURE: Uint8Array = bytesOf("\r\n\r\n\0\r\nQUIT\n");
/** Signature, command, family and length; addresses follow. */
export const FIXED_BYTES = 16;
/** The upper half of the command's byte. */
export const VERSION_2 = 0x20;
export const COMMAND = { local: 0, proxy: 1 } as const;
export const FAMILY = { unspecified: 0x00, tcp4: 0x11, tcp6: 0x21 } as const;
/** Two addresses with their ports. */
export const TCP4_BYTES = 12;
export const TCP6_BYTES = 36;
