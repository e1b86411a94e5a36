/** A relay that passes on what clients say one byte at a time, each in a packet of its own. */
import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { Relay } from "./relay.ts";

/** Relays to a port of 127.0.0.1. */
export function startByteRelay(port: number): Promise<Relay> {
  return Relay.start(port, (client, back) => {
    back.pipe(client);
    void passBytes(client, back);
  });
}

async function passBytes(client: Socket, back: Socket): Promise<void> {
  try {
    for await (const piece of client as AsyncIterable<Buffer>) {
      for (const byte of piece) {
        back.write(Buffer.of(byte));
        await setImmediate();
      }
    }
    back.end();
  } catch {
    back.destroy();
  }
}
