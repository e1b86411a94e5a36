/**
 * What a contract test needs around a port: a far end for its connections, and a way to let the world go on.
 * Types only; `loopback-world.ts` is made of real sockets, `sim-world.ts` of simulated ones.
 */
import type { Address } from "../../src/base/address.ts";
import type { Port } from "../../src/engine/port.ts";
import type { Recorder } from "./recorder.ts";

export interface WorldLimits {
  readonly connectionsMax: number;
  readonly buffersMax: number;
  readonly bufferBytes: number;
}

/**
 * The far end of a connection. It checks that what it receives is the endless content of
 * `testing/content.ts`.
 */
export interface Peer {
  /** Sends the next bytes of the endless content. */
  sendContent(byteLength: number): void;
  end(): void;
  reset(): void;
  stopReading(): void;
  startReading(): void;
  readonly receivedBytes: number;
  /** What came last: still open, FIN, or RST. */
  readonly ending: "open" | "ended" | "reset";
}

export interface BackendAddress {
  readonly address: Address;
  /** The far end of the next connection made to it. */
  nextPeer(): Promise<Peer>;
}

/** A process of this world: its port, and what was told to it. */
export interface PortProcess {
  readonly port: Port;
  readonly recorder: Recorder;
  /** Uses the port inside a turn. */
  perform<Value>(action: () => Value): Value;
}

export interface PortWorld extends PortProcess {
  /** Nothing listens there. */
  readonly refusedAddress: Address;
  /** Never answers an attempt to connect. */
  readonly silentAddress: Address;
  /** Lets the world go on until it is true; fails with `what` when it never is. */
  until(isTrue: () => boolean, what: string): Promise<void>;
  /** Lets the world go on until all that is on its way has had every chance to arrive. */
  settle(): Promise<void>;
  /** A listening socket that the port does not accept on yet. */
  listen(): number;
  /** Another copy of the same listening socket. */
  listenAgain(listener: number): number;
  /** A client whose connection the kernel has taken, whether or not the port accepted it. */
  connectPeer(listener: number): Promise<Peer>;
  openBackend(): Promise<BackendAddress>;
  /** A second process. */
  openTaker(): Promise<Taker>;
  /** The process of the port dies, and with it every connection; nothing can be asked any more. */
  endProcess(): void;
  close(): Promise<void>;
}

/** A second process, which may be given connections. */
export interface Taker extends PortProcess {
  /**
   * Adopts a duplicate of a connection that the first process has detached; gives its number here. What it
   * receives is expected to go on where the first one's notes end.
   */
  adopt(connection: number): number;
  /** The second process dies. */
  end(): void;
}

export type OpenWorld = (limits: WorldLimits) => Promise<PortWorld>;

/** One rule of the contract, and what shows that it holds. */
export interface Rule {
  readonly title: string;
  readonly limits?: Partial<WorldLimits>;
  run(world: PortWorld): Promise<void>;
}
