/**
 * A client's connection after its last response: everything is said, our direction ends, and what the client
 * still sends is dropped until it ends, too. Closing at once would answer those bytes with a reset, and the
 * reset could destroy the response before the client has read it (RFC 9112 section 9.6).
 *
 * Rules of this file:
 *  1. What is queued is written, also to a client that has ended its direction. While there is some, the
 *     client may be silent as long as in an exchange (`front_timeout_ms`); then a reset shows what is
 *     missing.
 *  2. Once everything is written, it ends with the client, or after `lingerMs`.
 *  3. From then on it uses nothing: no drain waits for a client that is slow to end.
 */
import { assert } from "../base/assert.ts";
import type { Client } from "./client.ts";
import type { Configuration } from "./configuration.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { Core } from "./core.ts";
import type { Use } from "./use.ts";

/** A session's client as it is when its last response is queued. */
export interface LeavingClient {
  readonly connection: number;
  readonly client: Client;
  readonly hasEnded: boolean;
  /** How long it may take nothing of what is queued. */
  readonly silenceMs: number;
}

export class LingeringConnection implements ConnectionOwner {
  readonly #core: Core;
  readonly #configuration: Configuration;
  readonly #connection: number;
  /** Until everything is written. */
  #client: Client | undefined;
  readonly #silenceMs: number;
  #clientHasEnded: boolean;
  /** When the client last took something. */
  #activeAt: number;

  /** Takes the connection over from its session, and ends our direction. */
  constructor(core: Core, configuration: Configuration, leaving: LeavingClient) {
    const { connection, client } = leaving;
    this.#core = core;
    this.#configuration = configuration;
    this.#connection = connection;
    this.#client = client;
    this.#silenceMs = leaving.silenceMs;
    this.#clientHasEnded = leaving.hasEnded;
    this.#activeAt = core.now;
    core.own(connection, this);
    core.port.shutdown(connection);
    core.port.receive(connection);
    core.deadlines.set(connection, core.now + core.limits.lingerMs);
    if (!this.#isWriting) this.#leaveClient();
  }

  uses(use: Use): boolean {
    return this.#client?.uses(use) === true;
  }

  connected(): void {
    assert(false, "a client's connection is connected from the beginning");
  }

  received(buffer: number): void {
    this.#core.buffers.release(buffer);
  }

  sent(): void {
    const { now, deadlines, limits } = this.#core;
    this.#activeAt = now;
    if (this.#isWriting) return;
    this.#leaveClient();
    if (this.#clientHasEnded) this.#close();
    else deadlines.set(this.#connection, now + limits.lingerMs);
  }

  ended(): void {
    this.#clientHasEnded = true;
    if (!this.#isWriting) this.#close();
  }

  failed(): void {
    this.cut();
  }

  expired(): void {
    if (!this.#isWriting) return this.#close();
    const due = this.#activeAt + this.#silenceMs;
    if (due > this.#core.now) this.#core.deadlines.set(this.#connection, due);
    else this.cut();
  }

  cut(): void {
    this.#leave();
    this.#core.port.reset(this.#connection);
  }

  get #isWriting(): boolean {
    return this.#core.port.unsentBytes(this.#connection) > 0;
  }

  #close(): void {
    this.#leave();
    this.#core.port.close(this.#connection);
  }

  #leave(): void {
    this.#core.disown(this.#connection);
    this.#leaveClient();
    this.#configuration.sessionEnded(undefined);
  }

  #leaveClient(): void {
    this.#client?.leave();
    this.#client = undefined;
  }
}
