/**
 * The body of a ClientHello message, parsed once it is whole: what a server has to know before it chooses a
 * certificate. Not records, which are `ClientHelloReader`'s, and not the handshake, which is the machine's:
 * what is not asked for here is passed over, and judged there.
 *
 * Rules of this file:
 *  1. Bytes in, a value out: the hello, or the violation with its alert. Nothing is thrown.
 *  2. What is given holds no view of the bytes: they may be gone when it is used.
 */
import { textOf } from "../base/bytes.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { ByteCursor } from "./byte-cursor.ts";
import { parseServerName } from "./server-name.ts";
import { type TlsViolation, type TlsViolationCode, violation } from "./violations.ts";

/** Versions as the wire has them (RFC 8446 section 4.2.1). */
export const TLS_1_2 = 0x0303;
export const TLS_1_3 = 0x0304;
const TLS_1_0 = 0x0301;

/** What a client says of itself. Lists are in its order of preference. */
export interface ClientHello {
  /** Lower case, without a dot at its end; absent if none was sent, or an IP address. */
  readonly serverName?: string;
  /** The protocols that it offers by ALPN, as in `http/1.1`; Latin-1 of the bytes. Empty if it sent none. */
  readonly protocols: readonly string[];
  /** Every version that it speaks, as it says; from `legacy_version` down where it has no list of them. */
  readonly versions: readonly number[];
  readonly cipherSuites: Uint16Array;
  /** Absent if it sent none: what it can do then follows from its cipher suites (RFC 5246 7.4.1.4.1). */
  readonly signatureSchemes?: Uint16Array;
  /** The groups (curves) that it knows; absent if it sent none. */
  readonly groups?: Uint16Array;
  /**
   * The first 16 bytes of the ticket with which it asks to resume a session: the name of the key that the
   * ticket is sealed with. Absent if it has no ticket, or one too short to have a name.
   */
  readonly ticketKeyName?: Uint8Array;
}

/** How many bytes of a ticket name its key (RFC 5077 section 4). */
const TICKET_KEY_NAME_BYTES = 16;

const RANDOM_BYTES = 32;
const SESSION_ID_BYTES_MAX = 32;
const NO_COMPRESSION = 0;

const EXTENSION = {
  serverName: 0,
  supportedGroups: 10,
  signatureAlgorithms: 13,
  alpn: 16,
  sessionTicket: 35,
  preSharedKey: 41,
  supportedVersions: 43,
} as const;

/** A hello while it is read. */
type Draft = { -readonly [Name in keyof ClientHello]: ClientHello[Name] };

/**
 * Parses `bytes[start..end)`, the body of a ClientHello without its message header (RFC 8446 section 4.1.2,
 * RFC 5246 section 7.4.1.2).
 */
export function parseClientHello(
  bytes: Uint8Array,
  start: number,
  end: number,
): Result<ClientHello, TlsViolation> {
  const body = new ByteCursor(bytes, start, end);
  const legacyVersion = body.uint16();
  body.skip(RANDOM_BYTES);
  const sessionId = body.vector8();
  const cipherSuites = body.vector16();
  const compressions = body.vector8();
  if (body.isOverrun || sessionId.left > SESSION_ID_BYTES_MAX) return refused("TLS_MALFORMED_HELLO");
  if (cipherSuites.left === 0 || cipherSuites.left % 2 === 1) return refused("TLS_MALFORMED_HELLO");
  if (legacyVersion >> 8 !== 3) return refused("TLS_BAD_HELLO_VERSION");
  if (!holds(compressions, NO_COMPRESSION)) return refused("TLS_NO_NULL_COMPRESSION");

  const hello: Draft = {
    protocols: [],
    versions: versionsUpTo(legacyVersion),
    cipherSuites: cipherSuites.uint16s(),
  };
  // Hellos of old clients end here.
  if (body.left === 0) return ok(hello);
  const extensions = body.vector16();
  if (!body.isSpent) return refused("TLS_MALFORMED_HELLO");
  const fault = readExtensions(hello, extensions);
  return fault === undefined ? ok(hello) : fail(fault);
}

function readExtensions(hello: Draft, extensions: ByteCursor): TlsViolation | undefined {
  const seen = new SeenExtensions();
  while (extensions.left > 0) {
    const type = extensions.uint16();
    const contents = extensions.vector16();
    if (extensions.isOverrun) return violation("TLS_MALFORMED_HELLO");
    if (seen.has(type)) return violation("TLS_REPEATED_EXTENSION");
    seen.add(type);
    const fault = readExtension(hello, type, contents);
    if (fault !== undefined) return fault;
    if (type === EXTENSION.preSharedKey && extensions.left > 0) return violation("TLS_MISPLACED_EXTENSION");
  }
  return undefined;
}

