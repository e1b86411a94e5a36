/**
 * The operations we ask of the ring, each written as one entry (io_uring_enter(2)). Not when to ask, nor what
 * comes of it.
 *
 * Each entry carries its kind in the upper four bits of its user data and a number (connection or listener)
 * below.
 */
import type { Address } from "../../base/address.ts";
import type { Region } from "../../sys/arena.ts";
import { writeSocketAddress } from "../../sys/socket-address.ts";
import type { Ring } from "./ring.ts";
import type { SendQueues } from "./send-queues.ts";

const QUIET = 0;
export const ACCEPT = 1;
export const CONNECT = 2;
export const RECEIVE = 3;
export const SEND = 4;
export const NODE_LOOP = 5;
export const ROOM = 6;
/**
 * A cancellation that found nothing: of an accept, connect, receive, send or wait for room. Those that
 * succeed are not told.
 */
export const CANCEL_MISSED = 8;

const ENTRY_WORDS = 16;
const KIND_SHIFT = 28;
const NUMBER_MASK = 0x0fff_ffff;

const OP_POLL_ADD = 6;
const OP_SENDMSG = 9;
const OP_ACCEPT = 13;
const OP_ASYNC_CANCEL = 14;
const OP_CONNECT = 16;
const OP_CLOSE = 19;
const OP_SEND = 26;
const OP_RECV = 27;
const ENTRY_BUFFER_SELECT = 1 << (5 + 8);
const ENTRY_SKIP_SUCCESS = 1 << (6 + 8);
const RECV_MULTISHOT = 1 << (1 + 16);
const RECV_BUNDLE = 1 << (4 + 16);
const MSG_NOSIGNAL = 0x4000;
const SOCK_NONBLOCK_CLOEXEC = 0x8_0800;
const POLLIN = 1;
const POLLOUT = 4;
const CANCEL_ALL = 1 << 0;
const CANCEL_ANY = 1 << 2;

/** struct msghdr (56 bytes, padded) and as many struct iovec as one operation may have (recvmsg(2)). */
const VECTORS_MAX = 64;
const HEADER_BYTES = 64;
export const MESSAGE_BYTES: number = HEADER_BYTES + VECTORS_MAX * 16;

/** The only group of provided buffers that there is. */
export const BUFFER_GROUP = 1;

export function kindOf(userData: number): number {
  return userData >>> KIND_SHIFT;
}

export function numberOf(userData: number): number {
  return userData & NUMBER_MASK;
}

export class Operations {
  readonly #ring: Ring;
  readonly #pool: Region;
  /** For each entry of the ring, memory for what it points to while it is submitted. */
  readonly #messages: Region;
  readonly #limitsReceives: boolean;
  readonly #pairs = new Int32Array(VECTORS_MAX * 2);

  /**
   * `pool` is the memory that is sent from; `messages` holds `MESSAGE_BYTES` for each entry.
   * `limitsReceives`: whether the kernel can limit what one receive gives (Linux 6.17); if not, each gives
   * one buffer.
   */
  constructor(ring: Ring, memory: { pool: Region; messages: Region }, options: { limitsReceives: boolean }) {
    this.#ring = ring;
    this.#pool = memory.pool;
    this.#messages = memory.messages;
    this.#limitsReceives = options.limitsReceives;
  }

  /**
   * One connection of a listening socket; the peer's address is written to `peer`, its length to
   * `peerLength`.
   */
  accept(listener: number, fd: number, peer: number, peerLength: number): void {
    const at = this.#entry(OP_ACCEPT, fd, userData(ACCEPT, listener));
    this.#address(at + 4, peer);
    this.#address(at + 2, peerLength);
    this.#ring.entries[at + 7] = SOCK_NONBLOCK_CLOEXEC;
  }

