/**
 * From secrets to keys: TLS 1.3's HKDF-Expand-Label and key update (RFC 8446 sections 7.1 to 7.3), and TLS
 * 1.2's expansion of the session's secret (RFC 5246 sections 5 and 6.3). Keys are laid on a desk of their own
 * for the moment in which a cipher takes them.
 */
import { assert } from "../../base/assert.ts";
import { encodeUtf8 } from "../../base/text.ts";
import { mapRegion, type Region } from "../arena.ts";
import { memcpy } from "./crypto-calls.ts";
import { HMAC_CTX_new, HMAC_Final, HMAC_Init_ex, HMAC_Update } from "./evp-calls.ts";
import { addressOfIv, addressOfSecret, IV_BYTES, type Side } from "./secrets.ts";
import { SSL_get_client_random, SSL_get_server_random } from "./ssl-calls.ts";
import type { Suite } from "./suites.ts";

const RANDOM_BYTES = 32;
const SESSION_SECRET_BYTES = 48;
const HASH_BYTES_MAX = 48;

/** What lies where on this file's page. */
const LABELS = 0;
const KEYS = 1024;
const KEYS_BYTES = 256;
const SEED = KEYS + KEYS_BYTES;
const CHAIN = SEED + 128;
const page: Region = openPage();
let labelsEnd = LABELS;

const hmac = HMAC_CTX_new();
const KEY_EXPANSION = layLabel(encodeUtf8("key expansion"));

interface Bytes {
  readonly address: number;
  readonly length: number;
}

/** Infos of HKDF by label, and by length: each is laid out once. */
const INFOS: Readonly<Record<"iv" | "key" | "traffic upd", ReadonlyMap<number, Bytes>>> = {
  iv: layInfos("iv", IV_BYTES),
  key: layInfos("key", 16, 32),
  "traffic upd": layInfos("traffic upd", 32, 48),
};

/** The key of one direction, on the page; the IV goes to its place beside the secret. */
export function deriveKey(piece: number, side: Side, suite: Suite): number {
  const secret = { address: addressOfSecret(piece, side), length: suite.hashBytes };
  const iv = page.addressOf(KEYS, KEYS_BYTES);
  expandLabel(secret, suite, "iv", IV_BYTES, iv);
  memcpy(addressOfIv(piece, side), iv, IV_BYTES);
  expandLabel(secret, suite, "key", suite.keyBytes, iv);
  return iv;
}

/** The direction's next secret takes the place of the one now. */
export function updateSecret(piece: number, side: Side, suite: Suite): void {
  const address = addressOfSecret(piece, side);
  expandLabel({ address, length: suite.hashBytes }, suite, "traffic upd", suite.hashBytes, address);
}

/** TLS 1.2's keys of both directions, on the page until `wipeKeys`; the IVs go to their places. */
export function expandSessionSecret(ssl: number, piece: number, suite: Suite): Record<Side, number> {
  const { keyBytes, ivBytes } = suite;
  const keys = page.addressOf(KEYS, KEYS_BYTES);
  const secret = { address: addressOfSecret(piece, "client"), length: SESSION_SECRET_BYTES };
  memcpy(page.addressOf(SEED, KEY_EXPANSION.length), KEY_EXPANSION.address, KEY_EXPANSION.length);
  const randoms = SEED + KEY_EXPANSION.length;
  SSL_get_server_random(ssl, page.addressOf(randoms, RANDOM_BYTES), RANDOM_BYTES);
  SSL_get_client_random(ssl, page.addressOf(randoms + RANDOM_BYTES, RANDOM_BYTES), RANDOM_BYTES);
  expandPrf(secret, suite, KEY_EXPANSION.length + 2 * RANDOM_BYTES, 2 * (keyBytes + ivBytes));
  memcpy(addressOfIv(piece, "client"), keys + 2 * keyBytes, ivBytes);
  memcpy(addressOfIv(piece, "server"), keys + 2 * keyBytes + ivBytes, ivBytes);
  return { client: keys, server: keys + keyBytes };
}

/** Forgets the keys, once the ciphers have them. */
export function wipeKeys(): void {
  page.bytes.fill(0, KEYS, page.byteLength);
}

/** HKDF-Expand-Label without a context. No length here is above one hash, so one HMAC is all of it. */
function expandLabel(
  secret: Bytes,
  suite: Suite,
  label: keyof typeof INFOS,
  length: number,
  target: number,
): void {
  const info = INFOS[label].get(length);
  assert(info !== undefined, "a key of a length that no suite has");
  HMAC_Init_ex(hmac, secret.address, secret.length, suite.digest, 0);
  HMAC_Update(hmac, info.address, info.length);
  HMAC_Final(hmac, target, 0);
}

/** P_hash of RFC 5246 section 5 over the seed on the page, to the keys on the page. */
function expandPrf(secret: Bytes, suite: Suite, seedLength: number, length: number): void {
  const seed = page.addressOf(SEED, seedLength);
  const chain = page.addressOf(CHAIN, HASH_BYTES_MAX);
  digest(secret, suite, chain, [{ address: seed, length: seedLength }]);
  for (let at = 0; at < length; at += suite.hashBytes) {
    const link = { address: chain, length: suite.hashBytes };
    const target = page.addressOf(KEYS + at, suite.hashBytes);
    digest(secret, suite, target, [link, { address: seed, length: seedLength }]);
    digest(secret, suite, chain, [link]);
  }
}

function digest(secret: Bytes, suite: Suite, target: number, parts: readonly Bytes[]): void {
  HMAC_Init_ex(hmac, secret.address, secret.length, suite.digest, 0);
  for (const { address, length } of parts) HMAC_Update(hmac, address, length);
  HMAC_Final(hmac, target, 0);
}

/** HkdfLabel, and the counter of the only block, for each of these lengths. */
function layInfos(label: string, ...lengths: readonly number[]): ReadonlyMap<number, Bytes> {
  const name = encodeUtf8(`tls13 ${label}`);
  const infoOf = (length: number): Bytes =>
    layLabel(Uint8Array.of(length >> 8, length & 0xff, name.length, ...name, 0, 1));
  return new Map(lengths.map((length) => [length, infoOf(length)]));
}

function layLabel(bytes: Uint8Array): Bytes {
  assert(labelsEnd + bytes.length <= KEYS, "more labels than there are");
  page.bytes.set(bytes, labelsEnd);
  const address = page.addressOf(labelsEnd, bytes.length);
  labelsEnd += bytes.length;
  return { address, length: bytes.length };
}

function openPage(): Region {
  const mapped = mapRegion(4_096);
  assert(mapped.ok, "no memory for keys");
  return mapped.value;
}
