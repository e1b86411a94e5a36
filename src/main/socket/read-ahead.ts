/**
 * What Node has read of a stream, and nobody has taken.
 */
import type { Readable } from "node:stream";

/**
 * A copy of all of it; it stays Node's, in case that we go on. A stream that flows gives one piece at a time
 * (nodejs.org, "readable.read()"), and it may have been told to flow a moment ago and hold several.
 */
export function readAhead(stream: Readable): Buffer {
  const pieces: Buffer[] = [];
  for (let piece = read(stream); piece !== null; piece = read(stream)) pieces.push(piece);
  const all = Buffer.concat(pieces);
  if (all.length > 0) stream.unshift(all);
  return all;
}

function read(stream: Readable): Buffer | null {
  return stream.read() as Buffer | null;
}
