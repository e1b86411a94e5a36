/**
 * Client connections over TLS, each with one small request, and what was agreed on them. Version, group and
 * ciphers are the same for every proxy that is asked with the same wishes.
 */
import { connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import { requestHeadOf } from "../workload.ts";

export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** What all connections of a load have in common. */
export interface SecuredWish {
  readonly port: number;
  /** Asked for by SNI, and as `Host`. */
  readonly name: string;
  /** Either, where absent. */
  readonly version?: TlsVersion;
  /** The groups of the key exchange, in OpenSSL's words [Node's own]. */
  readonly groups?: string;
  readonly ciphers?: string;
}

/** What a connection has come to, once its request was answered with 200. */
export interface Secured {
  readonly socket: TLSSocket;
  readonly isResumed: boolean;
  /** To be resumed by the next connection, if a ticket came. */
  readonly ticket: Buffer | undefined;
}

/**
 * Group and ciphers of every handshake whose cost is measured. P-256 is for the key in the certificate, which
 * TLS 1.2 counts among the groups (RFC 8422 section 5.1.1); the exchange is by X25519, which comes first.
 */
export const PINNED: Readonly<Record<"groups" | "ciphers", string>> = {
  groups: "X25519:P-256",
  ciphers: "TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256",
};

const ANSWER_MS_MAX = 5_000;
const END_OF_BODY = "~";

/** Opens connections of one kind. One per load: the context is made once. */
export class SecuredClient {
  readonly #wish: SecuredWish;
  readonly #context: SecureContext;
  readonly #head: string;

  constructor(wish: SecuredWish) {
    const { version, groups, ciphers } = wish;
    this.#wish = wish;
    this.#head = requestHeadOf(wish.name, "/small");
    this.#context = createSecureContext({
      ...(version === undefined ? {} : { minVersion: version, maxVersion: version }),
      ...(groups === undefined ? {} : { ecdhCurve: groups }),
      ...(ciphers === undefined ? {} : { ciphers }),
    });
  }

  /**
   * Connects, asks, and leaves the connection open. Rejects with what went wrong; no connection stays then.
   * Who a proxy claims to be is not judged: that is work of the load's core, and says nothing of the proxy.
   */
  ask(ticket?: Buffer): Promise<Secured> {
    return new Promise((resolve, reject) => {
      const socket = connect({
        host: "127.0.0.1",
        port: this.#wish.port,
        servername: this.#wish.name,
        secureContext: this.#context,
        rejectUnauthorized: false,
        ...(ticket === undefined ? {} : { session: ticket }),
      });
      const fail = (reason: string): void => {
        socket.destroy();
        reject(new Error(reason));
      };
      let newTicket: Buffer | undefined;
      let answer = "";
      socket.setTimeout(ANSWER_MS_MAX, () => fail("no answer in time"));
      socket.on("session", (session) => (newTicket = session));
      socket.on("error", (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
      socket.once("close", () => fail("closed before the answer"));
      socket.once("secureConnect", () => socket.write(this.#head));
      socket.setEncoding("latin1").on("data", (text: string) => {
        answer += text;
        if (!answer.endsWith(END_OF_BODY)) return;
        const [status = ""] = answer.split("\r\n", 1);
        if (!status.startsWith("HTTP/1.1 200 ")) return fail(`answered ${status}`);
        socket.setTimeout(0);
        return resolve({ socket, isResumed: socket.isSessionReused(), ticket: newTicket });
      });
    });
  }
}

/** What clients and this proxy agree on, in words: they have to be the same ones for every proxy. */
async function agreementWith(wish: SecuredWish): Promise<string> {
  const { socket } = await new SecuredClient(wish).ask();
  const key = socket.getPeerX509Certificate()?.publicKey;
  const group = socket.getEphemeralKeyInfo();
  const agreed = [
    socket.getProtocol(),
    socket.getCipher().standardName,
    ...(group !== null && "name" in group ? [group.name] : []),
    key?.asymmetricKeyType,
  ];
  socket.destroy();
  return agreed.join(", ");
}

/**
 * What clients agree on with each of these proxies. Throws when it is not the same with all: their costs
 * could not be compared.
 */
export async function agreementOfAll(
  proxies: readonly { readonly name: string; readonly port: number }[],
  wish: Omit<SecuredWish, "port">,
): Promise<string> {
  const agreed = new Map<string, string>();
  for (const { name, port } of proxies) agreed.set(name, await agreementWith({ ...wish, port }));
  const [first = "", ...others] = new Set(agreed.values());
  if (others.length === 0) return first;
  throw new Error(`not all agree on the same: ${[...agreed].map((pair) => pair.join(": ")).join("; ")}`);
}
