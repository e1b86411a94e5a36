/**
 * The reference configuration: the state, its revision, and the batch of accepted changes that are not on
 * disk yet. It knows no workers and no clients: whoever changes it says what happens once the change is kept,
 * or is not.
 *
 * Rules of this file:
 *  1. A change is judged, its listening sockets are opened, and only then is it accepted. What fails changes
 *     nothing.
 *  2. Nothing leaves this process before it is kept: a batch is kept whole, or taken back whole.
 *  3. While a batch is being kept nothing else is executed (`commit` says until when), so nobody sees what
 *     may be taken back.
 */
import { assert } from "../base/assert.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { applyOrder, applyOrders, undo } from "../model/apply.ts";
import type { Change } from "../model/channel.ts";
import type { OrderError } from "../model/errors.ts";
import type { ChangeOrder } from "../model/orders.ts";
import { State } from "../model/state.ts";

/** An accepted change of the configuration. */
export interface Accepted {
  /** The revision that it makes; the one that stands if it was already so. */
  readonly revision: number;
  readonly hash: string;
  /** Empty: it was already so. */
  readonly changes: readonly Change[];
  readonly message: string;
}

/** What a journal keeps of an accepted change. */
export interface KeptChange {
  readonly revision: number;
  readonly hash: string;
  readonly orders: readonly ChangeOrder[];
}

/** Keeps changes on disk. */
export interface ChangeKeeper {
  /** Fulfilled when they are on disk, whole, or when nothing of them is. Called again only after that. */
  keep(changes: readonly KeptChange[]): Promise<Result<void, OrderError>>;
  /** How long its journal is. */
  readonly journalBytes: number;
}

/** Opens and gives up listening sockets for changes that are not kept yet. */
export interface ListenerOpener {
  prepare(address: string): Result<void, OrderError>;
  cancel(address: string): void;
}

/** What happens after a batch: one of the two. */
export interface Outcome {
  kept(): void;
  takenBack(error: OrderError): void;
}

interface Entry extends Outcome {
  readonly change: KeptChange | undefined;
  readonly changes: readonly Change[];
}

export class Configuration {
  readonly #listeners: ListenerOpener;
  #keeper: ChangeKeeper | undefined;
  #state: State = new State();
  #revision = 0;
  #batch: Entry[] = [];

  constructor(listeners: ListenerOpener) {
    this.#listeners = listeners;
  }

  /** Starts from what is kept on disk. Once, before the first change. */
  adopt(kept: {
    readonly state: State;
    readonly revision: number;
    readonly keeper: ChangeKeeper | undefined;
  }): void {
    assert(this.#revision === 0 && this.#keeper === undefined, "a configuration starts once");
    this.#state = kept.state;
    this.#revision = kept.revision;
    this.#keeper = kept.keeper;
  }

  /** To be read only: changes come through `change`. */
  get state(): State {
    return this.#state;
  }

  get revision(): number {
    return this.#revision;
  }

  /** True if everything that was accepted is kept. */
  get isSettled(): boolean {
    return this.#batch.length === 0;
  }

  /** The journal's length; `undefined` where nothing is kept. */
  get journalBytes(): number | undefined {
    return this.#keeper?.journalBytes;
  }

  /** Judges and accepts one order. What follows goes to `after`, with the accepted change. */
  change(order: ChangeOrder): Result<Accepted, OrderError> {
    const applied = applyOrder(this.#state, order);
    return applied.ok ? this.#accept([order], applied.value.changes, applied.value.message) : applied;
  }

  /** Judges and accepts many orders as one change, all or nothing. */
  changeAll(orders: readonly ChangeOrder[], message: string): Result<Accepted, OrderError> {
    const applied = applyOrders(this.#state, orders);
    return applied.ok ? this.#accept(orders, applied.value, message) : fail(applied.error.error);
  }

  /** What an order would change; nothing is changed. */
  tryOut(
    order: ChangeOrder,
  ): Result<{ readonly changes: readonly Change[]; readonly message: string }, OrderError> {
    const applied = applyOrder(this.#state, order);
    if (applied.ok) undo(this.#state, applied.value.changes);
    return applied;
  }

  /** What many orders would change together; nothing is changed. */
  tryOutAll(orders: readonly ChangeOrder[]): Result<readonly Change[], OrderError> {
    const applied = applyOrders(this.#state, orders);
    if (!applied.ok) return fail(applied.error.error);
    undo(this.#state, applied.value);
    return applied;
  }

  /**
   * Calls `outcome` when everything accepted so far is kept or taken back; at once if there is nothing to
   * wait for.
   */
  after(outcome: Outcome): void {
    if (this.#batch.length === 0) outcome.kept();
    else this.#batch.push({ change: undefined, changes: [], ...outcome });
  }

  /**
   * Ends a round of orders: keeps what was accepted. A promise: until it is fulfilled no order may be
   * executed.
   */
  commit(): Promise<void> | undefined {
    if (this.#batch.length === 0) return undefined;
    if (this.#keeper === undefined) {
      this.#conclude(ok(undefined));
      return undefined;
    }
    const changes = this.#batch.flatMap((entry) => entry.change ?? []);
    return this.#keeper.keep(changes).then((kept) => this.#conclude(kept));
  }

  #accept(
    orders: readonly ChangeOrder[],
    changes: readonly Change[],
    message: string,
  ): Result<Accepted, OrderError> {
    if (changes.length === 0)
      return ok({ revision: this.#revision, hash: this.#state.hash(), changes, message });
    const opened = this.#openListeners(changes);
    if (!opened.ok) {
      undo(this.#state, changes);
      return opened;
    }
    this.#revision++;
    const change = { revision: this.#revision, hash: this.#state.hash(), orders };
    this.#batch.push({ change, changes, kept: () => undefined, takenBack: () => undefined });
    return ok({ revision: change.revision, hash: change.hash, changes, message });
  }

  /** All the sockets that the changes need, or none. */
  #openListeners(changes: readonly Change[]): Result<void, OrderError> {
    const opened: string[] = [];
    for (const change of changes) {
      if (!addsListener(change)) continue;
      const prepared = this.#listeners.prepare(change.key);
      if (prepared.ok) {
        opened.push(change.key);
        continue;
      }
      for (const address of opened.reverse()) this.#listeners.cancel(address);
      return prepared;
    }
    return ok(undefined);
  }

  #conclude(kept: Result<void, OrderError>): void {
    const batch = this.#batch;
    this.#batch = [];
    if (!kept.ok) for (const entry of batch.toReversed()) this.#takeBack(entry);
    for (const entry of batch) {
      if (kept.ok) entry.kept();
      else entry.takenBack(kept.error);
    }
  }

  #takeBack(entry: Entry): void {
    if (entry.change === undefined) return;
    assert(
      entry.change.revision === this.#revision,
      "takes changes back in another order than they were made",
    );
    undo(this.#state, entry.changes);
    for (const change of entry.changes.toReversed())
      if (addsListener(change)) this.#listeners.cancel(change.key);
    this.#revision--;
  }
}

function addsListener(change: Change): boolean {
  return change.kind === "listener" && change.before === undefined;
}
