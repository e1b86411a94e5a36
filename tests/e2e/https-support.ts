/** What the tests of https share: an authority, certificates by it, and clients that believe nobody else. */
import type { TLSSocket } from "node:tls";
import { HttpBackend } from "../../testing/backends/http-backend.ts";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { connectTls, type TlsWishes } from "../../testing/clients/tls-client.ts";
import type { Response } from "../../testing/http/response.ts";
import type { Json } from "../../testing/order-client.ts";
import { within } from "../../testing/deadline.ts";
import { type IoName, Proxy } from "../../testing/proxy.ts";
import { makeCertificate, type TestCertificate } from "../../testing/tls/certificates.ts";
import { exchangeOn, TIMEOUT_MS } from "./support.ts";

export const authority: TestCertificate = makeCertificate({ name: "authority", isAuthority: true });

/** A certificate for `name` by the authority. */
export function certificateFor(name: string): TestCertificate {
  return makeCertificate({ name, issuer: authority });
}

/** A proxy of two workers with one https listener, everything of it to one backend. */
export class HttpsSetting {
  readonly proxy: Proxy;
  readonly backend: HttpBackend;
  readonly port: number;

  static async start(
    io: IoName,
    listener: { readonly [field: string]: Json } = {},
    workers = 2,
  ): Promise<HttpsSetting> {
    const backend = await HttpBackend.start({ id: "app-1" });
    const proxy = await Proxy.start({ io, workers });
    const backends = [{ id: "app-1", address: backend.address }];
    const port = await proxy.serve("app", backends, { protocol: "https", ...listener });
    return new HttpsSetting(proxy, backend, port);
  }

  private constructor(proxy: Proxy, backend: HttpBackend, port: number) {
    this.proxy = proxy;
    this.backend = backend;
    this.port = port;
  }

  get listener(): string {
    return `127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    await this.proxy.stop();
    await this.backend.stop();
  }

  /** Adds the certificate; gives its fingerprint. */
  async add({ pem, keyPem }: TestCertificate): Promise<string> {
    const data = { listener: this.listener, certificate: pem, key: keyPem };
    return (await this.proxy.orders.ok("ADD_CERTIFICATE", data)).data.fingerprint;
  }

  remove(fingerprint: string): Promise<unknown> {
    return this.proxy.orders.ok("REMOVE_CERTIFICATE", { listener: this.listener, fingerprint });
  }

  connect(wishes: TlsWishes): Promise<TLSSocket> {
    return connectTls(this.port, wishes, TIMEOUT_MS);
  }

  /** One request on a connection of its own, to `servername`. */
  async fetch(wishes: TlsWishes, target = "/"): Promise<Response> {
    const connection = HttpConnection.over(await this.connect(wishes));
    try {
      return await exchangeOn(connection, target, wishes.servername);
    } finally {
      connection.close();
    }
  }

  /** The DNS names of the certificate that is shown. */
  async namesShown(wishes: TlsWishes): Promise<string | undefined> {
    const socket = await this.connect(wishes);
    const { subjectaltname: names } = socket.getPeerCertificate();
    socket.destroy();
    return names;
  }
}

/**
 * Ends the connection and gives its session. TLS 1.3 tells it by a ticket after the handshake; with it comes
 * an answer.
 */
export async function sessionOf(socket: TLSSocket, version: string): Promise<Buffer> {
  const ticket = new Promise<Buffer>((resolve) => socket.once("session", resolve));
  await exchangeOn(HttpConnection.over(socket), "/");
  const session = version === "TLSv1.3" ? await within(TIMEOUT_MS, "a ticket", ticket) : socket.getSession()!;
  socket.destroy();
  return session;
}
