/**
 * A download that is read slowly and checked by its SHA-256. The socket is paused between pieces, so that
 * back-pressure reaches all the way to the backend. Once, never tried again.
 */
import { createHash } from "node:crypto";
import { contentHash } from "../content.ts";
import { ClientFault } from "./faults.ts";
import { HttpConnection } from "./http-connection.ts";

export interface DownloadOptions {
  readonly port: number;
  readonly host: string;
  readonly target: string;
  /** What `contentSlice` gives for so many bytes is expected. */
  readonly bytes: number;
  /** How fast it is read; default as fast as it comes. */
  readonly bytesPerSecond?: number;
  readonly timeoutMs: number;
  /** Told with each piece: how long it was waited for, since the last one or since reading went on. */
  readonly waited?: (waitedMs: number) => void;
}

/** Rejects with a `ClientFault` unless the whole content came. */
export async function download(options: DownloadOptions): Promise<void> {
  const hash = createHash("sha256");
  const startedMs = performance.now();
  let received = 0;
  let waitsSinceMs = startedMs;
  const connection = await HttpConnection.open(options.port, {
    timeoutMs: options.timeoutMs,
    bodyPiece: (piece) => {
      options.waited?.(performance.now() - waitsSinceMs);
      waitsSinceMs = performance.now();
      hash.update(piece);
      received += piece.length;
      const dueMs = options.bytesPerSecond === undefined ? 0 : (received / options.bytesPerSecond) * 1_000;
      const aheadMs = dueMs - (performance.now() - startedMs);
      if (aheadMs < 1) return;
      connection.pauseReading();
      setTimeout(() => {
        waitsSinceMs = performance.now();
        connection.resumeReading();
      }, aheadMs);
    },
  });
  try {
    const head = `GET ${options.target} HTTP/1.1\r\nHost: ${options.host}\r\n\r\n`;
    const response = await connection.exchange({ method: "GET", bytes: head, timeoutMs: options.timeoutMs });
    if (response.status !== 200) throw new ClientFault("status", `download: ${response.head.startLine}`);
    if (received !== options.bytes)
      throw new ClientFault("cut", `download: ${received} of ${options.bytes} bytes`);
    if (hash.digest("hex") !== contentHash(options.bytes))
      throw new ClientFault("body", "download: wrong bytes");
  } finally {
    connection.close();
  }
}
