/** A relay that passes on what clients say one byte at a time, each in a packet of its own. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";

export class ByteRelay {
  readonly #server: Server;
  readonly #open: Set<Socket> = new Set();

  /** Relays to a port of 127.0.0.1. */
  static async start(port: number): Promise<ByteRelay> {
    const relay = new ByteRelay(port);
    const listening = Promise.withResolvers<void>();
    relay.#server.listen({ host: "127.0.0.1", port: 0 }, () => listening.resolve());
    await listening.promise;
    return relay;
  }

  private constructor(port: number) {
    this.#server = createServer((client) => {
      const back = connect({ host: "127.0.0.1", port, noDelay: true });
      for (const socket of [client, back]) {
        this.#open.add(socket);
        socket.on("error", () => socket.destroy());
        socket.on("close", () => this.#open.delete(socket));
      }
      back.pipe(client);
      void passBytes(client, back);
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
