/**
 * A TLS connection by Node's own `tls`, opened once and never again: what fails, fails. With an authority
 * given, the certificate and its name are verified.
 */
import type { Socket } from "node:net";
import { connect, type SecureVersion, type TLSSocket } from "node:tls";
import { ClientFault } from "./faults.ts";

export interface TlsWishes {
  /** Asked for (SNI). */
  readonly servername?: string;
  /** PEM of whom the client trusts; absent: anybody will do. */
  readonly ca?: string;
  readonly version?: SecureVersion;
  /** To be resumed. */
  readonly session?: Buffer;
  readonly ciphers?: string;
  readonly sigalgs?: string;
  /** PEM of what the client shows to who asks, and of its key. */
  readonly cert?: string;
  readonly key?: string;
  /** An open connection to speak over; absent: a new one. */
  readonly socket?: Socket;
}

/** Fulfilled after the handshake. Rejects with a `ClientFault` that tells OpenSSL's or Node's code. */
export function connectTls(port: number, wishes: TlsWishes, timeoutMs: number): Promise<TLSSocket> {
  const { version, ca, ...others } = wishes;
  const socket = connect({
    host: "127.0.0.1",
    port,
    rejectUnauthorized: ca !== undefined,
    ...(ca !== undefined && { ca }),
    ...(version !== undefined && { minVersion: version, maxVersion: version }),
    ...others,
  });
  socket.setNoDelay(true);
  return new Promise((resolve, reject) => {
    const fail = (kind: "refused" | "timeout", detail: string): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(new ClientFault(kind, `shaking hands: ${detail}`));
    };
    const timer = setTimeout(() => fail("timeout", "no end"), timeoutMs);
    const failed = (error: NodeJS.ErrnoException): void => fail("refused", `${error.code} ${error.message}`);
    socket.once("error", failed);
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      socket.off("error", failed);
      resolve(socket);
    });
  });
}
