/**
 * Writes the heads that we send: a request to a backend, a response to a client. What is passed on as it came
 * is copied in as few stretches as possible; what belongs to the old connection is left out, and what belongs
 * to the new one is added.
 *
 * Rules of this file:
 *  1. It writes to memory at an offset and returns where it ended. The caller has made room: `addedBytesMax`
 *     more than the received head.
 *  2. No decision is made here: what to add comes in as arguments.
 */
import { bytesOf, copyBytes, putBytes } from "../base/bytes.ts";
import { FIELD, type FieldId, FORBIDDEN_IN_TRAILERS, HOP_BY_HOP, flags } from "../http/fields.ts";
import { FRAMING, type Framing, Head } from "../http/head.ts";
import { FORWARDED_FOR_LINE, FORWARDED_LINE, type Forwarding } from "../http/forwarding.ts";
import { isNamedByConnection, lineEndOf, readFields } from "./read-fields.ts";

/** The most bytes that a written head has beyond the received one, besides `certificateLines`. */
export const ADDED_BYTES_MAX = 1_024;

const VERSION = bytesOf(" HTTP/1.1\r\n");
const STATUS_VERSION = bytesOf("HTTP/1.1 ");
/** Three digits. */
const STATUS_BYTES = 3;
const CR = 0x0d;
const SPACE = 0x20;
const ASTERISK = 0x2a;
const CHUNKED_LINE = bytesOf("Transfer-Encoding: chunked\r\n");
const CLOSE_LINE = bytesOf("Connection: close\r\n");
const KEEP_ALIVE_LINE = bytesOf("Connection: keep-alive\r\n");
const UPGRADE_LINES = bytesOf("Connection: Upgrade\r\nUpgrade: ");
const HOST_LINE = bytesOf("Host: ");
/** Ends Forwarded behind its host. */
const FORWARDED_HOST_LINE = bytesOf('"\r\nX-Forwarded-Host: ');
const LIST_SEPARATOR = bytesOf(", ");

/** Left out of requests: hop-by-hop fields, and those that we write ourselves. */
const REPLACED_IN_REQUEST: Uint8Array = withAlso(
  HOP_BY_HOP,
  FIELD.forwarded,
  FIELD.xForwardedFor,
  FIELD.xForwardedProto,
  FIELD.xForwardedPort,
  FIELD.xForwardedHost,
  FIELD.xRequestId,
  FIELD.xClientCertSubject,
  FIELD.xClientCertFingerprint,
);
const REPLACED_IN_RESPONSE: Uint8Array = withAlso(HOP_BY_HOP, FIELD.xRequestId);
/** A 1xx or 204 has no content, and must not speak of its length (RFC 9110 section 8.6). */
const REPLACED_WITHOUT_CONTENT: Uint8Array = withAlso(REPLACED_IN_RESPONSE, FIELD.contentLength);

/** Writes the head of a request to a backend: origin form, HTTP/1.1, forwarding fields, our own framing. */
export function writeRequestHead(target: Uint8Array, at: number, head: Head, forwarding: Forwarding): number {
  const bytes = head.bytes;
  let end: number;
  if (head.pathStart === head.targetStart && head.minorVersion === 1) {
    // The request line as it came, in one stretch with the first fields.
    end = copyFields(target, at, head, REPLACED_IN_REQUEST, head.methodStart);
  } else {
    end = copyBytes(target, at, bytes, head.methodStart, head.methodEnd + 1);
    end = writeTarget(target, end, head);
    end = putBytes(target, end, VERSION);
    end = copyFields(target, end, head, REPLACED_IN_REQUEST, firstFieldOf(head));
  }
  if (head.authorityStart === head.authorityEnd) {
    end = putBytes(target, end, HOST_LINE);
    end = putLineEnd(target, putBytes(target, end, forwarding.fallbackHost));
  }
  end = writeForwarding(target, end, head, forwarding);
  if (head.framing === FRAMING.chunked) end = putBytes(target, end, CHUNKED_LINE);
  if (forwarding.passesUpgrade) {
    end = putBytes(target, end, UPGRADE_LINES);
    end = copyBytes(
      target,
      end,
      bytes,
      head.valueStart[head.upgradeField]!,
      head.valueEnd[head.upgradeField]!,
    );
    end = putLineEnd(target, end);
  }
  return putLineEnd(target, end);
}

/** In origin form, or `*` (RFC 9112 section 3.2.4). */
function writeTarget(target: Uint8Array, at: number, head: Head): number {
  if (head.isAboutServer) {
    target[at] = ASTERISK;
    return at + 1;
  }
  const end = copyBytes(target, at, head.bytes, head.pathStart, head.pathEnd);
  return copyBytes(target, end, head.bytes, head.queryStart, head.targetEnd);
}

/** How a response's connection goes on, as its head has to say it. */
export const ANNOUNCE = { nothing: 0, close: 1, keepAlive: 2, upgrade: 3 } as const;
export type Announcement = (typeof ANNOUNCE)[keyof typeof ANNOUNCE];

/**
 * Writes the head of a response to a client: HTTP/1.1, the request's id, `addedLines` (whole field lines),
 * our own framing and connection.
 */
