/** Steps of contract tests that detach connections and give them away. */
import assert from "node:assert/strict";
import { contentSlice } from "../../testing/content.ts";
import type { PortProcess, PortWorld, Taker } from "./world.ts";

export function isDetached(process: PortWorld, connection: number): Promise<void> {
  return process.until(() => process.recorder.of(connection).attachment === "detached", "detached");
}

export async function detach(world: PortWorld, connection: number): Promise<void> {
  world.perform(() => world.port.detach(connection));
  await isDetached(world, connection);
}

/** Detaches, lets the taker have it with what is unsent, and releases it; gives the taker's number. */
export async function give(world: PortWorld, taker: Taker, connection: number): Promise<number> {
  await detach(world, connection);
  const unsent = copyUnsent(world, connection);
  const taken = taker.adopt(connection);
  assert.ok(taken >= 0);
  taker.perform(() => {
    sendBytes(taker, taken, unsent);
    taker.port.receive(taken);
  });
  world.perform(() => world.port.release(connection));
  return taken;
}

export function copyUnsent(world: PortWorld, connection: number): Buffer {
  const { port } = world;
  const parts: Buffer[] = [];
  world.perform(() =>
    port.eachUnsent(connection, (buffer, start, end) => {
      assert.ok(port.buffers.references(buffer) > 0 && end > start);
      parts.push(Buffer.from(port.buffers.memory.subarray(start, end)));
    }),
  );
  return Buffer.concat(parts);
}

/** Inside a turn. */
function sendBytes(process: PortProcess, connection: number, bytes: Uint8Array): void {
  const { buffers } = process.port;
  for (let at = 0; at < bytes.length; at += buffers.bufferBytes) {
    const part = bytes.subarray(at, at + buffers.bufferBytes);
    const buffer = buffers.take();
    assert.ok(buffer >= 0, "no buffer left to send from");
    const start = buffers.startOf(buffer);
    buffers.memory.set(part, start);
    process.port.send(connection, buffer, start, start + part.length);
  }
}

export function sendContent(process: PortProcess, connection: number, start: number, end: number): void {
  sendBytes(process, connection, contentSlice(start, end));
}

/** Sends bytes `start` to `end` of the content with little queued; gives how far it has come. */
export function pumpFrom(process: PortProcess, connection: number, start: number, end: number): () => number {
  const { port, recorder } = process;
  let at = start;
  const go = (): void => {
    while (at < end && port.unsentBytes(connection) < 262_144) {
      const to = Math.min(end, at + port.buffers.bufferBytes);
      sendContent(process, connection, at, to);
      at = to;
    }
  };
  recorder.onSent = (sender) => sender === connection && go();
  process.perform(go);
  return () => at;
}
