/**
 * A client's answers on their way to the kernel: one write at a time, so that it is known to the byte what
 * the client cannot have read yet. That goes along when main becomes another program.
 */
import type { Socket } from "node:net";
import { unwrittenBytes } from "../../io/node-descriptors.ts";

const WRITE_BYTES_MIN = 256 * 1024;

export class AnswerWriter {
  readonly #socket: Socket;
  readonly #taken: () => void;
  /** What Node was given; the kernel may have taken some of it. */
  #written: Buffer | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;

  /** `taken`: the kernel has taken some. */
  constructor(socket: Socket, taken: () => void) {
    this.#socket = socket;
    this.#taken = taken;
  }

  /** What the client has not read, nearly. */
  get unreadBytes(): number {
    return this.#waitingBytes + (this.#written?.length ?? 0);
  }

  write(bytes: Buffer): void {
    if (bytes.length === 0 || !this.#socket.writable) return;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#written === undefined) this.#writeNext();
  }

  /** Writes what waits, and then the end. */
  end(): void {
    this.#socket.end(Buffer.concat(this.#waiting));
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** What the kernel has not taken. */
  unsent(): Buffer {
    const written = this.#written ?? Buffer.alloc(0);
    const begun = written.subarray(written.length - Math.min(written.length, unwrittenBytes(this.#socket)));
    return Buffer.concat([begun, ...this.#waiting]);
  }

  /** Small ones together: each write is a call to the kernel. Not all: copying is time of main. */
  #takeSome(): Buffer {
    let [count, length] = [0, 0];
    while (count < this.#waiting.length && length < WRITE_BYTES_MIN) length += this.#waiting[count++]!.length;
    const taken = this.#waiting.splice(0, count);
    this.#waitingBytes -= length;
    return count === 1 ? taken[0]! : Buffer.concat(taken);
  }

  #writeNext(): void {
    const bytes = this.#takeSome();
    this.#written = bytes;
    this.#socket.write(bytes, () => {
      this.#written = undefined;
      if (this.#waiting.length > 0) this.#writeNext();
      this.#taken();
    });
  }
}
