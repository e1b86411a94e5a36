/**
 * The header fields that a proxy has to know by name, as small numbers: framing, hop-by-hop, forwarding.
 * Everything else is `other` and is passed on as it came. Not a list of all registered fields.
 */
import { bytesOf, equalsIgnoringCase } from "../base/bytes.ts";

export const FIELD = {
  other: 0,
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  keepAlive: 5,
  proxyConnection: 6,
  te: 7,
  trailer: 8,
  upgrade: 9,
  expect: 10,
  forwarded: 11,
  xForwardedFor: 12,
  xForwardedProto: 13,
  xForwardedPort: 14,
  xForwardedHost: 15,
  xRequestId: 16,
  xClientCertSubject: 17,
  xClientCertFingerprint: 18,
} as const;

export type FieldId = (typeof FIELD)[keyof typeof FIELD];

const NAMES: readonly (readonly [string, FieldId])[] = [
  ["host", FIELD.host],
  ["content-length", FIELD.contentLength],
  ["transfer-encoding", FIELD.transferEncoding],
  ["connection", FIELD.connection],
  ["keep-alive", FIELD.keepAlive],
  ["proxy-connection", FIELD.proxyConnection],
  ["te", FIELD.te],
  ["trailer", FIELD.trailer],
  ["upgrade", FIELD.upgrade],
  ["expect", FIELD.expect],
  ["forwarded", FIELD.forwarded],
  ["x-forwarded-for", FIELD.xForwardedFor],
  ["x-forwarded-proto", FIELD.xForwardedProto],
  ["x-forwarded-port", FIELD.xForwardedPort],
  ["x-forwarded-host", FIELD.xForwardedHost],
  ["x-request-id", FIELD.xRequestId],
];

/** Who a client is: known by every spelling that a backend may take for it. All are longer than `NAMES`. */
const IDENTITY_NAMES: readonly KnownName[] = [
  knownName(["x-client-cert-subject", FIELD.xClientCertSubject]),
  knownName(["x-client-cert-fingerprint", FIELD.xClientCertFingerprint]),
];

interface KnownName {
  /** `lower[0]`: most names are ruled out by it. */
  readonly first: number;
  readonly lower: Uint8Array;
  readonly id: FieldId;
}

const NONE: readonly KnownName[] = [];
const LENGTH_MAX = 17;
const HYPHEN = 0x2d;

/** Known names by their length: a name of another length needs no comparison at all. */
const BY_LENGTH: readonly (readonly KnownName[])[] = Array.from({ length: LENGTH_MAX + 1 }, (_, length) => {
  const names = NAMES.filter(([name]) => name.length === length);
  return names.length === 0 ? NONE : names.map(knownName);
});

function knownName([name, id]: readonly [string, FieldId]): KnownName {
  return { first: name.charCodeAt(0), lower: bytesOf(name), id };
}

/** Which known field `bytes[start..end)` names, in any letter case; `FIELD.other` if none. */
export function findField(bytes: Uint8Array, start: number, end: number): FieldId {
  if (end - start > LENGTH_MAX) return findIdentity(bytes, start, end);
  const names = BY_LENGTH[end - start]!;
  if (names === NONE) return FIELD.other;
  const first = bytes[start]! | 0x20;
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!;
    if (name.first === first && equalsIgnoringCase(bytes, start, end, name.lower)) return name.id;
  }
  return FIELD.other;
}

function findIdentity(bytes: Uint8Array, start: number, end: number): FieldId {
  for (let index = 0; index < IDENTITY_NAMES.length; index++) {
    const { lower, id } = IDENTITY_NAMES[index]!;
    if (lower.length === end - start && isSameVariable(bytes, start, lower)) return id;
  }
  return FIELD.other;
}

/**
 * Whether servers that give fields to programs as variables give both by one name: what is neither letter nor
 * digit is an underscore there (RFC 3875 section 4.1.18, and servers that go further).
 */
function isSameVariable(bytes: Uint8Array, start: number, lower: Uint8Array): boolean {
  for (let offset = 0; offset < lower.length; offset++) {
    const byte = bytes[start + offset]!;
    const wanted = lower[offset]!;
    if (wanted === HYPHEN ? isLetterOrDigit(byte) : (byte | 0x20) !== wanted) return false;
  }
  return true;
}

function isLetterOrDigit(byte: number): boolean {
  const lower = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x7a);
}

/**
 * Fields that belong to one connection and are never passed on (RFC 9110 section 7.6.1), framing included: we
 * write our own.
 */
export const HOP_BY_HOP: Uint8Array = flags(
  FIELD.connection,
  FIELD.keepAlive,
  FIELD.proxyConnection,
  FIELD.te,
  FIELD.upgrade,
  FIELD.transferEncoding,
);

/**
 * Fields that may not stand in a trailer section (RFC 9110 section 6.5.1): framing, routing, connection. They
 * are dropped.
 */
export const FORBIDDEN_IN_TRAILERS: Uint8Array = flags(
  FIELD.host,
  FIELD.contentLength,
  FIELD.transferEncoding,
  FIELD.connection,
  FIELD.keepAlive,
  FIELD.proxyConnection,
  FIELD.te,
  FIELD.trailer,
  FIELD.upgrade,
  FIELD.expect,
  FIELD.forwarded,
  FIELD.xForwardedFor,
  FIELD.xForwardedProto,
  FIELD.xForwardedPort,
  FIELD.xForwardedHost,
  FIELD.xRequestId,
  FIELD.xClientCertSubject,
  FIELD.xClientCertFingerprint,
);

/** A table by field id: 1 where the id is listed. */
export function flags(...ids: readonly FieldId[]): Uint8Array {
  const table = new Uint8Array(Object.keys(FIELD).length);
  for (const id of ids) table[id] = 1;
  return table;
}
