/**
 * What a simulated address does with connections, and the connections that it got. How bytes move is
 * `sim-connection.ts`.
 */
import type { IoFault } from "../../src/engine/port.ts";
import type { SimPeer } from "./sim-peer.ts";

/** What answers at an address. `silent`: nothing ever does, as with a firewall that drops. */
export type BackendMode = "accepts" | "silent" | IoFault;

/** A backend's listening side. Every connection that the engine opened is kept, in order. */
export class SimBackend {
  mode: BackendMode = "accepts";
  readonly connections: SimPeer[] = [];
  /** Attempts to connect, whatever became of them. */
  attempts = 0;
  onConnection: ((peer: SimPeer) => void) | undefined;
}
