/**
 * Field lines of HTTP/1, for heads and trailer sections: from their first byte to the empty line that ends
 * them. It checks every byte and gives views; what the fields mean for framing is `framing.ts`.
 *
 * Stricter than RFC 9112 allows a recipient to be, because another recipient may read leniently what we read
 * leniently in another way: CR LF only, no folding, no space before a colon, no control characters.
 */
import { FIELD, findField } from "../http/fields.ts";
import { FIELDS_MAX, type Head } from "../http/head.ts";
import { CLASS, TOKEN, VALUE } from "../http/characters.ts";
import { INCOMPLETE, violationNumber } from "./violations.ts";

const BAD_LINE_END = violationNumber("H1_BAD_LINE_END");
const BAD_FIELD_NAME = violationNumber("H1_BAD_FIELD_NAME");
const BAD_FIELD_VALUE = violationNumber("H1_BAD_FIELD_VALUE");
const FOLDED_LINE = violationNumber("H1_FOLDED_LINE");
const TOO_MANY_FIELDS = violationNumber("H1_TOO_MANY_FIELDS");

const CR = 0x0d;
const LF = 0x0a;
const SPACE = 0x20;
const TAB = 0x09;
const COLON = 0x3a;

/**
 * Reads field lines from `bytes[at..end)` into `head` (from `head.fieldCount` on).
 * Returns where the empty line ends, `INCOMPLETE`, or a violation.
 */
export function readFields(head: Head, bytes: Uint8Array, at: number, end: number): number {
  let index = head.fieldCount;
  let position = at;
  for (;;) {
    if (position >= end) return INCOMPLETE;
    const first = bytes[position]!;
    if (first === CR) {
      if (position + 1 >= end) return INCOMPLETE;
      if (bytes[position + 1] !== LF) return BAD_LINE_END;
      head.fieldCount = index;
      return position + 2;
    }
    if (index === FIELDS_MAX) return TOO_MANY_FIELDS;

    const nameStart = position;
    while (position < end && (CLASS[bytes[position]!]! & TOKEN) !== 0) position++;
    if (position === end) return INCOMPLETE;
    if (bytes[position] !== COLON || position === nameStart) return nameFault(bytes, nameStart, position);
    const nameEnd = position++;

    while (position < end && (bytes[position] === SPACE || bytes[position] === TAB)) position++;
    const valueStart = position;
    position = findValueEnd(head, position, end);
    if (position + 1 >= end) {
      return position < end && bytes[position] !== CR ? valueFault(bytes[position]!) : INCOMPLETE;
    }
    if (bytes[position] !== CR) return valueFault(bytes[position]!);
    if (bytes[position + 1] !== LF) return BAD_LINE_END;
    let valueEnd = position;
    while (valueEnd > valueStart && (bytes[valueEnd - 1] === SPACE || bytes[valueEnd - 1] === TAB))
      valueEnd--;
    head.setField(index++, findField(bytes, nameStart, nameEnd), nameStart, nameEnd, valueStart, valueEnd);
    position += 2;
  }
}

/**
 * The first byte from `from` on that may not stand in a value: a control character other than TAB, or DEL.
 * Four bytes at a time: `(x - 0x20…) & ~x` has a top bit set where a byte is below 0x20, and the same with `x
 * ^ 0x7f…` and 1 where one is DEL; either may also be set for a byte behind such a one, which is looked at
 * singly then.
 */
function findValueEnd(head: Head, from: number, end: number): number {
  const view = head.view;
  let position = from;
  for (; position + 4 <= end; position += 4) {
    const word = view.getInt32(position, true);
    const flipped = word ^ 0x7f7f7f7f;
    if (((((word - 0x20202020) & ~word) | ((flipped - 0x01010101) & ~flipped)) & 0x80808080) !== 0) {
      for (let at = position; at < position + 4; at++) {
        if ((CLASS[head.bytes[at]!]! & VALUE) === 0) return at;
      }
    }
  }
  while (position < end && (CLASS[head.bytes[position]!]! & VALUE) !== 0) position++;
  return position;
}

function nameFault(bytes: Uint8Array, nameStart: number, at: number): number {
  const byte = bytes[at]!;
  if (at === nameStart && (byte === SPACE || byte === TAB)) return FOLDED_LINE;
  return byte === LF || byte === CR ? BAD_LINE_END : BAD_FIELD_NAME;
}

function valueFault(byte: number): number {
  return byte === LF ? BAD_LINE_END : BAD_FIELD_VALUE;
}

/** Where the line ends that holds field `index`: just behind its CR LF, where the next line begins. */
export function lineEndOf(head: Head, index: number): number {
  let position = head.valueEnd[index]!;
  while (head.bytes[position] !== LF) position++;
  return position + 1;
}

/** True if the value of field `index` is a list in which `lower` stands as an element. */
function listHolds(head: Head, index: number, lower: Uint8Array): boolean {
  const bytes = head.bytes;
  const end = head.valueEnd[index]!;
  let at = head.valueStart[index]!;
  while (at < end) {
    while (at < end && (bytes[at] === SPACE || bytes[at] === TAB || bytes[at] === 0x2c)) at++;
    const start = at;
    while (at < end && bytes[at] !== 0x2c) at++;
    let stop = at;
    while (stop > start && (bytes[stop - 1] === SPACE || bytes[stop - 1] === TAB)) stop--;
    if (stop - start === lower.length && elementEquals(bytes, start, lower)) return true;
  }
  return false;
}

function elementEquals(bytes: Uint8Array, start: number, lower: Uint8Array): boolean {
  for (let offset = 0; offset < lower.length; offset++) {
    if ((bytes[start + offset]! | 0x20) !== lower[offset]) return false;
  }
  return true;
}

/**
 * True if a Connection field names field `index`, which then must not be passed on (RFC 9110 section 7.6.1).
 * Fields that the message cannot do without, and those that we write ourselves, cannot be removed that way.
 */
export function isNamedByConnection(head: Head, index: number): boolean {
  if (head.fieldId[index] !== FIELD.other) return false;
  const start = head.nameStart[index]!;
  const lower = head.bytes.slice(start, head.nameEnd[index]!);
  for (let offset = 0; offset < lower.length; offset++) lower[offset]! |= 0x20;
  for (
    let field = head.findField(FIELD.connection);
    field !== -1;
    field = head.findField(FIELD.connection, field + 1)
  ) {
    if (listHolds(head, field, lower)) return true;
  }
  return false;
}
