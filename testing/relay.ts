/**
 * What relays for tests have in common: they listen on a free port, and open a connection to one port of
 * 127.0.0.1 for each client. What goes over is the business of who makes one.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** Told of each client, with the connection that was opened for it. */
export type Join = (client: Socket, back: Socket) => void;

export class Relay {
  readonly #server: Server;
  readonly #open: Set<Socket> = new Set();

  static async start(backPort: number, join: Join): Promise<Relay> {
    const relay = new Relay(backPort, join);
    const listening = Promise.withResolvers<void>();
    relay.#server.listen({ host: "127.0.0.1", port: 0 }, () => listening.resolve());
    await listening.promise;
    return relay;
  }

  private constructor(backPort: number, join: Join) {
    this.#server = createServer((client) => {
      const back = connect({ host: "127.0.0.1", port: backPort, noDelay: true });
      for (const socket of [client, back]) {
        this.#open.add(socket);
        socket.on("error", () => socket.destroy());
        socket.on("close", () => this.#open.delete(socket));
      }
      join(client, back);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Cuts what is open, and ends. */
  async stop(): Promise<void> {
    const closed = Promise.withResolvers<void>();
    this.#server.close(() => closed.resolve());
    for (const socket of this.#open) socket.destroy();
    await closed.promise;
  }
}