  connect(connection: number, fd: number, address: Address): void {
    const at = this.#entry(OP_CONNECT, fd, userData(CONNECT, connection));
    const message = this.#messageOf(at);
    const byteLength = writeSocketAddress(this.#messages.bytes, message, address);
    this.#address(at + 4, this.#messages.addressOf(message, byteLength));
    this.#ring.entries[at + 2] = byteLength;
  }

  /** Bytes into provided buffers, until `limitBytes` came, the peer's end or a fault. */
  receive(connection: number, fd: number, limitBytes: number): void {
    const flags = this.#limitsReceives ? RECV_MULTISHOT | RECV_BUNDLE : 0;
    const at = this.#entry(OP_RECV | ENTRY_BUFFER_SELECT | flags, fd, userData(RECEIVE, connection));
    this.#ring.entries[at + 10] = BUFFER_GROUP;
    this.#ring.entries[at + 11] = this.#limitsReceives ? limitBytes : 0;
  }

  /** Writes the front of a connection's queue, as much of it as one operation takes. */
  send(connection: number, fd: number, queues: SendQueues): void {
    if (queues.isSingle(connection)) {
      const at = this.#entry(OP_SEND, fd, userData(SEND, connection));
      const byteLength = queues.firstBytes(connection);
      this.#address(at + 4, this.#pool.addressOf(queues.firstStart(connection), byteLength));
      this.#ring.entries[at + 6] = byteLength;
      this.#ring.entries[at + 7] = MSG_NOSIGNAL;
    } else {
      const at = this.#entry(OP_SENDMSG, fd, userData(SEND, connection));
      this.#address(at + 4, this.#writeMessage(this.#messageOf(at), connection, queues));
      this.#ring.entries[at + 6] = 1;
      this.#ring.entries[at + 7] = MSG_NOSIGNAL;
    }
  }

  /**
   * Told once when a connection has room to be sent to. A send waits for that by itself, but not for ever:
   * where its peer has ended its direction, it comes back with EAGAIN after a while (seen on Linux 6.18).
   */
  awaitRoom(connection: number, fd: number): void {
    const at = this.#entry(OP_POLL_ADD, fd, userData(ROOM, connection));
    this.#ring.entries[at + 7] = POLLOUT;
  }

  /**
   * Cancels the one operation of that kind and number. It completes in any case; only a miss is told here.
   */
  cancel(kind: number, number: number): void {
    const at = this.#entry(OP_ASYNC_CANCEL | ENTRY_SKIP_SUCCESS, -1, userData(CANCEL_MISSED | kind, number));
    this.#ring.entries[at + 4] = userData(kind, number);
  }

  /** Cancels every operation that the kernel holds; each completes. */
  cancelAll(): void {
    const at = this.#entry(OP_ASYNC_CANCEL, -1, userData(QUIET, 0));
    this.#ring.entries[at + 7] = CANCEL_ALL | CANCEL_ANY;
  }

  close(fd: number): void {
    this.#entry(OP_CLOSE | ENTRY_SKIP_SUCCESS, fd, userData(QUIET, 0));
  }

  /** Told once when `fd` is readable. */
  pollNodeLoop(fd: number): void {
    const at = this.#entry(OP_POLL_ADD, fd, userData(NODE_LOOP, 0));
    this.#ring.entries[at + 7] = POLLIN;
  }

  #entry(operation: number, fd: number, data: number): number {
    const at = this.#ring.next();
    const entries = this.#ring.entries;
    entries[at] = operation;
    entries[at + 1] = fd;
    entries[at + 8] = data;
    return at;
  }

  #messageOf(at: number): number {
    return (at / ENTRY_WORDS) * MESSAGE_BYTES;
  }

  /** Writes a msghdr and its vectors over the front of the queue; gives its address. */
  #writeMessage(message: number, connection: number, queues: SendQueues): number {
    const words = this.#messages.words;
    const pairs = this.#pairs;
    const count = queues.gather(connection, pairs, VECTORS_MAX);
    const vectors = (message + HEADER_BYTES) / 4;
    for (let index = 0; index < count; index++) {
      const byteLength = pairs[index * 2 + 1]!;
      writeAddress(words, vectors + index * 4, this.#pool.addressOf(pairs[index * 2]!, byteLength));
      words[vectors + index * 4 + 2] = byteLength;
      words[vectors + index * 4 + 3] = 0;
    }
    const header = message / 4;
    words.fill(0, header, header + HEADER_BYTES / 4);
    writeAddress(words, header + 4, this.#messages.addressOf(message + HEADER_BYTES, count * 16));
    words[header + 6] = count;
    return this.#messages.addressOf(message, HEADER_BYTES);
  }

  #address(at: number, address: number): void {
    writeAddress(this.#ring.entries, at, address);
  }
}

function writeAddress(words: Int32Array, at: number, address: number): void {
  words[at] = address | 0;
  words[at + 1] = (address / 4_294_967_296) | 0;
}

function userData(kind: number, number: number): number {
  return (kind << KIND_SHIFT) | number;
}
