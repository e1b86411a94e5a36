/**
 * A relay between clients and one backend that spoils what comes back: it proves that the strict clients
 * count each kind of fault. Not a proxy: it passes bytes, one backend connection for each client's.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** What is done to the bytes of an answer, or to its connection. */
export interface Spoil {
  /**
   * Called with each piece on its way to the client; gives what to send instead, or ends the connection
   * itself.
   */
  (piece: Buffer, client: Socket): Buffer | undefined;
}

export class FaultyRelay {
  readonly #server: Server;
  readonly #open: Set<Socket> = new Set();

  static async start(backendPort: number, spoil: Spoil): Promise<FaultyRelay> {
    const relay = new FaultyRelay(backendPort, spoil);
    const listening = Promise.withResolvers<void>();
    relay.#server.listen({ host: "127.0.0.1", port: 0 }, () => listening.resolve());
    await listening.promise;
    return relay;
  }

  private constructor(backendPort: number, spoil: Spoil) {
    this.#server = createServer((client) => {
      const back = connect({ host: "127.0.0.1", port: backendPort });
      for (const socket of [client, back]) {
        this.#open.add(socket);
        socket.on("error", () => socket.destroy());
        socket.on("close", () => this.#open.delete(socket));
      }
      client.on("data", (bytes) => back.write(bytes));
      client.on("close", () => back.destroy());
      back.on("data", (bytes: Buffer) => {
        const left = spoil(bytes, client);
        if (left !== undefined) client.write(left);
      });
      back.on("end", () => client.end());
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    for (const socket of this.#open) socket.destroy();
    await closed.promise;
  }
}
