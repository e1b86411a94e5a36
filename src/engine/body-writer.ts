/**
 * Sends the body of one message in the framing that its head announced: bytes as they are, or as chunks of
 * ours. Data is sent from the buffer it was received in; only small pieces are copied, to leave in one slice
 * with what stands before them.
 */
import { bytesOf, copyBytes, putBytes, putHexadecimal } from "../base/bytes.ts";
import { FRAMING, type Framing } from "../http/head.ts";
import { TRAILER_BYTES_MAX } from "../http1/body-reader.ts";
import { writeTrailers } from "../http1/write-head.ts";
import type { Core } from "./core.ts";

const LINE_END = bytesOf("\r\n");
const LAST_CHUNK = bytesOf("0\r\n");
/** Eight hexadecimal digits and two line ends. */
const CHUNK_OVERHEAD_BYTES = 12;

/**
 * Sends `memory[start..end)` as body bytes; adds its own reference of `buffer` where it needs one. False: no
 * buffer is free.
 */
export function sendBodyData(
  core: Core,
  connection: number,
  framing: Framing,
  buffer: number,
  start: number,
  end: number,
): boolean {
  const copied = end - start <= core.limits.copiedBytesMax;
  if (framing !== FRAMING.chunked) {
    const sent = copied && sendCopy(core, connection, start, end);
    if (!sent) sendSlice(core, connection, buffer, start, end);
    return true;
  }
  const at = core.outbox.reserve(CHUNK_OVERHEAD_BYTES + (copied ? end - start : 0));
  if (at === -1) return false;
  const memory = core.memory;
  let written = putBytes(memory, putHexadecimal(memory, at, end - start), LINE_END);
  if (copied) {
    written = copyBytes(memory, written, memory, start, end);
  } else {
    core.outbox.send(connection, written);
    sendSlice(core, connection, buffer, start, end);
    // The room was reserved above: what ends the chunk is in the same buffer.
    written = core.outbox.reserve(LINE_END.length);
    if (written === -1) return false;
  }
  core.outbox.send(connection, putBytes(memory, written, LINE_END));
  return true;
}

/**
 * Ends the body: the last chunk and the trailers where there are chunks, nothing elsewhere. False: no buffer
 * is free.
 */
export function sendBodyEnd(
  core: Core,
  connection: number,
  framing: Framing,
  trailers: Uint8Array | undefined,
): boolean {
  if (framing !== FRAMING.chunked) return true;
  const at = core.outbox.reserve(
    LAST_CHUNK.length + LINE_END.length + (trailers === undefined ? 0 : TRAILER_BYTES_MAX),
  );
  if (at === -1) return false;
  let end = putBytes(core.memory, at, LAST_CHUNK);
  if (trailers === undefined) {
    end = putBytes(core.memory, end, LINE_END);
  } else {
    const trailersEnd = writeTrailers(core.memory, end, trailers);
    if (trailersEnd < 0) return false;
    end = trailersEnd;
  }
  core.outbox.send(connection, end);
  return true;
}

/**
 * Passes received bytes on as they are; their reference of `buffer` goes with them. A few are copied to where
 * others of their kind are, so that a slow receiver of many small pieces does not hold a buffer for each.
 */
export function passOn(core: Core, connection: number, buffer: number, start: number, end: number): void {
  const copied = end - start <= core.limits.copiedBytesMax && sendCopy(core, connection, start, end);
  if (copied) core.buffers.release(buffer);
  else core.send(connection, buffer, start, end);
}

function sendCopy(core: Core, connection: number, start: number, end: number): boolean {
  const at = core.outbox.copy(core.memory, start, end);
  if (at === -1) return false;
  core.send(connection, core.outbox.buffer, at, at + end - start);
  return true;
}

function sendSlice(core: Core, connection: number, buffer: number, start: number, end: number): void {
  core.port.buffers.retain(buffer);
  core.send(connection, buffer, start, end);
}
