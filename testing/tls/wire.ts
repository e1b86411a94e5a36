/**
 * A memory of buffers and what tests do in it with machines: bytes go from one to the other, whole or in any
 * split, and what a machine says is collected.
 */
import { assert } from "../../src/base/assert.ts";
import { mapRegion, type Region } from "../../src/sys/arena.ts";
import { TAKE_BYTES_MIN, WANTS_MORE, type TlsMachine } from "../../src/tls/machine.ts";

const AREA_BYTES = 1024 * 1024;
/** Where ciphertext is fed from, where plaintext is written from, and where each is put. */
const FEED = 0;
const WRITE = AREA_BYTES;
const READ = 2 * AREA_BYTES;
const TAKE = 3 * AREA_BYTES;

export const memory: Region = mapMemory();

/** What a machine gave after some ciphertext. */
export interface Outcome {
  readonly plaintext: Buffer;
  /** What `read` gave last. */
  readonly end: number;
  readonly ciphertext: Buffer;
}

export interface FeedOptions {
  /** How many bytes at a time. */
  readonly split?: number;
  /** Room for each `read`, and for each `take` if that is enough for one. */
  readonly room?: number;
}

/** Feeds bytes and reads and takes all that follows. */
export function feed(machine: TlsMachine, bytes: Uint8Array, options: FeedOptions = {}): Outcome {
  const { split = AREA_BYTES, room = AREA_BYTES } = options;
  const plaintext: Buffer[] = [];
  const ciphertext: Buffer[] = [];
  let end = WANTS_MORE;
  for (let at = 0; at < bytes.length; at += split) {
    const piece = bytes.subarray(at, at + split);
    memory.bytes.set(piece, FEED);
    machine.feed(FEED, FEED + piece.length);
    for (;;) {
      end = machine.read(READ, room);
      if (end <= 0) break;
      plaintext.push(Buffer.from(memory.bytes.slice(READ, READ + end)));
    }
    ciphertext.push(take(machine, Math.max(room, TAKE_BYTES_MIN)));
  }
  return { plaintext: Buffer.concat(plaintext), end, ciphertext: Buffer.concat(ciphertext) };
}

/** Encrypts bytes and takes the records. */
export function write(machine: TlsMachine, bytes: Uint8Array, room: number = AREA_BYTES): Buffer {
  memory.bytes.set(bytes, WRITE);
  machine.write(WRITE, WRITE + bytes.length);
  return take(machine, room);
}

/** Takes all that a machine wants to send. */
export function take(machine: TlsMachine, room: number = AREA_BYTES): Buffer {
  const pieces: Buffer[] = [];
  for (;;) {
    const length = machine.take(TAKE, room);
    if (length === 0) return Buffer.concat(pieces);
    pieces.push(Buffer.from(memory.bytes.slice(TAKE, TAKE + length)));
  }
}

/** Lets two machines speak until both are silent; `hello` is what the first has to say. */
export function exchange(from: TlsMachine, hello: Buffer, to: TlsMachine, options: FeedOptions = {}): void {
  let [speaker, listener] = [from, to];
  for (let said = hello; said.length > 0;) {
    said = feed(listener, said, options).ciphertext;
    [speaker, listener] = [listener, speaker];
  }
}

function mapMemory(): Region {
  const mapped = mapRegion(4 * AREA_BYTES);
  assert(mapped.ok, "no memory for a test");
  return mapped.value;
}
