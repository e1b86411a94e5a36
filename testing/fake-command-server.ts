/**
 * A command socket without a proxy behind it: a test says what is answered to each order. Its framing is its
 * own, written from the protocol page, so that a mistake in ours is not made twice.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { type Server, type Socket, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An order as it came over the socket. */
export interface ReceivedOrder {
  readonly id: string;
  readonly type: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

/** One client's connection, as the test's script uses it. */
export interface FakeConnection {
  /** Sends an answer: `id` and `version` are filled in. */
  answer(order: ReceivedOrder, answer: object): void;
  /** Sends text or bytes as they are. */
  write(bytes: string | Uint8Array): void;
  /** Closes this connection. */
  end(): void;
}

export type Script = (order: ReceivedOrder, connection: FakeConnection) => void;

export class FakeCommandServer {
  readonly path: string;
  /** All orders received, in order. */
  readonly orders: ReceivedOrder[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(path: string, script: Script) {
    this.path = path;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#serve(socket, script));
  }

  /** Listens on a new socket in a temporary folder. */
  static async start(script: Script): Promise<FakeCommandServer> {
    const folder = await mkdtemp(join(tmpdir(), "kakehi fake "));
    const server = new FakeCommandServer(join(folder, "command.sock"), script);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.#server.once("error", reject).listen(server.path, resolve);
    await promise;
    return server;
  }

  /** Closes all connections and removes the socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const socket of this.#sockets) socket.destroy();
    await promise;
    await rm(join(this.path, ".."), { recursive: true });
  }

  #serve(socket: Socket, script: Script): void {
    this.#sockets.add(socket);
    let inFlight = 0;
    const endIfDone = (): void => {
      if (socket.readableEnded && inFlight === 0) socket.end();
    };
    const connection: FakeConnection = {
      answer: (order, answer) => {
        socket.write(`${JSON.stringify({ id: order.id, version: 1, ...answer })}\0`);
        if (!("status" in answer) || answer.status !== "PROCESSING") inFlight--;
        endIfDone();
      },
      write: (bytes) => socket.write(bytes),
      end: () => socket.end(),
    };
    let pending = "";
    socket.setEncoding("utf8").on("data", (text: string) => {
      const frames = (pending + text).split("\0");
      pending = frames.pop() ?? "";
      for (const frame of frames.filter((each) => each.trim() !== "")) {
        const order = JSON.parse(frame) as ReceivedOrder;
        this.orders.push(order);
        inFlight++;
        script(order, connection);
      }
    });
    socket.on("end", endIfDone);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#sockets.delete(socket));
  }
}
