/**
 * What the benchmark knows of each proxy: how it is started, which processes carry traffic, how it ends. One
 * worker each, pinned to the same core, with the same routing and the same headers added.
 */
import type { Wildcard } from "../certificates/wildcard.ts";

/** A running proxy under measurement. */
export interface Contestant {
  readonly name: string;
  /** Where it accepts, on 127.0.0.1. */
  readonly port: number;
  /** The processes that clients' traffic passes through. */
  readonly workerPids: readonly number[];
  /** The other processes of the same program: reported apart. */
  readonly otherPids: readonly number[];
  end(): Promise<void>;
}

/** How to start one. */
export interface ContestantKind {
  readonly name: string;
  /** `undefined` when it can run here; else what to do. */
  missing(): string | undefined;
  /** Over TLS where a certificate is given: versions 1.2 and 1.3, the cipher by the client's choice. */
  start(folder: string, upstreamPort: number, wildcard?: Wildcard): Promise<Contestant>;
}
