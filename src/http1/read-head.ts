/**
 * Reads the head of an HTTP/1 request or response in one pass over received bytes, checking each of them, and
 * leaves views in a `Head`. Both roles read here: as a server the request, as a client the response. It
 * decides nothing but right or wrong.
 *
 * Rules of this file:
 *  1. Bytes in, a number out: where the head ends, `INCOMPLETE`, or a violation (negative). Nothing is thrown
 *     or allocated.
 *  2. Called again from the head's first byte when more bytes are there: it keeps nothing between calls.
 */
import { bytesOf, equalsBytes, sameIgnoringCase } from "../base/bytes.ts";
import { FIELD } from "../http/fields.ts";
import type { Head } from "../http/head.ts";
import { CLASS, DIGIT, HEX_DIGIT, HOST, TARGET, TOKEN, VALUE } from "../http/characters.ts";
import { readFraming } from "./framing.ts";
import { readFields } from "./read-fields.ts";
import { INCOMPLETE, violationNumber } from "./violations.ts";

const BAD_METHOD = violationNumber("H1_BAD_METHOD");
const BAD_TARGET = violationNumber("H1_BAD_TARGET");
const TARGET_TOO_LONG = violationNumber("H1_TARGET_TOO_LONG");
const BAD_VERSION = violationNumber("H1_BAD_VERSION");
const UNSUPPORTED_VERSION = violationNumber("H1_UNSUPPORTED_VERSION");
const BAD_STATUS_LINE = violationNumber("H1_BAD_STATUS_LINE");
const BAD_LINE_END = violationNumber("H1_BAD_LINE_END");
const BAD_HOST = violationNumber("H1_BAD_HOST");

/** Empty lines before a request that are ignored (RFC 9112 section 2.2): one more is no method. */
export const EMPTY_LINES_MAX = 4;
const METHOD_BYTES_MAX = 32;
export const TARGET_BYTES_MAX_DEFAULT = 8_192;
/** Host and port together; a name has at most 253 characters (RFC 1035 section 2.3.4). */
const AUTHORITY_BYTES_MAX = 259;

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const ASTERISK = 0x2a;
const SLASH = 0x2f;
const COLON = 0x3a;
const DOT = 0x2e;
const PORT_MAX = 65_535;
const QUESTION = 0x3f;
/** "HTTP/1.1" and its CR LF. */
const VERSION_BYTES = 8;
const HTTP_SLASH = bytesOf("HTTP/");
const SCHEMES: readonly Uint8Array[] = [bytesOf("http://"), bytesOf("https://")];
const OPTIONS = bytesOf("OPTIONS");

/** Reads a request's head from `bytes[start..end)`. See the rules above for what it returns. */
export function readRequestHead(
  head: Head,
  bytes: Uint8Array,
  start: number,
  end: number,
  targetBytesMax: number,
): number {
  head.clear(bytes, start);
  let at = start;
  if (at < end && bytes[at] === CR) {
    at = skipEmptyLines(bytes, at, end);
    if (at <= 0) return at;
  }
  if (at >= end) return INCOMPLETE;
  head.methodStart = at;
  while (at < end && (CLASS[bytes[at]!]! & TOKEN) !== 0) at++;
  if (at - head.methodStart > METHOD_BYTES_MAX) return BAD_METHOD;
  if (at === end) return INCOMPLETE;
  if (bytes[at] !== SPACE || at === head.methodStart) return BAD_METHOD;
  head.methodEnd = at;

  const targetStart = ++at;
  let pathEnd = -1;
  for (; at < end; at++) {
    const byte = bytes[at]!;
    if ((CLASS[byte]! & TARGET) === 0) break;
    if (byte === QUESTION && pathEnd === -1) pathEnd = at;
  }
  if (at - targetStart > targetBytesMax) return TARGET_TOO_LONG;
  if (at === end) return INCOMPLETE;
  if (bytes[at] !== SPACE || at === targetStart) return BAD_TARGET;
  head.targetStart = head.pathStart = targetStart;
  head.targetEnd = at;
  head.pathEnd = head.queryStart = pathEnd === -1 ? at : pathEnd;

  const afterVersion = readVersion(head, bytes, at + 1, end);
  if (afterVersion <= 0) return afterVersion;
  at = afterVersion;
  if (at >= end) return INCOMPLETE;
  if (bytes[at] !== CR) return bytes[at] === LF ? BAD_LINE_END : BAD_VERSION;
  if (at + 1 >= end) return INCOMPLETE;
  if (bytes[at + 1] !== LF) return BAD_LINE_END;

  const headEnd = readFields(head, bytes, at + 2, end);
  if (headEnd <= 0) return headEnd;
  head.end = headEnd;
  const fault = readHost(head) || readTarget(head) || readFraming(head);
  return fault === 0 ? headEnd : fault;
}

