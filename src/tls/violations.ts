/**
 * What a client can get wrong before its ClientHello is read, by stable code, with the alert that tells it.
 * What it gets wrong after that is found by the machine.
 */
import { assert } from "../base/assert.ts";
import type { AlertName } from "./alert.ts";

export type TlsViolationCode =
  | "TLS_NOT_TLS"
  | "TLS_SSL2_HELLO"
  | "TLS_BAD_RECORD_VERSION"
  | "TLS_UNEXPECTED_RECORD"
  | "TLS_EMPTY_RECORD"
  | "TLS_RECORD_TOO_LARGE"
  | "TLS_TOO_MANY_RECORDS"
  | "TLS_NOT_CLIENT_HELLO"
  | "TLS_HELLO_TOO_LARGE"
  | "TLS_MALFORMED_HELLO"
  | "TLS_BAD_HELLO_VERSION"
  | "TLS_NO_NULL_COMPRESSION"
  | "TLS_MALFORMED_EXTENSION"
  | "TLS_REPEATED_EXTENSION"
  | "TLS_MISPLACED_EXTENSION"
  | "TLS_REPEATED_SERVER_NAME"
  | "TLS_BAD_SERVER_NAME";

export interface TlsViolation {
  readonly code: TlsViolationCode;
  readonly alert: AlertName;
  readonly meaning: string;
}

const VIOLATIONS: readonly TlsViolation[] = [
  { code: "TLS_NOT_TLS", alert: "unexpected_message", meaning: "the first byte is that of no TLS record" },
  {
    code: "TLS_SSL2_HELLO",
    alert: "protocol_version",
    meaning: "the hello has the form of SSL 2.0, which is not served (RFC 6176)",
  },
  { code: "TLS_BAD_RECORD_VERSION", alert: "protocol_version", meaning: "a record's version is not 3.x" },
  {
    code: "TLS_UNEXPECTED_RECORD",
    alert: "unexpected_message",
    meaning: "a record in the middle of the ClientHello carries something else",
  },
  { code: "TLS_EMPTY_RECORD", alert: "unexpected_message", meaning: "a handshake record is empty" },
  { code: "TLS_RECORD_TOO_LARGE", alert: "record_overflow", meaning: "a record has more than 16,384 bytes" },
  {
    code: "TLS_TOO_MANY_RECORDS",
    alert: "unexpected_message",
    meaning: "the ClientHello is cut into more records than recordsMax",
  },
  {
    code: "TLS_NOT_CLIENT_HELLO",
    alert: "unexpected_message",
    meaning: "the first handshake message is no ClientHello",
  },
  {
    code: "TLS_HELLO_TOO_LARGE",
    alert: "illegal_parameter",
    meaning: "the ClientHello is longer than helloBytesMax",
  },
  {
    code: "TLS_MALFORMED_HELLO",
    alert: "decode_error",
    meaning: "the ClientHello's lengths do not add up",
  },
  {
    code: "TLS_BAD_HELLO_VERSION",
    alert: "protocol_version",
    meaning: "the ClientHello's legacy_version is not 3.x",
  },
  {
    code: "TLS_NO_NULL_COMPRESSION",
    alert: "illegal_parameter",
    meaning: "the ClientHello does not offer to go without compression",
  },
  {
    code: "TLS_MALFORMED_EXTENSION",
    alert: "decode_error",
    meaning: "an extension's lengths do not add up, or a list in it is empty",
  },
  { code: "TLS_REPEATED_EXTENSION", alert: "illegal_parameter", meaning: "an extension is there twice" },
  {
    code: "TLS_MISPLACED_EXTENSION",
    alert: "illegal_parameter",
    meaning: "pre_shared_key is not the last extension",
  },
  {
    code: "TLS_REPEATED_SERVER_NAME",
    alert: "illegal_parameter",
    meaning: "server_name has more than one host name",
  },
  {
    code: "TLS_BAD_SERVER_NAME",
    alert: "unrecognized_name",
    meaning: "the server name is no host name: too long, or with bytes that none has",
  },
];

const BY_CODE: ReadonlyMap<string, TlsViolation> = new Map(VIOLATIONS.map((entry) => [entry.code, entry]));

/** The entry of a code. */
export function violation(code: TlsViolationCode): TlsViolation {
  const entry = BY_CODE.get(code);
  assert(entry !== undefined, `no violation ${code}`);
  return entry;
}
