/**
 * TLS by the OpenSSL that is inside Node: where all handles are made. Its machines work in one memory, the
 * buffers'.
 */
import type { TlsLibrary } from "../../tls/machine.ts";
import type { Region } from "../arena.ts";
import { openCertificate } from "./certificate.ts";
import { openClientContext } from "./client-context.ts";
import { countLiving } from "./living.ts";
import { openServerContext } from "./server-context.ts";
import { OpenSslTicketKeys } from "./ticket-keys.ts";

/** `memory`: where the offsets of machines count from. */
export function openTlsLibrary(memory: Region): TlsLibrary {
  return {
    openServerContext: (options) => openServerContext(memory, options),
    openClientContext: (options) => openClientContext(memory, options),
    openCertificate,
    openTicketKeys: (current, previous) => new OpenSslTicketKeys(current, previous),
    living: countLiving,
  };
}
