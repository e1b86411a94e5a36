/**
 * A relay between clients and one backend that spoils what comes back: it proves that the strict clients
 * count each kind of fault. Not a proxy: it passes bytes, one backend connection for each client's.
 */
import type { Socket } from "node:net";
import { Relay } from "./relay.ts";

/** What is done to the bytes of an answer, or to its connection. */
export interface Spoil {
  /**
   * Called with each piece on its way to the client; gives what to send instead, or ends the connection
   * itself.
   */
  (piece: Buffer, client: Socket): Buffer | undefined;
}

export function startFaultyRelay(backendPort: number, spoil: Spoil): Promise<Relay> {
  return Relay.start(backendPort, (client, back) => {
    client.on("data", (bytes) => back.write(bytes));
    client.on("close", () => back.destroy());
    back.on("data", (bytes: Buffer) => {
      const left = spoil(bytes, client);
      if (left !== undefined) client.write(left);
    });
    back.on("end", () => client.end());
  });
}
