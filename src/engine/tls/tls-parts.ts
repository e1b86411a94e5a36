/**
 * What an engine that speaks TLS has beside its port: who secures connections, and who decides how. Given
 * from outside, so that the engine itself knows no native code.
 */
import type { ClientContexts } from "./client-contexts.ts";
import type { HandshakeLog } from "./handshake-log.ts";
import type { SecurePort } from "./secure-port.ts";
import type { TlsServer } from "./tls-server.ts";

export interface TlsParts {
  readonly log: HandshakeLog;
  readonly port: SecurePort;
  readonly server: TlsServer;
  readonly clientContexts: ClientContexts;
}