export function writeResponseHead(
  target: Uint8Array,
  at: number,
  head: Head,
  framing: Framing,
  announcement: Announcement,
  requestIdLine: Uint8Array,
  addedLines: Uint8Array,
): number {
  let end = putBytes(target, at, STATUS_VERSION);
  const replaced = head.status < 200 || head.status === 204 ? REPLACED_WITHOUT_CONTENT : REPLACED_IN_RESPONSE;
  let from = head.statusStart;
  if (head.bytes[from + STATUS_BYTES] === CR) {
    // Some servers leave out the space before an empty reason; a sender must not (RFC 9112 section 4).
    end = copyBytes(target, end, head.bytes, from, from + STATUS_BYTES);
    target[end++] = SPACE;
    from += STATUS_BYTES;
  }
  end = copyFields(target, end, head, replaced, from);
  if (head.status >= 200) end = putBytes(target, end, requestIdLine);
  if (addedLines.length > 0) end = putBytes(target, end, addedLines);
  if (framing === FRAMING.chunked) end = putBytes(target, end, CHUNKED_LINE);
  switch (announcement) {
    case ANNOUNCE.close:
      end = putBytes(target, end, CLOSE_LINE);
      break;
    case ANNOUNCE.keepAlive:
      end = putBytes(target, end, KEEP_ALIVE_LINE);
      break;
    case ANNOUNCE.upgrade: {
      const field = head.findField(FIELD.upgrade);
      end = putBytes(target, end, UPGRADE_LINES);
      end = copyBytes(target, end, head.bytes, head.valueStart[field]!, head.valueEnd[field]!);
      end = putLineEnd(target, end);
      break;
    }
    default:
  }
  return putLineEnd(target, end);
}

const trailerHead = new Head();

/** The violation in a trailer section, or 0. `section` ends with its empty line. */
export function faultOfTrailers(section: Uint8Array): number {
  trailerHead.clear(section, 0);
  return Math.min(readFields(trailerHead, section, 0, section.length), 0);
}

/**
 * Writes a trailer section (field lines and their empty line) without the fields that may not stand there.
 * Returns where it ended, or a violation if `section` is malformed. `section` ends with its empty line.
 */
export function writeTrailers(target: Uint8Array, at: number, section: Uint8Array): number {
  trailerHead.clear(section, 0);
  const end = readFields(trailerHead, section, 0, section.length);
  if (end <= 0) return end;
  return putLineEnd(target, copyFields(target, at, trailerHead, FORBIDDEN_IN_TRAILERS, 0));
}

/**
 * Copies what lies between `from` (the start of the first stretch: the start line, or a field's line) and the
 * end of the last field, without the fields that `leftOut` marks.
 */
function copyFields(target: Uint8Array, at: number, head: Head, leftOut: Uint8Array, from: number): number {
  let end = at;
  let stretchStart = from;
  for (let index = 0; index < head.fieldCount; index++) {
    const id = head.fieldId[index]!;
    if (leftOut[id] === 0 && !(head.namesHopByHop && isNamedByConnection(head, index))) continue;
    const lineStart = head.nameStart[index]!;
    if (lineStart > stretchStart) end = copyBytes(target, end, head.bytes, stretchStart, lineStart);
    stretchStart = lineEndOf(head, index);
  }
  const fieldsEnd = head.fieldCount === 0 ? endOfStartLine(head, from) : lineEndOf(head, head.fieldCount - 1);
  return stretchStart < fieldsEnd ? copyBytes(target, end, head.bytes, stretchStart, fieldsEnd) : end;
}

function firstFieldOf(head: Head): number {
  return head.fieldCount === 0 ? head.end : head.nameStart[0]!;
}

/** With no field at all, the start line ends where the empty line (CR LF) begins. */
function endOfStartLine(head: Head, from: number): number {
  return Math.max(from, head.end - 2);
}

function writeForwarding(target: Uint8Array, at: number, head: Head, forwarding: Forwarding): number {
  let end: number;
  const isFirstHop = !head.has(FIELD.xForwardedFor) && !head.has(FIELD.forwarded);
  const firstHopLines = isFirstHop ? forwarding.firstHopLines : undefined;
  if (firstHopLines === undefined) {
    end = copyFormer(target, putBytes(target, at, FORWARDED_FOR_LINE), head, FIELD.xForwardedFor);
    end = putBytes(target, end, forwarding.clientIp);
    end = putBytes(target, end, forwarding.listenerLines);
    end = putBytes(target, end, forwarding.certificateLines);
    end = copyFormer(target, putBytes(target, end, FORWARDED_LINE), head, FIELD.forwarded);
    end = putBytes(target, end, forwarding.forwardedElement);
  } else {
    end = putBytes(target, at, firstHopLines);
  }
  end = writeHost(target, end, head, forwarding);
  end = putBytes(target, end, FORWARDED_HOST_LINE);
  end = writeHost(target, end, head, forwarding);
  end = putLineEnd(target, end);
  return putBytes(target, end, forwarding.requestIdLine);
}

function writeHost(target: Uint8Array, at: number, head: Head, forwarding: Forwarding): number {
  if (head.authorityStart === head.authorityEnd) return putBytes(target, at, forwarding.fallbackHost);
  return copyBytes(target, at, head.bytes, head.authorityStart, head.authorityEnd);
}

function putLineEnd(target: Uint8Array, at: number): number {
  target[at] = 0x0d;
  target[at + 1] = 0x0a;
  return at + 2;
}

/** What proxies before us wrote into a list field, each value followed by a separator. */
function copyFormer(target: Uint8Array, at: number, head: Head, id: number): number {
  let end = at;
  for (let index = head.findField(id); index !== -1; index = head.findField(id, index + 1)) {
    if (head.valueEnd[index]! === head.valueStart[index]!) continue;
    end = copyBytes(target, end, head.bytes, head.valueStart[index]!, head.valueEnd[index]!);
    end = putBytes(target, end, LIST_SEPARATOR);
  }
  return end;
}

function withAlso(table: Uint8Array, ...ids: readonly FieldId[]): Uint8Array {
  const also = flags(...ids);
  return table.map((flag, id) => flag | also[id]!);
}
