/**
 * A client's connection at a listener that asks for a PROXY header, until that header has come: then it
 * becomes a session of the client that the header tells. What does not begin with one, in its time and its
 * size, is cut without a word: whoever sent it speaks another protocol.
 */
import { formatIp } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import type { ProxyAddresses } from "../proxy-protocol/header.ts";
import { readProxyHeader } from "../proxy-protocol/read-header.ts";
import { Client } from "./client.ts";
import type { Configuration } from "./configuration.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { Core } from "./core.ts";
import { startSession } from "./start-session.ts";

const NOTHING = new Uint8Array(0);

export class AnnouncedConnection implements ConnectionOwner {
  readonly #core: Core;
  readonly #configuration: Configuration;
  /** Whoever connected: the sender of the header. */
  readonly #peer: Client;
  readonly #connection: number;
  /** What has come of a header that is not whole: copied, so that a slow peer holds no buffer. */
  #partial: Uint8Array = NOTHING;
  #length = 0;

  constructor(core: Core, configuration: Configuration, peer: Client, connection: number) {
    this.#core = core;
    this.#configuration = configuration;
    this.#peer = peer;
    this.#connection = connection;
    core.own(connection, this);
    core.deadlines.set(connection, core.now + peer.listener.configuration.request_timeout_ms);
    core.port.receive(connection);
  }

  connected(): void {
    assert(false, "a client's connection is connected from the beginning");
  }

  received(buffer: number, start: number, end: number): void {
    const { memory, buffers, limits } = this.#core;
    const before = this.#length;
    const taken = Math.min(end - start, limits.proxyHeaderBytesMax - before);
    if (this.#partial === NOTHING) this.#partial = new Uint8Array(limits.proxyHeaderBytesMax);
    this.#partial.set(memory.subarray(start, start + taken), before);
    this.#length += taken;
    const read = readProxyHeader(this.#partial, 0, this.#length, limits.proxyHeaderBytesMax);
    if (read.kind !== "header") {
      buffers.release(buffer);
      if (read.kind === "violation") this.cut();
      return;
    }
    const session = this.#becomeSession(read.addresses);
    const rest = start + read.end - before;
    if (rest < end) session.received(buffer, rest, end);
    else buffers.release(buffer);
  }

  sent(): void {
    assert(false, "nothing is sent before the header has come");
  }

  ended(): void {
    this.cut();
  }

  failed(): void {
    this.cut();
  }

  expired(): void {
    this.cut();
  }

  cut(): void {
    this.#core.disown(this.#connection);
    this.#core.port.reset(this.#connection);
    this.#configuration.sessionEnded(this.#peer);
  }

  /** Without addresses (LOCAL, UNKNOWN), the client is whoever connected. */
  #becomeSession(addresses: ProxyAddresses | undefined): ConnectionOwner {
    const { listener } = this.#peer;
    const client =
      addresses === undefined
        ? this.#peer
        : new Client(listener, formatIp(addresses.source.ip), addresses.source.port, addresses.destination);
    return startSession(this.#core, this.#configuration, client, this.#connection);
  }
}