/**
 * Types of extensions that came, in a hello that may have thousands. Nearly all of those in use are below 64,
 * and are bits, because a set that grows costs more than the rest of the reading.
 */
class SeenExtensions {
  #low = 0;
  #middle = 0;
  #others: Set<number> | undefined;

  has(type: number): boolean {
    if (type < 32) return (this.#low & (1 << type)) !== 0;
    if (type < 64) return (this.#middle & (1 << type)) !== 0;
    return this.#others?.has(type) === true;
  }

  add(type: number): void {
    // A shift counts modulo 32.
    if (type < 32) this.#low |= 1 << type;
    else if (type < 64) this.#middle |= 1 << type;
    else (this.#others ??= new Set()).add(type);
  }
}

function readExtension(hello: Draft, type: number, contents: ByteCursor): TlsViolation | undefined {
  switch (type) {
    case EXTENSION.serverName:
      return readServerName(hello, contents);
    case EXTENSION.alpn:
      return readProtocols(hello, contents);
    case EXTENSION.sessionTicket:
      readTicket(hello, contents);
      return undefined;
    case EXTENSION.preSharedKey:
      return readPreSharedKeys(hello, contents);
    case EXTENSION.supportedVersions: {
      const versions = numbersOf(contents, contents.vector8());
      if (versions !== undefined) hello.versions = Array.from(versions);
      return malformedUnless(versions !== undefined);
    }
    case EXTENSION.supportedGroups: {
      const groups = numbersOf(contents, contents.vector16());
      if (groups !== undefined) hello.groups = groups;
      return malformedUnless(groups !== undefined);
    }
    case EXTENSION.signatureAlgorithms: {
      const schemes = numbersOf(contents, contents.vector16());
      if (schemes !== undefined) hello.signatureSchemes = schemes;
      return malformedUnless(schemes !== undefined);
    }
    default:
      return undefined;
  }
}

function readServerName(hello: Draft, contents: ByteCursor): TlsViolation | undefined {
  const name = parseServerName(contents);
  if (!name.ok) return name.error;
  if (name.value !== undefined) hello.serverName = name.value;
  return undefined;
}

/** RFC 7301 section 3.1: a list that is not empty, of names that are not empty. */
function readProtocols(hello: Draft, contents: ByteCursor): TlsViolation | undefined {
  const list = contents.vector16();
  if (!contents.isSpent || list.left === 0) return violation("TLS_MALFORMED_EXTENSION");
  const protocols: string[] = [];
  while (list.left > 0) {
    const name = list.vector8();
    if (list.isOverrun || name.left === 0) return violation("TLS_MALFORMED_EXTENSION");
    protocols.push(textOf(name.bytes, name.at, name.end));
  }
  hello.protocols = protocols;
  return undefined;
}

/** RFC 5077 section 3.2: the whole extension is the ticket; it is empty where one is only asked for. */
function readTicket(hello: Draft, ticket: ByteCursor): void {
  if (ticket.left < TICKET_KEY_NAME_BYTES) return;
  hello.ticketKeyName = ticket.bytes.slice(ticket.at, ticket.at + TICKET_KEY_NAME_BYTES);
}

/** RFC 8446 section 4.2.11. The first identity is the one that the client would rather use. */
function readPreSharedKeys(hello: Draft, contents: ByteCursor): TlsViolation | undefined {
  const identities = contents.vector16();
  const binders = contents.vector16();
  if (!contents.isSpent || binders.left === 0) return violation("TLS_MALFORMED_EXTENSION");
  const identity = identities.vector16();
  identities.skip(4);
  if (identities.isOverrun || identity.left === 0) return violation("TLS_MALFORMED_EXTENSION");
  readTicket(hello, identity);
  return undefined;
}

/** The 16-bit numbers of an extension that is one list of them; `undefined` if it is not, or is empty. */
function numbersOf(contents: ByteCursor, list: ByteCursor): Uint16Array | undefined {
  if (!contents.isSpent || list.left === 0 || list.left % 2 === 1) return undefined;
  return list.uint16s();
}

function holds(list: ByteCursor, wanted: number): boolean {
  while (list.left > 0) {
    if (list.uint8() === wanted) return true;
  }
  return false;
}

/** A client without a list of versions speaks all up to its `legacy_version`, but never TLS 1.3. */
function versionsUpTo(legacyVersion: number): readonly number[] {
  const versions: number[] = [];
  for (let version = Math.min(legacyVersion, TLS_1_2); version >= TLS_1_0; version--) versions.push(version);
  return versions;
}

function malformedUnless(isRight: boolean): TlsViolation | undefined {
  return isRight ? undefined : violation("TLS_MALFORMED_EXTENSION");
}

function refused(code: TlsViolationCode): { readonly ok: false; readonly error: TlsViolation } {
  return fail(violation(code));
}
