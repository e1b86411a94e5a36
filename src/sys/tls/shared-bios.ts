/**
 * The one pair of memory BIOs that all machines share. A pair for each would cost memory, and none of them
 * holds anything between two calls: what is fed is read to its end, and what is written is taken, before
 * another machine comes.
 */
import { assert } from "../../base/assert.ts";
import {
  BIO_ctrl,
  BIO_ctrl_pending,
  BIO_new,
  BIO_read,
  BIO_s_mem,
  BIO_up_ref,
  BIO_write,
} from "./crypto-calls.ts";
import { addressOfWord, bytesAt, pointerAt } from "./desk.ts";
import { countSessions } from "./living.ts";
import { SSL_free, SSL_set_bio } from "./ssl-calls.ts";

const BIO_CTRL_RESET = 1;
const BIO_CTRL_INFO = 3;
const RECORD_HEADER_BYTES = 5;

const incoming = openBio();
const outgoing = openBio();
let user: object | undefined;

/** Gives a connection the pair; `freeSession` gives its references back. */
export function shareBios(ssl: number): void {
  BIO_up_ref(incoming);
  BIO_up_ref(outgoing);
  SSL_set_bio(ssl, incoming, outgoing);
  countSessions(1);
}

/** Frees a connection that was given the pair. */
export function freeSession(ssl: number): void {
  SSL_free(ssl);
  countSessions(-1);
}

/** Says that a machine uses the pair now. That another has left something in it is a defect of ours. */
export function claim(machine: object): void {
  if (user === machine) return;
  const left = BIO_ctrl_pending(incoming) + BIO_ctrl_pending(outgoing);
  assert(left === 0, "a machine is used before another was read and taken to its end");
  user = machine;
}

/** Drops what a machine that is freed has left in the pair. */
export function abandon(machine: object): void {
  if (user !== machine) return;
  BIO_ctrl(incoming, BIO_CTRL_RESET, 0, 0);
  BIO_ctrl(outgoing, BIO_CTRL_RESET, 0, 0);
  user = undefined;
}

/** Puts ciphertext in. */
export function putIncoming(address: number, length: number): void {
  assert(BIO_write(incoming, address, length) === length, "no memory for what was received");
}

/** Takes ciphertext out: its length, at most `max`; 0 for none. */
export function takeOutgoing(address: number, max: number): number {
  return Math.max(BIO_read(outgoing, address, max), 0);
}

/** How many bytes of what was put in were not read. */
export function unreadIncoming(): number {
  return BIO_ctrl_pending(incoming);
}

/** Drops what nobody will read. */
export function dropIncoming(): void {
  BIO_ctrl(incoming, BIO_CTRL_RESET, 0, 0);
}

/** How many bytes are there to take. */
export function untakenOutgoing(): number {
  return BIO_ctrl_pending(outgoing);
}

/** How many whole records are there to take. */
export function countOutgoingRecords(): number {
  const length = BIO_ctrl(outgoing, BIO_CTRL_INFO, 0, addressOfWord(0));
  const start = pointerAt(0);
  let count = 0;
  for (let at = 0; at < length; count++) {
    const header = bytesAt(start + at, RECORD_HEADER_BYTES);
    at += RECORD_HEADER_BYTES + ((header[3]! << 8) | header[4]!);
    assert(at <= length, "OpenSSL has written half a record");
  }
  return count;
}

function openBio(): number {
  const bio = BIO_new(BIO_s_mem());
  assert(bio !== 0, "no memory for a BIO");
  return bio;
}
