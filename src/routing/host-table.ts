/**
 * Names of hosts to values: one open-addressing table over `HostKey`s, so that looking up a request's host
 * makes no string. Not which names a request's host stands for: that is `Router`.
 *
 * ```text
 *  slots   [ hash, nameAt ][ 0, 0 ][ hash, nameAt ] …   linear probing, at most half full; nameAt 0 = empty
 *  values  [ value        ][      ][ value        ] …   beside it
 *  names   ␀ 11 .com mple exa  5 .org a …               each its length in bytes, then its key's words
 * ```
 *
 * Rules of this file:
 *  1. A removal leaves no mark behind: the slots after it move up. What it leaves in `names` goes with the
 *     next rebuild.
 *  2. A rebuild (growth, shrinking, no room for a name) makes room for about as many changes as it moves
 *     names.
 */
import { assert } from "../base/assert.ts";
import { PARTIAL_MASK, type HostKey } from "./host-key.ts";

const CAPACITY_MIN = 16;
const CAPACITY_MAX = 1 << 28;
const NAME_WORDS_MIN = 64;

export class HostTable<Value> {
  #capacity: number = CAPACITY_MIN;
  #slots: Int32Array = new Int32Array(CAPACITY_MIN * 2);
  #values: (Value | undefined)[] = emptySlots(CAPACITY_MIN);
  #size = 0;
  #names: Int32Array = new Int32Array(NAME_WORDS_MIN);
  #namesEnd = 1;
  /** Words of `#names` that a stored name uses. */
  #namesLive = 0;

  /** How many names it holds. */
  get size(): number {
    return this.#size;
  }

  /** The value of the whole host that `key` is. */
  find(key: HostKey): Value | undefined {
    return this.#find(key.hash, key.words, key.length);
  }

  /** The value of the last `length` bytes of `key`. */
  findSuffix(key: HostKey, length: number): Value | undefined {
    return this.#find(key.hashOf(length), key.words, length);
  }

  /** Adds the name that `key` is, which is not there yet, with its value. */
  add(key: HostKey, value: Value): void {
    assert(this.find(key) === undefined, "stores a host name twice");
    const nameWords = wordsOf(key.length);
    const grows = (this.#size + 1) * 2 > this.#capacity;
    if (grows || this.#namesEnd + nameWords > this.#names.length) {
      this.#rebuild(grows ? this.#capacity * 2 : this.#capacity, nameWords);
    }
    const nameAt = this.#namesEnd;
    this.#names[nameAt] = key.length;
    this.#names.set(key.words.subarray(0, nameWords - 1), nameAt + 1);
    this.#namesEnd += nameWords;
    this.#namesLive += nameWords;
    this.#place(key.hash, nameAt, value);
    this.#size++;
    this.#invariants();
  }

  /** Removes the name that `key` is, which is there. */
  remove(key: HostKey): void {
    const mask = this.#capacity - 1;
    let slot = key.hash & mask;
    while (
      this.#slots[slot * 2] !== key.hash ||
      !isName(this.#names, this.#slots[slot * 2 + 1]!, key.words, key.length)
    ) {
      assert(this.#slots[slot * 2 + 1] !== 0, "removes a host name that is not there");
      slot = (slot + 1) & mask;
    }
    this.#namesLive -= wordsOf(key.length);
    this.#closeGap(slot);
    this.#size--;
    if (this.#capacity > CAPACITY_MIN && this.#size * 8 < this.#capacity)
      this.#rebuild(this.#capacity / 2, 0);
    this.#invariants();
  }

  #find(hash: number, words: Int32Array, length: number): Value | undefined {
    const slots = this.#slots;
    const mask = this.#capacity - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const nameAt = slots[slot * 2 + 1]!;
      if (nameAt === 0) return undefined;
      if (slots[slot * 2] === hash && isName(this.#names, nameAt, words, length)) return this.#values[slot];
    }
  }

  /** Empties the slot `gap` by moving up what had to probe past it. */
  #closeGap(gap: number): void {
    const mask = this.#capacity - 1;
    let empty = gap;
    for (let slot = (gap + 1) & mask; this.#slots[slot * 2 + 1] !== 0; slot = (slot + 1) & mask) {
      const home = this.#slots[slot * 2]! & mask;
      if (((slot - home) & mask) < ((slot - empty) & mask)) continue;
      this.#slots.copyWithin(empty * 2, slot * 2, slot * 2 + 2);
      this.#values[empty] = this.#values[slot];
      empty = slot;
    }
    this.#slots.fill(0, empty * 2, empty * 2 + 2);
    this.#values[empty] = undefined;
  }

  #place(hash: number, nameAt: number, value: Value): void {
    const mask = this.#capacity - 1;
    let slot = hash & mask;
    while (this.#slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot * 2] = hash;
    this.#slots[slot * 2 + 1] = nameAt;
    this.#values[slot] = value;
  }

  /**
   * Moves everything to arrays of the right size, with room for `moreNameWords` and as many words again as
   * are in use.
   */
  #rebuild(capacity: number, moreNameWords: number): void {
    assert(capacity <= CAPACITY_MAX, "holds more host names than it can");
    const [slots, values, names] = [this.#slots, this.#values, this.#names];
    this.#names = new Int32Array(Math.max(NAME_WORDS_MIN, 1 + this.#namesLive * 2 + moreNameWords));
    this.#namesEnd = 1;
    this.#capacity = capacity;
    this.#slots = new Int32Array(capacity * 2);
    this.#values = emptySlots(capacity);
    for (let slot = 0; slot < values.length; slot++) {
      const nameAt = slots[slot * 2 + 1]!;
      if (nameAt === 0) continue;
      this.#place(slots[slot * 2]!, this.#namesEnd, values[slot]!);
      const end = nameAt + wordsOf(names[nameAt]!);
      for (let at = nameAt; at < end; at++) this.#names[this.#namesEnd++] = names[at]!;
    }
  }

  #invariants(): void {
    assert(this.#size * 2 <= this.#capacity, "is more than half full");
    assert(this.#namesEnd <= this.#names.length, "stores a name outside of its names");
    assert(this.#namesLive < this.#namesEnd, "counts name words that it does not hold");
    assert(this.#size > 0 || this.#namesLive === 0, "keeps the words of a name that is gone");
  }
}

/**
 * By length and `fill`: ten times as quick as `Array.from`, and a growing table holds up its worker for so
 * long.
 */
function emptySlots<Value>(capacity: number): (Value | undefined)[] {
  const slots: (Value | undefined)[] = [];
  slots.length = capacity;
  return slots.fill(undefined);
}

/** How many words of `names` a name takes: one for its length, and its bytes. */
function wordsOf(lengthBytes: number): number {
  return 1 + ((lengthBytes + 3) >> 2);
}

function isName(names: Int32Array, nameAt: number, words: Int32Array, length: number): boolean {
  if (names[nameAt] !== length) return false;
  const full = length >> 2;
  for (let index = 0; index < full; index++) {
    if (names[nameAt + 1 + index] !== words[index]) return false;
  }
  const mask = PARTIAL_MASK[length & 3]!;
  return mask === 0 || ((names[nameAt + 1 + full]! ^ words[full]!) & mask) === 0;
}
