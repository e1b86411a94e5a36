/**
 * The desk: one piece of mapped memory on which arguments are laid out for calls that return at once, and on
 * which is read what OpenSSL gives an address of. As `scratch` in `arena.ts`, but large enough for
 * certificates.
 *
 * Rules of this file:
 *  1. What lies here is gone with the next call that uses the desk: nobody keeps an address of it.
 *  2. Who puts a secret here wipes it.
 */
import { assert } from "../../base/assert.ts";
import { decodeUtf8Leniently, encodeUtf8 } from "../../base/text.ts";
import { mapRegion, type Region } from "../arena.ts";
import { memcpy, strlen } from "./crypto-calls.ts";

/** The longest argument or reading. More is a fault of what is configured, and told before it comes here. */
const DESK_BYTES_MAX: number = 256 * 1024;

/**
 * The first bytes hold numbers and pointers, so that an argument's address and itself can lie here at once.
 */
const ARGUMENT = 64;
const TEXT_BYTES_MAX = 1024;

const region: Region = openDesk();

/** The desk's first words, for results by address: pointers and lengths. */
export const words: Int32Array = region.words;

/** The address of word `index` of the first sixteen. */
export function addressOfWord(index: number): number {
  return region.addressOf(index * 4, 8);
}

/** The pointer that words `index` and `index + 1` hold. */
export function pointerAt(index: number): number {
  return region.words[index + 1]! * 2 ** 32 + (region.words[index]! >>> 0);
}

/** Lays bytes out and gives their address. */
export function layBytes(bytes: Uint8Array): number {
  assert(ARGUMENT + bytes.length <= DESK_BYTES_MAX, "an argument larger than the desk");
  region.bytes.set(bytes, ARGUMENT);
  return region.addressOf(ARGUMENT, bytes.length);
}

/** Lays bytes out and gives the address of their address, as `d2i` functions want it. */
export function layBehindPointer(bytes: Uint8Array): number {
  const address = layBytes(bytes);
  region.words[0] = address | 0;
  region.words[1] = Math.floor(address / 2 ** 32);
  return addressOfWord(0);
}

/** Lays a text out with its closing zero. It must not hold one itself. */
export function layText(text: string): number {
  return layBytes(encodeUtf8(`${text}\0`));
}

/** Forgets what was laid out: for secrets. */
export function wipe(length: number): void {
  region.bytes.fill(0, ARGUMENT, ARGUMENT + length);
}

/** Room for a result of `length` bytes; `taken` reads it. */
export function roomFor(length: number): number {
  return region.addressOf(ARGUMENT, length);
}

/** A copy of the first `length` bytes of the room. */
export function taken(length: number): Uint8Array {
  return region.bytes.slice(ARGUMENT, ARGUMENT + length);
}

/** A copy of bytes that OpenSSL owns. */
export function bytesAt(address: number, length: number): Uint8Array {
  memcpy(roomFor(length), address, length);
  return taken(length);
}

/** A text that OpenSSL owns, up to its closing zero; `""` for none. */
export function textAt(address: number): string {
  if (address === 0) return "";
  return decodeUtf8Leniently(bytesAt(address, Math.min(strlen(address), TEXT_BYTES_MAX)));
}

function openDesk(): Region {
  const mapped = mapRegion(DESK_BYTES_MAX);
  assert(mapped.ok, "no memory for the desk");
  return mapped.value;
}
