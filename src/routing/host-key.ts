/**
 * A host as a key: its bytes in lower case, four to a word, counted from its end, so that every suffix of it
 * is a key too, without another look at the bytes. Not the table of such keys: that is `HostTable`.
 *
 * ```text
 *  host    w w w . e x a m p l e . c o m
 *  words                        [0] .com
 *                       [1] mple
 *               [2] .exa                    hashes[n]: the hash of words 0 to n - 1
 *       [3]  www                            the last word may be partly empty
 * ```
 */
import { assert } from "../base/assert.ts";

/** The longest host that can be a key. Names of the DNS have at most 253 bytes (RFC 1035 section 2.3.4). */
export const HOST_BYTES_MAX = 255;

const WORDS_MAX = 64;
const HASH_START = 0x1234_5677;

/** For 0 to 3 bytes: the bits of a word that they fill. */
export const PARTIAL_MASK: Int32Array = Int32Array.of(0, 0xff, 0xff_ff, 0xff_ff_ff);

export class HostKey {
  readonly words: Int32Array = new Int32Array(WORDS_MAX);
  readonly #hashes: Int32Array = new Int32Array(WORDS_MAX + 1).fill(HASH_START, 0, 1);
  /** How many bytes the host has. */
  length = 0;
  /** The hash of all of it. */
  hash = 0;

  /** Becomes the key of the host `bytes[start..end)`, in any case, at most `HOST_BYTES_MAX` bytes. */
  read(bytes: Uint8Array, start: number, end: number): void {
    assert(end - start <= HOST_BYTES_MAX, "makes a key of a host that is too long");
    const words = this.words;
    const hashes = this.#hashes;
    let count = 0;
    let hash = HASH_START;
    let at = end - 1;
    for (; at >= start + 3; at -= 4) {
      const word = bytes[at]! | (bytes[at - 1]! << 8) | (bytes[at - 2]! << 16) | (bytes[at - 3]! << 24);
      const lower = lowerCased(word);
      words[count++] = lower;
      hash = addWord(hash, lower);
      hashes[count] = hash;
    }
    let rest = 0;
    for (let shift = 0; at >= start; at--, shift += 8) rest |= bytes[at]! << shift;
    const lowerRest = lowerCased(rest);
    words[count] = lowerRest;
    this.length = end - start;
    this.hash = finishHash(hash, end - start, lowerRest);
  }

  /** The hash of its last `length` bytes. */
  hashOf(length: number): number {
    const count = length >> 2;
    return finishHash(this.#hashes[count]!, length, this.words[count]! & PARTIAL_MASK[length & 3]!);
  }
}

function addWord(hash: number, word: number): number {
  const product = Math.imul(hash ^ word, 0x9e37_79b1);
  return product ^ (product >>> 15);
}

function finishHash(hash: number, length: number, partialWord: number): number {
  const mixed = addWord(hash ^ length, partialWord);
  return mixed ^ (mixed >>> 13);
}

/**
 * Four bytes with ASCII capitals as small letters, all at once: in each byte below 0x80, the sums carry into
 * its top bit from `A` on, and from the letter after `Z` on; where just one of them does stands a capital.
 */
function lowerCased(word: number): number {
  const low = word & 0x7f7f_7f7f;
  const capitals = (low + 0x3f3f_3f3f) ^ (low + 0x2525_2525);
  return word | ((capitals & ~word & 0x8080_8080) >>> 2);
}
