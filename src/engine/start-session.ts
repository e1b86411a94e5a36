/**
 * What a client's connection becomes first: a handshake at an https listener, else a session at once.
 */
import type { Client } from "./client.ts";
import type { Configuration } from "./configuration.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { Core } from "./core.ts";
import { Http1Session } from "./http1-session.ts";
import { TlsAcceptance } from "./tls/tls-acceptance.ts";

/** The connection's owner from now on. */
export function startSession(
  core: Core,
  configuration: Configuration,
  client: Client,
  connection: number,
): ConnectionOwner {
  if (client.listener.tls === undefined) return new Http1Session(core, configuration, client, connection);
  return new TlsAcceptance(core, configuration, client, connection);
}

/** There is no room for it: it is told so, where that takes no handshake. */
export function refuseSession(
  core: Core,
  configuration: Configuration,
  client: Client,
  connection: number,
): void {
  const session = new Http1Session(core, configuration, client, connection);
  if (client.listener.tls === undefined) session.refuse(503);
  else session.cut();
}
