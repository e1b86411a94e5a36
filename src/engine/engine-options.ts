/**
 * What an engine is made with: its port, its limits, and whom it tells what. Types only.
 */
import type { BackendChange, DrainUse } from "../model/channel.ts";
import type { TlsLibrary } from "../tls/machine.ts";
import type { EngineLimits } from "./limits.ts";
import type { Port } from "./port.ts";
import type { SecurePort } from "./tls/secure-port.ts";

export interface EngineHooks {
  /** The count of something that drains has changed. */
  drainChanged(use: DrainUse): void;
  /** The queue of a removed listener is empty and its socket closed. */
  unlistened(address: string): void;
  /** Health checks took a backend down, or up again. */
  backendChanged(change: BackendChange): void;
  /** After `stop` or `handOver`: the last session is over. */
  stopped(): void;
  log(level: "info" | "warning" | "error", message: string): void;
}

export interface EngineOptions {
  readonly port: Port;
  readonly seed: number;
  readonly hooks: EngineHooks;
  readonly limits?: Partial<EngineLimits>;
  /** Milliseconds since 1970 when the port's clock reads 0; request ids carry the time. */
  readonly epochMs?: number;
  /** For https listeners: the port that `port` is then, too, and OpenSSL. */
  readonly tls?: { readonly port: SecurePort; readonly library: TlsLibrary };
}
