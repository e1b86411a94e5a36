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
import { applyOrder, applyOrders, type FailedOrder, undo } from "../model/apply.ts";
import type { Forecast } from "../model/answer-data.ts";
import type { Author } from "../model/author.ts";
import type { Change } from "../model/channel.ts";
import type { OrderError } from "../model/errors.ts";
import { takeBackAndForecast } from "../model/forecast/forecast.ts";
import type { ChangeOrigin } from "../model/history.ts";
import type { ChangeOrder } from "../model/orders.ts";
import { STATE_LIMITS } from "../model/limits.ts";
import { State } from "../model/state.ts";
import { comesToNothing } from "../model/net-changes.ts";
import type { History } from "./history/history.ts";
import { listenerMovesOf } from "./listener-moves.ts";

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
  /** Absent: history is not to know. */
  readonly origin?: ChangeOrigin;
}

/** Who gives an order, and its name. */
export interface OrderOrigin {
  readonly order: string;
  readonly author: Author;
}

/** How many orders are judged, and accepted, as one. */
export interface ChangeAllOptions {
  /** Says of an order that was refused that it was done before: it is passed over, and not kept. */
  readonly isDone?: IsDone | undefined;
  /** The hash that they have to lead to. */
  readonly hash?: string;
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

/** What orders would do that were not done. */
export interface Trial {
  readonly changes: readonly Change[];
  readonly forecast: Forecast;
}

/** Whether an order that was refused was done before. */
export type IsDone = (order: ChangeOrder) => boolean;

/** A listening socket that could not be opened. */
interface NotOpened {
  readonly address: string;
  readonly error: OrderError;
}

export class Configuration {
  readonly #listeners: ListenerOpener;
  #keeper: ChangeKeeper | undefined;
  #history: History | undefined;
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
    readonly history?: History;
  }): void {
    assert(this.#revision === 0 && this.#keeper === undefined, "a configuration starts once");
    this.#state = kept.state;
    this.#revision = kept.revision;
    this.#keeper = kept.keeper;
    this.#history = kept.history;
  }

  /** To be read only: changes come through `change`. */
  get state(): State {
    return this.#state;
  }

  /** What led here, once a configuration is adopted. */
  get history(): History {
    assert(this.#history !== undefined, "a configuration without a history");
    return this.#history;
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
  change(order: ChangeOrder, author: Author): Result<Accepted, OrderError> {
    const applied = applyOrder(this.#state, order);
    if (!applied.ok) return applied;
    const accepted = this.#accept({ orders: [order], ...applied.value }, { order: order.type, author });
    return accepted.ok ? accepted : fail(accepted.error.error);
  }

  /**
   * Judges and accepts many orders as one change, all or nothing; where one takes back what another did, and
   * nothing is left of it, it was already so.
   */
  changeAll(
    orders: readonly ChangeOrder[],
    origin: OrderOrigin,
    { isDone, hash }: ChangeAllOptions = {},
  ): Result<Accepted, FailedOrder> {
    const passedOver = new Set<ChangeOrder>();
    const applied = this.#applyAll(orders, (order) => {
      const isPassedOver = isDone?.(order) ?? false;
      if (isPassedOver) passedOver.add(order);
      return isPassedOver;
    });
    if (!applied.ok) return applied;
    if (hash !== undefined && hash !== this.#state.hash()) {
      undo(this.#state, applied.value);
      const message = "what history says leads to another configuration than it was";
      return fail({ index: 0, error: { code: "HISTORY_DAMAGED", message } });
    }
    const changes = comesToNothing(applied.value) ? this.#undone(applied.value) : applied.value;
    const done = passedOver.size === 0 ? orders : orders.filter((order) => !passedOver.has(order));
    const accepted = this.#accept({ orders: done, changes, message: "" }, origin);
    if (accepted.ok) return accepted;
    const { address, error } = accepted.error;
    const index = orders.findIndex(({ type, data }) => type === "ADD_LISTENER" && data.address === address);
    return fail({ index, error });
  }

  /** What an order would change; nothing is changed. */
  tryOut(order: ChangeOrder): Result<Trial & { readonly message: string }, OrderError> {
    const applied = applyOrder(this.#state, order);
    if (!applied.ok) return applied;
    const { changes, message } = applied.value;
    return ok({ changes, message, forecast: takeBackAndForecast(this.#state, changes) });
  }

  /** What many orders would change together; nothing is changed. */
  tryOutAll(orders: readonly ChangeOrder[], isDone?: IsDone): Result<Trial, FailedOrder> {
    const applied = this.#applyAll(orders, isDone);
    if (!applied.ok) return applied;
    return ok({ changes: applied.value, forecast: takeBackAndForecast(this.#state, applied.value) });
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

  #undone(changes: readonly Change[]): readonly Change[] {
    undo(this.#state, changes);
    return [];
  }

  #applyAll(orders: readonly ChangeOrder[], isDone?: IsDone): Result<readonly Change[], FailedOrder> {
    return applyOrders(this.#state, orders, STATE_LIMITS, isDone);
  }

  #accept(
    {
      orders,
      changes,
      message,
    }: Pick<Accepted, "changes" | "message"> & { readonly orders: readonly ChangeOrder[] },
    { order, author }: OrderOrigin,
  ): Result<Accepted, NotOpened> {
    if (changes.length === 0)
      return ok({ revision: this.#revision, hash: this.#state.hash(), changes, message });
    const opened = this.#openListeners(changes);
    if (!opened.ok) {
      undo(this.#state, changes);
      return opened;
    }
    this.#revision++;
    const { uid, pid, order_id } = author;
    const origin: ChangeOrigin = { time_ms: Date.now(), uid, pid, order_id, order };
    const change = { revision: this.#revision, hash: this.#state.hash(), orders, origin };
    this.#history?.stage({ ...change, ...origin, changes });
    this.#batch.push({ change, changes, kept: () => undefined, takenBack: () => undefined });
    return ok({ revision: change.revision, hash: change.hash, changes, message });
  }

  /** All the sockets that the changes need, or none. */
  #openListeners(changes: readonly Change[]): Result<void, NotOpened> {
    const { opened, reopened } = listenerMovesOf(changes);
    const prepared: string[] = [];
    for (const address of [...opened, ...reopened]) {
      const result = this.#listeners.prepare(address);
      if (result.ok) {
        prepared.push(address);
        continue;
      }
      for (const before of prepared.reverse()) this.#listeners.cancel(before);
      return fail({ address, error: result.error });
    }
    return ok(undefined);
  }

  #conclude(kept: Result<void, OrderError>): void {
    const batch = this.#batch;
    this.#batch = [];
    if (!kept.ok) for (const entry of batch.toReversed()) this.#takeBack(entry);
    if (kept.ok) this.#history?.settle();
    else this.#history?.takeBack(this.#revision);
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
    for (const address of listenerMovesOf(entry.changes).opened.toReversed()) this.#listeners.cancel(address);
    this.#revision--;
  }
}
