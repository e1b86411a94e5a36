/**
 * TLS for a worker: the secure port around the I/O's, and OpenSSL working in the I/O's memory. Where either
 * cannot be had, the worker serves http all the same, and says why it refuses https.
 */
import type { EngineOptions } from "../engine/engine-options.ts";
import { SecurePort } from "../engine/tls/secure-port.ts";
import type { Io } from "../io/io.ts";

export type OpenedTls = NonNullable<EngineOptions["tls"]>;

/** `warn` is told once, in words for the operator, why there is none. */
export async function openTls(io: Io, warn: (message: string) => void): Promise<OpenedTls | undefined> {
  if (io.memory === undefined) {
    warn("no TLS: this system has no mapped memory; https listeners refuse their clients");
    return undefined;
  }
  try {
    // Its symbols are looked up as it is loaded: another build of Node may hide them.
    const { openTlsLibrary } = await import("../sys/tls/library.ts");
    return { port: new SecurePort(io.port), library: openTlsLibrary(io.memory) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    warn(`no TLS: this Node hides its OpenSSL (${reason}); https listeners refuse their clients`);
    return undefined;
  }
}