/** Reads a response's head from `bytes[start..end)`; `head.framing` still needs `bodyOfResponse`. */
export function readResponseHead(head: Head, bytes: Uint8Array, start: number, end: number): number {
  head.clear(bytes, start);
  const afterVersion = readVersion(head, bytes, start, end);
  if (afterVersion <= 0) return afterVersion;
  let at = afterVersion;
  if (end - at < 4) return INCOMPLETE;
  if (bytes[at] !== SPACE) return BAD_STATUS_LINE;
  head.statusStart = at + 1;
  let status = 0;
  for (at++; at < head.statusStart + 3; at++) {
    if ((CLASS[bytes[at]!]! & DIGIT) === 0) return BAD_STATUS_LINE;
    status = status * 10 + bytes[at]! - 0x30;
  }
  if (status < 100 || status > 599) return BAD_STATUS_LINE;
  head.status = status;
  if (at < end && bytes[at] !== SPACE && bytes[at] !== CR) return BAD_STATUS_LINE;
  while (at < end && (CLASS[bytes[at]!]! & VALUE) !== 0) at++;
  if (at === end) return INCOMPLETE;
  if (bytes[at] !== CR) return bytes[at] === LF ? BAD_LINE_END : BAD_STATUS_LINE;
  if (at + 1 >= end) return INCOMPLETE;
  if (bytes[at + 1] !== LF) return BAD_LINE_END;
  const headEnd = readFields(head, bytes, at + 2, end);
  if (headEnd <= 0) return headEnd;
  head.end = headEnd;
  const fault = readFraming(head);
  return fault === 0 ? headEnd : fault;
}

/** Where the request line may begin: behind the CR LF at `start`, and those that follow it. */
function skipEmptyLines(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  for (let lines = 0; at < end && bytes[at] === CR; lines++) {
    if (lines === EMPTY_LINES_MAX) return BAD_METHOD;
    if (at + 1 === end) return INCOMPLETE;
    if (bytes[at + 1] !== LF) return BAD_METHOD;
    at += 2;
  }
  return at;
}

/** `HTTP/1.0` or `HTTP/1.1`; another version of the right form is told apart from what has no form. */
function readVersion(head: Head, bytes: Uint8Array, at: number, end: number): number {
  const known = Math.min(end - at, HTTP_SLASH.length);
  for (let index = 0; index < known; index++) {
    if (bytes[at + index] !== HTTP_SLASH[index]) return BAD_VERSION;
  }
  if (end - at < VERSION_BYTES) return INCOMPLETE;
  const major = bytes[at + 5]!;
  const minor = bytes[at + 7]!;
  if ((CLASS[major]! & DIGIT) === 0 || bytes[at + 6] !== 0x2e || (CLASS[minor]! & DIGIT) === 0)
    return BAD_VERSION;
  if (major !== 0x31 || minor > 0x31) return UNSUPPORTED_VERSION;
  head.minorVersion = minor - 0x30;
  return at + VERSION_BYTES;
}

