/**
 * The state that a worker starts from, as a memory file: the messages that would come through its channel,
 * read piece by piece, so that a large state is in memory once.
 */
import { readSync } from "node:fs";
import { assert } from "../base/assert.ts";
import type { ToWorker } from "../model/channel.ts";
import { FrameReader } from "../model/framing.ts";
import { closeDescriptor } from "../sys/descriptor.ts";

const PIECE_BYTES = 1024 * 1024;

/** All messages in the file, in order. Reads from its beginning, wherever it was left, and closes it. */
export function* messagesIn(fd: number): Generator<ToWorker> {
  const reader = new FrameReader({ frameBytesMax: Number.MAX_SAFE_INTEGER });
  const piece = new Uint8Array(PIECE_BYTES);
  let position = 0;
  try {
    for (let read = readSync(fd, piece, 0, PIECE_BYTES, 0); read > 0;) {
      position += read;
      for (const frame of reader.push(piece.subarray(0, read))) {
        assert(frame.kind === "object", `a message in a memory file is ${frame.kind}`);
        yield frame.value as unknown as ToWorker;
      }
      read = readSync(fd, piece, 0, PIECE_BYTES, position);
    }
  } finally {
    closeDescriptor(fd);
  }
}
