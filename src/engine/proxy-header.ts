/**
 * The PROXY header that a new connection to a backend begins with, where its cluster asks for one.
 */
import type { ProxyProtocolVersion } from "../model/objects.ts";
import { WRITTEN_BYTES_MAX, writeProxyHeader } from "../proxy-protocol/write-header.ts";
import type { Client } from "./client.ts";
import type { Core } from "./core.ts";

/** A connection whose first bytes tell its client. */
interface AnnouncedLink {
  readonly connection: number;
  readonly announcedAs: ProxyProtocolVersion | undefined;
}

/** Sends the header of `client`. False: no buffer is free. */
export function sendProxyHeader(core: Core, link: AnnouncedLink, client: Client): boolean {
  if (link.announcedAs === undefined) return true;
  const at = core.outbox.reserve(WRITTEN_BYTES_MAX);
  if (at === -1) return false;
  const end = writeProxyHeader(core.memory, at, link.announcedAs, client.addresses);
  core.outbox.send(link.connection, end);
  return true;
}
