/**
 * A client's connection after its last response: everything is said, our direction ends, and what the client
 * still sends is dropped until it ends, too. Closing at once would answer those bytes with a reset, and the
 * reset could destroy the response before the client has read it (RFC 9112 section 9.6).
 */
import { assert } from "../base/assert.ts";
import type { Configuration } from "./configuration.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { Core } from "./core.ts";

export class LingeringConnection implements ConnectionOwner {
  readonly #core: Core;
  readonly #configuration: Configuration;
  readonly #connection: number;
  readonly #clientHasEnded: boolean;

  /** Takes `connection` over from its session, and ends our direction. It lingers for `lingerMs` at most. */
  constructor(core: Core, configuration: Configuration, connection: number, clientHasEnded: boolean) {
    this.#core = core;
    this.#configuration = configuration;
    this.#connection = connection;
    this.#clientHasEnded = clientHasEnded;
    core.own(connection, this);
    core.port.shutdown(connection);
    core.port.receive(connection);
    core.deadlines.set(connection, core.now + core.limits.lingerMs);
  }

  connected(): void {
    assert(false, "a client's connection is connected from the beginning");
  }

  received(buffer: number): void {
    this.#core.buffers.release(buffer);
  }

  sent(): void {
    if (this.#clientHasEnded && this.#core.port.unsentBytes(this.#connection) === 0) this.#close();
  }

  ended(): void {
    this.#close();
  }

  failed(): void {
    this.#close();
  }

  expired(): void {
    this.#close();
  }

  cut(): void {
    this.#leave();
    this.#core.port.reset(this.#connection);
  }

  #close(): void {
    this.#leave();
    this.#core.port.close(this.#connection);
  }

  #leave(): void {
    this.#core.disown(this.#connection);
    this.#configuration.sessionEnded();
  }
}
