/**
 * The little of RFC 6455 that an echo needs: text frames of one piece, close frames, the accept key. Client
 * frames are masked, server frames are not; anything else is refused. Own code, so that a tunnel is judged
 * byte by byte.
 */
import { createHash } from "node:crypto";

export const OPCODE = { text: 1, close: 8 } as const;
/** RFC 6455, section 1.3: a fixed text that every server adds to the client's key. */
const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const FINAL = 0x80;
const MASKED = 0x80;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

export interface WebSocketFrame {
  readonly opcode: number;
  readonly payload: Buffer;
}

/** `Sec-WebSocket-Accept` for a `Sec-WebSocket-Key`. */
export function acceptFor(key: string): string {
  return createHash("sha1")
    .update(key + ACCEPT_SUFFIX)
    .digest("base64");
}

/** Writes one final frame; masked with `mask` (4 bytes) where given. */
export function writeFrame(opcode: number, payload: Buffer, mask?: Buffer): Buffer {
  const masked = mask === undefined ? 0 : MASKED;
  const head =
    payload.length < LENGTH_16
      ? Buffer.of(FINAL | opcode, masked | payload.length)
      : Buffer.of(FINAL | opcode, masked | LENGTH_16, payload.length >> 8, payload.length & 0xff);
  if (payload.length > 0xffff) throw new Error("frames of a test have at most 65,535 bytes");
  if (mask === undefined) return Buffer.concat([head, payload]);
  return Buffer.concat([head, mask, xor(payload, mask)]);
}

/** Splits a stream into frames. Throws an `Error` for what this file does not write. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  push(bytes: Buffer): WebSocketFrame[] {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    const frames: WebSocketFrame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    return frames;
  }

  #next(): WebSocketFrame | undefined {
    const bytes = this.#pending;
    if (bytes.length < 2) return undefined;
    const opcode = bytes[0]! & 0x0f;
    if ((bytes[0]! & 0xf0) !== FINAL || (opcode !== OPCODE.text && opcode !== OPCODE.close)) {
      throw new Error(`no frame of ours: first byte ${bytes[0]!.toString(16)}`);
    }
    const short = bytes[1]! & 0x7f;
    if (short === LENGTH_64) throw new Error("a frame with a 64-bit length");
    const lengthEnd = short === LENGTH_16 ? 4 : 2;
    if (bytes.length < lengthEnd) return undefined;
    const length = short === LENGTH_16 ? bytes.readUInt16BE(2) : short;
    const start = lengthEnd + ((bytes[1]! & MASKED) === 0 ? 0 : 4);
    if (bytes.length < start + length) return undefined;
    const payload = bytes.subarray(start, start + length);
    this.#pending = bytes.subarray(start + length);
    return {
      opcode,
      payload: start === lengthEnd ? payload : xor(payload, bytes.subarray(lengthEnd, start)),
    };
  }
}

function xor(payload: Buffer, mask: Buffer): Buffer {
  return Buffer.from(payload.map((byte, index) => byte ^ mask[index % 4]!));
}
