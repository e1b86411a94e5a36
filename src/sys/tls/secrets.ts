/**
 * The secrets of living connections, in memory that no garbage collector copies: for each direction the
 * secret that keys are derived from, and the constant part of its nonces. OpenSSL tells the secrets while it
 * shakes hands (SSL_CTX_set_keylog_callback(3)); they are wiped when the piece is released.
 *
 * ```text
 *  piece  [ client's secret 48 | server's secret 48 | client's IV 16 | server's IV 16 ]
 * ```
 *
 * TLS 1.2 has one secret for both directions (RFC 5246 section 8.1): it is put at the client's place.
 */
import { assert } from "../../base/assert.ts";
import { bytesOf, equalsBytes, hexDigitOf } from "../../base/bytes.ts";
import { mapRegion, type Region } from "../arena.ts";
import { memccpy } from "./crypto-calls.ts";
import { addressOfCallback } from "./native.ts";
import { Slab } from "./slab.ts";
import { SSL_CTX_set_keylog_callback } from "./ssl-calls.ts";

/** Whose secret: of the one who writes with it. */
export type Side = "client" | "server";

const SECRET_BYTES_MAX = 48;
export const IV_BYTES = 12;
const SECRET_OFFSET: Readonly<Record<Side, number>> = { client: 0, server: 48 };
const IV_OFFSET: Readonly<Record<Side, number>> = { client: 96, server: 112 };
const PIECE_BYTES = 128;

const slab = new Slab({ pieceBytes: PIECE_BYTES, piecesPerRegion: 1_024, warmMax: 1_024 });

/** A line is a label, the client's random bytes and a secret, in hexadecimal, with spaces between. */
const LABELS: readonly (readonly [Uint8Array, Side])[] = [
  [bytesOf("CLIENT_TRAFFIC_SECRET_0 "), "client"],
  [bytesOf("SERVER_TRAFFIC_SECRET_0 "), "server"],
  [bytesOf("CLIENT_RANDOM "), "client"],
];
const RANDOM_DIGITS = 64;
const LINE_BYTES_MAX = 256;
const line: Region = openLine();
const lineStart = line.addressOf(0, LINE_BYTES_MAX);
let owner = -1;

export function takeSecrets(): number {
  return slab.take();
}

export function releaseSecrets(piece: number): void {
  const start = slab.startOf(piece);
  slab.bytesOf(piece).fill(0, start, start + PIECE_BYTES);
  if (owner === piece) owner = -1;
  slab.release(piece);
}

/** Where what OpenSSL tells from now on is put. */
export function expectSecrets(piece: number): void {
  owner = piece;
}

/** Has connections of a context tell their secrets. */
export function listenForSecrets(context: number): void {
  SSL_CTX_set_keylog_callback(context, keylog);
}

export function addressOfSecret(piece: number, side: Side): number {
  return slab.addressOf(piece, SECRET_OFFSET[side], SECRET_BYTES_MAX);
}

export function addressOfIv(piece: number, side: Side): number {
  return slab.addressOf(piece, IV_OFFSET[side], IV_BYTES);
}

/** The memory that an IV lies in, and where. */
export function bytesOfIv(piece: number): Uint8Array {
  return slab.bytesOf(piece);
}

export function startOfIv(piece: number, side: Side): number {
  return slab.startOf(piece) + IV_OFFSET[side];
}

const keylog = addressOfCallback<[number, number]>(
  "void",
  "keylog",
  ["int64_t", "int64_t"],
  (_ssl, address) => {
    const end = memccpy(lineStart, address, 0, LINE_BYTES_MAX);
    const length = end === 0 ? LINE_BYTES_MAX : end - lineStart - 1;
    keepSecret(line.bytes, length);
    line.bytes.fill(0, 0, length);
    return 0;
  },
);

/** Keeps the secret of a line with one of our labels. */
function keepSecret(text: Uint8Array, end: number): void {
  if (owner === -1) return;
  for (const [label, side] of LABELS) {
    if (end <= label.length || !equalsBytes(text, 0, label.length, label)) continue;
    const from = label.length + RANDOM_DIGITS + 1;
    const length = Math.floor((end - from) / 2);
    if (length <= SECRET_BYTES_MAX) readDigits(text, from, length, side);
    return;
  }
}

function readDigits(text: Uint8Array, from: number, length: number, side: Side): void {
  const bytes = slab.bytesOf(owner);
  const start = slab.startOf(owner) + SECRET_OFFSET[side];
  for (let index = 0; index < length; index++) {
    const at = from + 2 * index;
    bytes[start + index] = (hexDigitOf(text[at]!) << 4) | hexDigitOf(text[at + 1]!);
  }
}

function openLine(): Region {
  const mapped = mapRegion(LINE_BYTES_MAX);
  assert(mapped.ok, "no memory for a line");
  return mapped.value;
}