/** One valid Host; only HTTP/1.0 may do without (RFC 9112 section 3.2). */
function readHost(head: Head): number {
  const index = head.findField(FIELD.host);
  if (index === -1) return head.minorVersion === 0 ? 0 : BAD_HOST;
  if (head.hasRepeated(FIELD.host)) return BAD_HOST;
  const start = head.valueStart[index]!;
  const end = head.valueEnd[index]!;
  const hostEnd = readAuthority(head.bytes, start, end);
  if (hostEnd === -1) return BAD_HOST;
  head.authorityStart = start;
  head.authorityEnd = end;
  head.hostEnd = hostEnd;
  return 0;
}

/**
 * Where the host of `host[:port]` ends; -1 if it is malformed. Names of letters, digits, `.`, `_` and `-`, or
 * `[ip6]`.
 */
function readAuthority(bytes: Uint8Array, start: number, end: number): number {
  if (end - start > AUTHORITY_BYTES_MAX) return -1;
  let at = start;
  if (bytes[at] === 0x5b) {
    at++;
    while (at < end && ((CLASS[bytes[at]!]! & HEX_DIGIT) !== 0 || bytes[at] === COLON || bytes[at] === 0x2e))
      at++;
    if (at === end || bytes[at] !== 0x5d || at - start < 3) return -1;
    at++;
  } else {
    while (at < end && (CLASS[bytes[at]!]! & HOST) !== 0 && !isEmptyLabel(bytes, start, at)) at++;
  }
  if (at === start) return -1;
  const hostEnd = at;
  if (at === end) return hostEnd;
  if (bytes[at] !== COLON || end - at > 6) return -1;
  let port = 0;
  for (at++; at < end; at++) {
    if ((CLASS[bytes[at]!]! & DIGIT) === 0) return -1;
    port = port * 10 + bytes[at]! - 0x30;
  }
  return port <= PORT_MAX ? hostEnd : -1;
}

/** A dot that begins a name or follows another: no label stands before it (RFC 1034 section 3.1). */
function isEmptyLabel(bytes: Uint8Array, start: number, at: number): boolean {
  return bytes[at] === DOT && (at === start || bytes[at - 1] === DOT);
}

/**
 * Origin form; absolute form whose authority is the Host's; `*` for OPTIONS. Nothing else is served (RFC 9112
 * section 3.2).
 */
function readTarget(head: Head): number {
  const bytes = head.bytes;
  const first = bytes[head.targetStart]!;
  if (first === SLASH) return 0;
  if (first === ASTERISK && head.targetEnd - head.targetStart === 1) return readAsterisk(head);
  for (const scheme of SCHEMES) {
    if (startsWithScheme(head, scheme)) return readAbsoluteTarget(head, head.targetStart + scheme.length);
  }
  return BAD_TARGET;
}

function readAbsoluteTarget(head: Head, start: number): number {
  const bytes = head.bytes;
  let at = start;
  while (at < head.targetEnd && bytes[at] !== SLASH && bytes[at] !== QUESTION) at++;
  const same = sameIgnoringCase(bytes, start, at, bytes, head.authorityStart, head.authorityEnd);
  if (!same || at === start) return BAD_HOST;
  head.pathStart = at;
  if (at === head.queryStart) {
    // No path means "/": the last slash of "://" stands for it.
    head.pathStart = start - 1;
    head.pathEnd = start;
    head.isAboutServer = at === head.targetEnd && isOptions(head);
  }
  return 0;
}

/**
 * `*` asks what the whole server can do. Where it goes is decided as for "/": the slash of "HTTP/" stands for
 * it.
 */
function readAsterisk(head: Head): number {
  if (!isOptions(head)) return BAD_TARGET;
  head.pathStart = head.targetEnd + HTTP_SLASH.length;
  head.pathEnd = head.pathStart + 1;
  head.isAboutServer = true;
  return 0;
}

function isOptions(head: Head): boolean {
  return equalsBytes(head.bytes, head.methodStart, head.methodEnd, OPTIONS);
}

function startsWithScheme(head: Head, scheme: Uint8Array): boolean {
  const end = head.targetStart + scheme.length;
  return (
    end <= head.targetEnd && sameIgnoringCase(head.bytes, head.targetStart, end, scheme, 0, scheme.length)
  );
}
