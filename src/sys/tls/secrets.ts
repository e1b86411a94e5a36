/**
 * The traffic secrets of living connections, in memory that no garbage collector copies: for each direction
 * the secret that keys are derived from, and the constant part of its nonces. OpenSSL tells the secrets of
 * TLS 1.3 while it shakes hands (SSL_CTX_set_keylog_callback(3)); they are wiped when the piece is released.
 *
 * ```text
 *  piece  [ client's secret 48 | server's secret 48 | client's IV 16 | server's IV 16 ]
 * ```
 */
import { assert } from "../../base/assert.ts";
import { mapRegion, type Region } from "../arena.ts";
import { memcpy, strlen } from "./crypto-calls.ts";
import { addressOfCallback } from "./native.ts";
import { Slab } from "./slab.ts";
import { SSL_CTX_set_keylog_callback } from "./ssl-calls.ts";

/** Whose secret: of the one who writes with it. */
export type Side = "client" | "server";

export const SECRET_BYTES_MAX = 48;
export const IV_BYTES = 12;
const SECRET_OFFSET: Readonly<Record<Side, number>> = { client: 0, server: 48 };
const IV_OFFSET: Readonly<Record<Side, number>> = { client: 96, server: 112 };
const PIECE_BYTES = 128;

const slab = new Slab({ pieceBytes: PIECE_BYTES, piecesPerRegion: 1_024, warmMax: 1_024 });

/** A line is `CLIENT_TRAFFIC_SECRET_0 <client random> <secret>` or another label, in hexadecimal. */
const LABEL = "CLIENT_TRAFFIC_SECRET_0";
const SECRET_AT = LABEL.length + 1 + 64 + 1;
const LINE_BYTES_MAX = SECRET_AT + 2 * SECRET_BYTES_MAX;
const LETTER_C = 0x43;
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
    const length = strlen(address);
    if (owner === -1 || length <= SECRET_AT || length > LINE_BYTES_MAX) return 0;
    memcpy(line.addressOf(0, length), address, length);
    if (isTrafficSecret(line.bytes)) keepSecret(line.bytes, (length - SECRET_AT) / 2);
    line.bytes.fill(0, 0, length);
    return 0;
  },
);

/** The two lines that we want are the only ones that go on so after the first word. */
function isTrafficSecret(bytes: Uint8Array): boolean {
  for (let index = "CLIENT".length; index < LABEL.length; index++) {
    if (bytes[index] !== LABEL.charCodeAt(index)) return false;
  }
  return true;
}

function keepSecret(text: Uint8Array, length: number): void {
  const bytes = slab.bytesOf(owner);
  const start = slab.startOf(owner) + SECRET_OFFSET[text[0] === LETTER_C ? "client" : "server"];
  for (let index = 0; index < length; index++) {
    const at = SECRET_AT + 2 * index;
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
