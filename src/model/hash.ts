/**
 * The hash of a configuration, kept up with each change at the cost of the change.
 *
 * Each fact of the configuration (an object, the place of a regex frontend behind another) is mixed into 128
 * bits, and the facts are added up. Adding commutes and can be taken back, so equal configurations have equal
 * hashes, whatever the path that led there and in whatever process. The fields of an object are added up in
 * the same way, so their order does not matter either. It finds drift and tells states apart; it is not made
 * to withstand forgery. State files hold it: what it gives for a fact may never change.
 */
import { encodeUtf8Into } from "../base/text.ts";

/** 128 bits. */
type Lanes = Int32Array;
const LANES = 4;

/** The hash of one fact, 32 hexadecimal digits: of a record beside a configuration, say. */
export function hashOf(label: string, fact: unknown): string {
  const hash = new ConfigurationHash();
  hash.add(label, fact);
  return hash.text();
}

/** A fact is a text, a number, a flag, or an object of such. */
export class ConfigurationHash {
  readonly #sum: Lanes = new Int32Array(LANES);
  readonly #fact: Lanes = new Int32Array(LANES);

  /** Takes in a fact that has become true. `label` tells facts of different meaning apart. */
  add(label: string, fact: unknown): void {
    this.#fact.fill(0);
    addField(this.#fact, label, fact, 0);
    for (let lane = 0; lane < LANES; lane++) this.#sum[lane]! += this.#fact[lane]!;
  }

  /** Takes out a fact that is no longer true. */
  remove(label: string, fact: unknown): void {
    this.#fact.fill(0);
    addField(this.#fact, label, fact, 0);
    for (let lane = 0; lane < LANES; lane++) this.#sum[lane]! -= this.#fact[lane]!;
  }

  /** 32 hexadecimal digits. */
  text(): string {
    return hexadecimal(this.#sum);
  }
}

/**
 * 32 hexadecimal digits for a long text, mixed as UTF-8, four bytes at a time, the lowest first as in all
 * machines that we run on. What it gives for a text may never change either.
 */
export function textDigest(text: string): string {
  makeRoom(text.length);
  const bytes = encodeUtf8Into(text, bytesOfWords.subarray(BYTES_PER_WORD)) + BYTES_PER_WORD;
  const count = Math.ceil(bytes / BYTES_PER_WORD) - 1;
  // What an earlier text left in the last word.
  bytesOfWords.fill(0, bytes, (count + 1) * BYTES_PER_WORD);
  mix(mixed, START, (LONG_TEXT << 28) ^ bytes, count);
  digested.fill(0);
  addSpread(digested, mixed);
  return hexadecimal(digested);
}

/** What tells the values of a field apart that are written alike. */
const TEXT = 1;
const OBJECT = 2;
const OTHER = 3;
const LONG_TEXT = 4;

/** Where mixing begins. */
const START: Lanes = Int32Array.of(0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x6a09e667);
/** The lanes after a field's name: the same few names come with every object. Tags can have any name. */
const afterNames = new Map<string, Lanes>();
const AFTER_NAMES_MAX = 256;

const BYTE_DIGITS: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, "0"),
);

/** One field at a time is mixed: the lanes that it comes to, and the words that go into them. */
const mixed: Lanes = new Int32Array(LANES);
const digested: Lanes = new Int32Array(LANES);
const BYTES_PER_WORD = 4;
let words: Int32Array = new Int32Array(4_096);
let bytesOfWords: Uint8Array = new Uint8Array(words.buffer);
/** The sum of the fields of the object that is being added, for each depth. */
const sums: Lanes[] = [];

/**
 * Adds the hash of one field, its name with its value, to `sum`. An object's is that of its fields, added up.
 */
function addField(sum: Lanes, name: string, value: unknown, depth: number): void {
  const start = afterName(name);
  if (typeof value === "string") mixText(mixed, start, TEXT, value);
  else if (typeof value === "object" && value !== null) {
    const fields = sumOfFields(value, depth);
    words.set(fields, 1);
    mix(mixed, start, OBJECT << 28, LANES);
  } else mixText(mixed, start, OTHER, String(value));
  addSpread(sum, mixed);
}

function sumOfFields(value: object, depth: number): Lanes {
  const sum = (sums[depth] ??= new Int32Array(LANES)).fill(0);
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name in fields) addField(sum, name, fields[name], depth + 1);
  return sum;
}

function afterName(name: string): Lanes {
  const known = afterNames.get(name);
  if (known !== undefined) return known;
  const lanes = new Int32Array(LANES);
  mixText(lanes, START, TEXT, name);
  if (afterNames.size < AFTER_NAMES_MAX) afterNames.set(name, lanes);
  return lanes;
}

/** For a text of so many UTF-16 units after the first word: a word for each of them. */
function makeRoom(length: number): void {
  if (length < words.length) return;
  words = new Int32Array(length * 2);
  bytesOfWords = new Uint8Array(words.buffer);
}

/** What it is and how long it is go first: no two texts run together. */
function mixText(into: Lanes, from: Lanes, sort: number, text: string): void {
  const { length } = text;
  makeRoom(length);
  for (let at = 0; at < length; at++) words[at + 1] = text.charCodeAt(at);
  mix(into, from, (sort << 28) ^ length, length);
}

/**
 * `into` becomes `from` with `first` and the `count` words after it mixed in: four lanes of multiplying and
 * rotating.
 */
function mix(into: Lanes, from: Lanes, first: number, count: number): void {
  words[0] = first;
  let a = from[0]!;
  let b = from[1]!;
  let c = from[2]!;
  let d = from[3]!;
  for (let at = 0; at <= count; at++) {
    const word = words[at]!;
    a = Math.imul(((a << 13) | (a >>> 19)) ^ word, 0x85ebca6b);
    b = Math.imul(((b << 15) | (b >>> 17)) ^ word, 0xc2b2ae35);
    c = Math.imul(((c << 11) | (c >>> 21)) ^ word, 0x27d4eb2f);
    d = Math.imul(((d << 17) | (d >>> 15)) ^ word, 0x165667b1);
  }
  into[0] = a;
  into[1] = b;
  into[2] = c;
  into[3] = d;
}

/** The lanes meet, and are added up. */
function addSpread(sum: Lanes, lanes: Lanes): void {
  const a = lanes[0]!;
  const b = lanes[1]!;
  const c = lanes[2]!;
  const d = lanes[3]!;
  sum[0]! += spread(a ^ spread(b + c));
  sum[1]! += spread(b ^ spread(c + d));
  sum[2]! += spread(c ^ spread(d + a));
  sum[3]! += spread(d ^ spread(a + b));
}

/** Spreads each bit over the whole word. */
function spread(word: number): number {
  let bits = Math.imul(word ^ (word >>> 16), 0x7feb352d);
  bits = Math.imul(bits ^ (bits >>> 15), 0x846ca68b);
  return bits ^ (bits >>> 16);
}

function hexadecimal(lanes: Lanes): string {
  let text = "";
  for (const lane of lanes) {
    for (let shift = 24; shift >= 0; shift -= 8) text += BYTE_DIGITS[(lane >>> shift) & 0xff]!;
  }
  return text;
}
