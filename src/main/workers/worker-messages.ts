/**
 * Large things for workers, cut into messages of a bounded size: the state that a new worker starts from, and
 * one accepted change. Encoded once, for all workers that get them. Pure.
 */
import { encodeMessage } from "../../io/message-channel.ts";
import type { Change, DrainRequest, ToWorker } from "../../model/channel.ts";

/** An accepted change as messages: parts ahead of it where it is large, then the `apply`. */
export function encodeApply(
  change: {
    readonly revision: number;
    readonly changes: readonly Change[];
    readonly drains: readonly DrainRequest[];
    readonly reconciles?: true;
  },
  changesMax: number,
): readonly string[] {
  const { revision, changes, drains, reconciles } = change;
  const messages: string[] = [];
  let from = 0;
  for (; changes.length - from > changesMax; from += changesMax) {
    const to = from + changesMax;
    messages.push(encode({ type: "part", changes: changes.slice(from, to), drains: drains.slice(from, to) }));
  }
  // A change removes no more objects than it has steps: no more drains are left than changes.
  const last = { changes: changes.slice(from), drains: drains.slice(from) };
  messages.push(encode({ type: "apply", revision, ...last, ...(reconciles && { reconciles }) }));
  return messages;
}

/**
 * A state as `load` messages, each encoded when it is first needed: workers that start together share them.
 * It may grow while it is loaded, as a state does that main is still reading.
 */
export class StateLoad {
  readonly #changesMax: number;
  readonly #changes: Change[] = [];
  readonly #encoded: string[] = [];
  readonly #watchers: Set<() => void> = new Set();
  #revision: number | undefined;

  constructor(changesMax: number) {
    this.#changesMax = changesMax;
  }

  /** The revision that it makes, once it is whole. */
  get revision(): number | undefined {
    return this.#revision;
  }

  /** How many messages can be sent: at least one, once it is whole; before, the last one is held back. */
  get count(): number {
    if (this.#revision !== undefined) return Math.max(1, Math.ceil(this.#changes.length / this.#changesMax));
    return Math.max(0, Math.ceil(this.#changes.length / this.#changesMax) - 1);
  }

  add(changes: readonly Change[]): void {
    const before = this.count;
    for (const change of changes) this.#changes.push(change);
    if (this.count > before) this.#tell();
  }

  /** Nothing more is added: this is the state at `revision`. */
  end(revision: number): void {
    this.#revision = revision;
    this.#tell();
  }

  /** Calls `more` whenever more can be sent; gives how to stop that. */
  watch(more: () => void): () => void {
    this.#watchers.add(more);
    return () => this.#watchers.delete(more);
  }

  message(index: number): string {
    const from = index * this.#changesMax;
    return (this.#encoded[index] ??= encode({
      type: "load",
      // Only the last part's counts.
      revision: this.#revision ?? 0,
      changes: this.#changes.slice(from, from + this.#changesMax),
      last: this.#revision !== undefined && index === this.count - 1,
    }));
  }

  #tell(): void {
    for (const more of this.#watchers) more();
  }
}

function encode(message: ToWorker): string {
  return encodeMessage(message);
}
