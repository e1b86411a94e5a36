/** Steps that several contract tests take. */
import { contentSlice } from "../../testing/content.ts";
import type { Peer, PortWorld } from "./world.ts";

/** A client's connection, accepted and receiving. */
export async function acceptOne(world: PortWorld): Promise<{ peer: Peer; connection: number }> {
  const listener = world.listen();
  world.perform(() => world.port.accept(listener));
  const peer = await world.connectPeer(listener);
  await world.until(() => world.recorder.accepts.length > 0, "accepted");
  const connection = world.recorder.accepts.shift()!;
  world.perform(() => world.port.receive(connection));
  return { peer, connection };
}

/** Sends `byteLength` bytes of the content from the port's side, never more than `queueBytesMax` queued. */
export function pump(
  world: PortWorld,
  connection: number,
  byteLength: number,
  queueBytesMax = 262_144,
): void {
  const { port, recorder } = world;
  let at = 0;
  const go = (): void => {
    while (at < byteLength && port.unsentBytes(connection) < queueBytesMax) {
      const buffer = port.buffers.take();
      if (buffer < 0) return;
      const part = contentSlice(at, Math.min(byteLength, at + port.buffers.bufferBytes));
      const start = port.buffers.startOf(buffer);
      port.buffers.memory.set(part, start);
      port.send(connection, buffer, start, start + part.length);
      at += part.length;
    }
  };
  recorder.onSent = (sender) => sender === connection && go();
  world.perform(go);
}

/** So many clients in the queue of a listener. */
export async function connectAll(world: PortWorld, listener: number, count: number): Promise<Peer[]> {
  const peers: Peer[] = [];
  for (let index = 0; index < count; index++) peers.push(await world.connectPeer(listener));
  return peers;
}

/** Takes every free number, to see how many there are, and gives them back. */
export function countFreeNumbers(world: PortWorld): number {
  return world.perform(() => {
    const taken: number[] = [];
    for (
      let next = world.port.connect(world.silentAddress);
      next >= 0;
      next = world.port.connect(world.silentAddress)
    ) {
      taken.push(next);
    }
    for (const connection of taken) world.port.close(connection);
    return taken.length;
  });
}
