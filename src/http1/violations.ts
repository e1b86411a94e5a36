/**
 * What a peer can get wrong in HTTP/1, by stable code, with the status that tells it. Readers give a
 * violation as a negative number, so that the hot path neither throws nor allocates; `violationOf` turns the
 * number into the entry.
 *
 * `statusHint` is for a request; from a backend every violation becomes 502.
 */
import { assert } from "../base/assert.ts";

export type ViolationCode =
  | "H1_BAD_METHOD"
  | "H1_BAD_TARGET"
  | "H1_TARGET_TOO_LONG"
  | "H1_BAD_VERSION"
  | "H1_UNSUPPORTED_VERSION"
  | "H1_BAD_STATUS_LINE"
  | "H1_BAD_LINE_END"
  | "H1_BAD_FIELD_NAME"
  | "H1_BAD_FIELD_VALUE"
  | "H1_FOLDED_LINE"
  | "H1_HEAD_TOO_LARGE"
  | "H1_TOO_MANY_FIELDS"
  | "H1_BAD_HOST"
  | "H1_BAD_CONTENT_LENGTH"
  | "H1_CONTENT_TOO_LARGE"
  | "H1_BAD_TRANSFER_ENCODING"
  | "H1_LENGTH_AND_CHUNKED"
  | "H1_CHUNKED_IN_1_0"
  | "H1_BAD_CHUNK_SIZE"
  | "H1_CHUNK_LINE_TOO_LONG"
  | "H1_BAD_CHUNK_END"
  | "H1_TRAILERS_TOO_LARGE"
  | "H1_BAD_CONNECTION";

export interface ProtocolViolation {
  readonly code: ViolationCode;
  readonly statusHint: 400 | 413 | 414 | 431 | 501 | 505;
  readonly meaning: string;
}

const VIOLATIONS: readonly ProtocolViolation[] = [
  { code: "H1_BAD_METHOD", statusHint: 400, meaning: "the method is no token of at most 32 characters" },
  {
    code: "H1_BAD_TARGET",
    statusHint: 400,
    meaning: "the request target is malformed, or of a form that is not served",
  },
  {
    code: "H1_TARGET_TOO_LONG",
    statusHint: 414,
    meaning: "the request target is longer than targetBytesMax",
  },
  { code: "H1_BAD_VERSION", statusHint: 400, meaning: "the HTTP version is malformed" },
  { code: "H1_UNSUPPORTED_VERSION", statusHint: 505, meaning: "the HTTP version is neither 1.0 nor 1.1" },
  { code: "H1_BAD_STATUS_LINE", statusHint: 400, meaning: "the status line is malformed" },
  { code: "H1_BAD_LINE_END", statusHint: 400, meaning: "a line does not end in CR LF" },
  {
    code: "H1_BAD_FIELD_NAME",
    statusHint: 400,
    meaning: "a field name is empty, no token, or followed by space before its colon",
  },
  { code: "H1_BAD_FIELD_VALUE", statusHint: 400, meaning: "a field value holds a control character" },
  {
    code: "H1_FOLDED_LINE",
    statusHint: 400,
    meaning: "a field line begins with white space (obsolete line folding)",
  },
  { code: "H1_HEAD_TOO_LARGE", statusHint: 431, meaning: "the head is longer than headBytesMax" },
  { code: "H1_TOO_MANY_FIELDS", statusHint: 431, meaning: "the head has more than 128 fields" },
  {
    code: "H1_BAD_HOST",
    statusHint: 400,
    meaning: "Host is missing, repeated, malformed, or not that of the target",
  },
  {
    code: "H1_BAD_CONTENT_LENGTH",
    statusHint: 400,
    meaning: "Content-Length is repeated or not a whole number",
  },
  { code: "H1_CONTENT_TOO_LARGE", statusHint: 413, meaning: "the content is larger than bodyBytesMax" },
  {
    code: "H1_BAD_TRANSFER_ENCODING",
    statusHint: 501,
    meaning: "Transfer-Encoding is not exactly one 'chunked'",
  },
  {
    code: "H1_LENGTH_AND_CHUNKED",
    statusHint: 400,
    meaning: "Content-Length and Transfer-Encoding are both there",
  },
  { code: "H1_CHUNKED_IN_1_0", statusHint: 400, meaning: "Transfer-Encoding in an HTTP/1.0 message" },
  { code: "H1_BAD_CHUNK_SIZE", statusHint: 400, meaning: "a chunk size is malformed or too large" },
  { code: "H1_CHUNK_LINE_TOO_LONG", statusHint: 400, meaning: "a chunk size line is longer than 256 bytes" },
  { code: "H1_BAD_CHUNK_END", statusHint: 400, meaning: "chunk data is not followed by CR LF" },
  {
    code: "H1_TRAILERS_TOO_LARGE",
    statusHint: 431,
    meaning: "the trailer section is longer than 8,192 bytes",
  },
  { code: "H1_BAD_CONNECTION", statusHint: 400, meaning: "a Connection field is malformed" },
];

/** What a reader gives when the bytes so far are right but not the whole. */
export const INCOMPLETE = 0;

const NUMBERS: ReadonlyMap<string, number> = new Map(
  VIOLATIONS.map((entry, index) => [entry.code, -1 - index]),
);

/** The negative number of a violation. For constants; not per message. */
export function violationNumber(code: ViolationCode): number {
  const number = NUMBERS.get(code);
  assert(number !== undefined, `no violation ${code}`);
  return number;
}

/** The entry behind a reader's negative number. */
export function violationOf(number: number): ProtocolViolation {
  const entry = VIOLATIONS[-1 - number];
  assert(entry !== undefined, `no violation ${number}`);
  return entry;
}
