/**
 * How a message's body ends, and what its connection is for afterwards: decided once, from the fields, when
 * the head has been read. The one place where Content-Length and Transfer-Encoding are looked at; everybody
 * else reads `head.framing`.
 *
 * Obeys RFC 9112 section 6.3, and is stricter: any doubt about a request's framing is an end, since the
 * backend may resolve the doubt in another way (request smuggling).
 */
import { bytesOf, equalsIgnoringCase } from "../base/bytes.ts";
import { FIELD } from "../http/fields.ts";
import { FRAMING, PERSISTENCE, type Head } from "../http/head.ts";
import { CLASS, TOKEN } from "../http/characters.ts";
import { violationNumber } from "./violations.ts";

const BAD_CONTENT_LENGTH = violationNumber("H1_BAD_CONTENT_LENGTH");
const CONTENT_TOO_LARGE = violationNumber("H1_CONTENT_TOO_LARGE");
const BAD_TRANSFER_ENCODING = violationNumber("H1_BAD_TRANSFER_ENCODING");
const LENGTH_AND_CHUNKED = violationNumber("H1_LENGTH_AND_CHUNKED");
const CHUNKED_IN_1_0 = violationNumber("H1_CHUNKED_IN_1_0");
const BAD_CONNECTION = violationNumber("H1_BAD_CONNECTION");

/** More digits than this cannot be a length that we can count exactly (2^53). */
const LENGTH_DIGITS_MAX = 15;

const CHUNKED = bytesOf("chunked");
const CLOSE = bytesOf("close");
const KEEP_ALIVE = bytesOf("keep-alive");
const UPGRADE = bytesOf("upgrade");

/**
 * Reads framing and connection fields of `head` into it. Returns 0, or a violation.
 * For a response the caller still has to say what its request and status mean (`bodyOfResponse`).
 */
export function readFraming(head: Head): number {
  if (head.has(FIELD.connection)) {
    const fault = readConnections(head);
    if (fault !== 0) return fault;
  }
  if (head.has(FIELD.contentLength)) {
    if (head.hasRepeated(FIELD.contentLength)) return BAD_CONTENT_LENGTH;
    const fault = readContentLength(head, head.findField(FIELD.contentLength));
    if (fault !== 0) return fault;
    head.framing = FRAMING.length;
  }
  if (head.has(FIELD.transferEncoding)) {
    const index = head.findField(FIELD.transferEncoding);
    const isChunked = equalsIgnoringCase(head.bytes, head.valueStart[index]!, head.valueEnd[index]!, CHUNKED);
    if (!isChunked || head.hasRepeated(FIELD.transferEncoding)) return BAD_TRANSFER_ENCODING;
    if (head.has(FIELD.contentLength)) return LENGTH_AND_CHUNKED;
    if (head.minorVersion === 0) return CHUNKED_IN_1_0;
    head.framing = FRAMING.chunked;
  }
  return 0;
}

/**
 * Completes a response's framing (RFC 9112 section 6.3, rules 1 to 3 and 8): none after HEAD and for 1xx, 204
 * and 304, until the connection's end where nothing else says.
 */
export function bodyOfResponse(head: Head, requestIsHead: boolean): void {
  if (requestIsHead || head.status < 200 || head.status === 204 || head.status === 304) {
    head.framing = FRAMING.none;
  } else if (head.framing === FRAMING.none) {
    head.framing = FRAMING.untilClose;
  }
}

function readContentLength(head: Head, index: number): number {
  const start = head.valueStart[index]!;
  const end = head.valueEnd[index]!;
  if (start === end) return BAD_CONTENT_LENGTH;
  let length = 0;
  for (let at = start; at < end; at++) {
    const digit = head.bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return BAD_CONTENT_LENGTH;
    length = length * 10 + digit;
  }
  if (end - start > LENGTH_DIGITS_MAX) return CONTENT_TOO_LARGE;
  head.contentLength = length;
  return 0;
}

function readConnections(head: Head): number {
  for (
    let index = head.findField(FIELD.connection);
    index !== -1;
    index = head.findField(FIELD.connection, index + 1)
  ) {
    const fault = readConnection(head, index);
    if (fault !== 0) return fault;
  }
  return 0;
}

/**
 * Walks the list of a Connection field: close, keep-alive, upgrade, and names of fields for this hop only.
 */
function readConnection(head: Head, index: number): number {
  const bytes = head.bytes;
  const end = head.valueEnd[index]!;
  let at = head.valueStart[index]!;
  while (at < end) {
    const byte = bytes[at]!;
    if (byte === 0x20 || byte === 0x09 || byte === 0x2c) {
      at++;
      continue;
    }
    const start = at;
    while (at < end && (CLASS[bytes[at]!]! & TOKEN) !== 0) at++;
    if (at === start) return BAD_CONNECTION;
    readConnectionOption(head, start, at);
    while (at < end && (bytes[at] === 0x20 || bytes[at] === 0x09)) at++;
    if (at < end && bytes[at] !== 0x2c) return BAD_CONNECTION;
  }
  return 0;
}

function readConnectionOption(head: Head, start: number, end: number): void {
  const bytes = head.bytes;
  if (equalsIgnoringCase(bytes, start, end, KEEP_ALIVE)) {
    if (head.persistence === PERSISTENCE.byVersion) head.persistence = PERSISTENCE.keepAlive;
  } else if (equalsIgnoringCase(bytes, start, end, CLOSE)) {
    head.persistence = PERSISTENCE.close;
  } else if (equalsIgnoringCase(bytes, start, end, UPGRADE)) {
    head.upgradeField = head.findField(FIELD.upgrade);
  } else {
    head.namesHopByHop = true;
  }
}
