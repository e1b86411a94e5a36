/**
 * A backend that speaks TLS, by Node. It answers requests with `hello`, keeps what it got in plain text, and
 * what each client said of itself in the handshake.
 */
import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { createServer, type Server, type TLSSocket, type TlsOptions } from "node:tls";
import type { TestCertificate } from "../tls/certificates.ts";

/** A client, once its handshake is complete. */
interface Guest {
  readonly serverName: string | false;
  /** The common name of its certificate, if it has shown one. */
  readonly commonName: string | undefined;
}

const RESPONSE = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

export class TlsBackend {
  readonly guests: Guest[] = [];
  /** All plain text that came. */
  received = "";
  /** How many connections came, whatever became of them. */
  connections = 0;
  /** What is done with a request. */
  respond: (socket: TLSSocket, raw: Socket) => void = (socket) => void socket.write(RESPONSE);
  readonly #server: Server;
  readonly #sockets: Set<Socket> = new Set();
  readonly #raw: Map<number, Socket> = new Map();

  static async start(shown: TestCertificate, options: TlsOptions = {}): Promise<TlsBackend> {
    const backend = new TlsBackend(shown, options);
    backend.#server.listen(0, "127.0.0.1");
    await once(backend.#server, "listening");
    return backend;
  }

  private constructor(shown: TestCertificate, options: TlsOptions) {
    this.#server = createServer({ cert: shown.pem, key: shown.keyPem, ...options });
    this.#server.on("connection", (socket: Socket) => this.#connected(socket));
    this.#server.on("secureConnection", (socket) => this.#secured(socket));
    this.#server.on("tlsClientError", () => undefined);
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #connected(socket: Socket): void {
    this.connections++;
    this.#sockets.add(socket);
    this.#raw.set(socket.remotePort!, socket);
    socket.on("error", () => undefined);
  }

  #secured(socket: TLSSocket): void {
    const raw = this.#raw.get(socket.remotePort!)!;
    const { subject } = socket.getPeerCertificate();
    this.guests.push({
      serverName: socket.servername as string | false,
      commonName: subject?.CN as string | undefined,
    });
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      this.received += bytes.toString("latin1");
      if (this.received.endsWith("\r\n\r\n")) this.respond(socket, raw);
    });
  }
}
