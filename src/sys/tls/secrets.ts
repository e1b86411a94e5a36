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
import { decodeUtf8Leniently } from "../../base/text.ts";
import { mapRegion, type Region } from "../arena.ts";
import { memcpy, strlen } from "./crypto-calls.ts";
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
const LABELS: ReadonlyMap<string, Side> = new Map([
  ["CLIENT_TRAFFIC_SECRET_0", "client"],
  ["SERVER_TRAFFIC_SECRET_0", "server"],
  ["CLIENT_RANDOM", "client"],
]);
const RANDOM_DIGITS = 64;
const LINE_BYTES_MAX = 256;
const SPACE = 0x20;
const line: Region = openLine();
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
    const length = Math.min(strlen(address), LINE_BYTES_MAX);
    memcpy(line.addressOf(0, length), address, length);
    keepSecret(line.bytes, length);
    line.bytes.fill(0, 0, length);
    return 0;
  },
);

/** Keeps the secret of a line with one of our labels. */
function keepSecret(text: Uint8Array, end: number): void {
  const space = text.indexOf(SPACE);
  const side = LABELS.get(decodeUtf8Leniently(text.subarray(0, Math.max(space, 0))));
  const from = space + 1 + RANDOM_DIGITS + 1;
  const length = Math.floor((end - from) / 2);
  if (owner === -1 || side === undefined || length > SECRET_BYTES_MAX) return;
  const bytes = slab.bytesOf(owner);
  const start = slab.startOf(owner) + SECRET_OFFSET[side];
  for (let index = 0; index < length; index++) {
    const at = from + 2 * index;
    bytes[start + index] = (digitOf(text[at]!) << 4) | digitOf(text[at + 1]!);
  }
}

/** Of a hexadecimal digit in ASCII, of either case. */
function digitOf(character: number): number {
  return character < 0x3a ? character - 0x30 : (character & 0x0f) + 9;
}

function openLine(): Region {
  const mapped = mapRegion(LINE_BYTES_MAX);
  assert(mapped.ok, "no memory for a line");
  return mapped.value;
}
