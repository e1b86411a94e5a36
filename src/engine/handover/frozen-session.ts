/**
 * A session between requests, frozen: what its client sends meanwhile is kept, unread, and goes with it.
 */
import { encodeBase64 } from "../../base/base64.ts";
import { assert } from "../../base/assert.ts";
import { joinBytes } from "../../base/bytes.ts";
import type { SessionRecord } from "../../model/handover.ts";
import type { ConnectionOwner } from "../connection-owner.ts";
import type { Core } from "../core.ts";
import type { Http1Session } from "../http1-session.ts";
import { PendingInput } from "../pending-input.ts";
import type { Use } from "../use.ts";
import type { Frozen, FrozenKeeper } from "./frozen.ts";
import { unsentOf } from "./unsent.ts";

export class FrozenSession implements Frozen, ConnectionOwner {
  readonly kind = "session" as const;
  readonly #core: Core;
  readonly #keeper: FrozenKeeper;
  readonly #session: Http1Session;
  /** What came after it was frozen. */
  readonly #late = new PendingInput();
  #clientHasEnded = false;
  /** Who cuts it meanwhile is obeyed if it comes back. */
  #isCut = false;

  /** Takes the connection over from `session`, and has it detached. */
  constructor(core: Core, keeper: FrozenKeeper, session: Http1Session) {
    this.#core = core;
    this.#keeper = keeper;
    this.#session = session;
    const { connection } = session;
    core.own(connection, this);
    core.deadlines.clear(connection);
    core.reading.forget(connection);
    core.port.detach(connection);
  }

  get connections(): readonly number[] {
    return [this.#session.connection];
  }

  record(): SessionRecord {
    const { buffers } = this.#core;
    const { client, connection, idleMs } = this.#session;
    const pieces = this.#session.unusedInput;
    this.#late.eachPiece(buffers, (bytes) => pieces.push(bytes));
    const input = joinBytes(...pieces);
    const unsent = unsentOf(this.#core, connection);
    return {
      kind: "session",
      listener: client.listener.configuration.address,
      client: client.record,
      idle_ms: idleMs,
      ...(input.length > 0 && { input: encodeBase64(input) }),
      ...(unsent !== "" && { unsent }),
    };
  }

  release(): void {
    const { buffers, port } = this.#core;
    this.#late.drop(buffers);
    this.#session.handedOver();
    port.release(this.#session.connection);
  }

  restore(): void {
    const session = this.#session;
    this.#core.own(session.connection, session);
    this.#core.port.attach(session.connection);
    session.comeBack();
    this.#late.drain(this.#core.buffers, (...slice) => {
      if (this.#isBack) session.received(...slice);
      else this.#core.buffers.release(slice[0]);
    });
    if (this.#clientHasEnded && this.#isBack) session.ended();
    if (this.#isCut && this.#isBack) session.cut();
  }

  uses(use: Use): boolean {
    return this.#session.uses(use);
  }

  connected(): void {
    assert(false, "a client's connection is connected from the beginning");
  }

  received(buffer: number, start: number, end: number): void {
    this.#late.push(buffer, start, end);
  }

  sent(): void {
    // Less of it goes along.
  }

  ended(): void {
    this.#clientHasEnded = true;
  }

  failed(): void {
    const { buffers } = this.#core;
    this.#late.drop(buffers);
    this.#core.own(this.#session.connection, this.#session);
    this.#keeper.lost(this);
    this.#session.failed();
  }

  /** A client that has ended its side meanwhile is not handed over: its session knows what to do. */
  detached(): void {
    if (!this.#clientHasEnded) return this.#keeper.ready(this);
    this.#keeper.lost(this);
    this.restore();
  }

  expired(): void {
    assert(false, "what is frozen has no deadline");
  }

  /** It may be the other worker's already, which cuts what is its own. */
  cut(): void {
    this.#isCut = true;
  }

  /** True while the session has its connection again: what comes back may end it. */
  get #isBack(): boolean {
    return this.#core.owners[this.#session.connection] === this.#session;
  }
}
