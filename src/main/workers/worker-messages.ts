/**
 * Large things for workers, cut into messages of a bounded size: the state that a new worker starts from, and
 * one accepted change. Encoded once, for all workers that get them. Pure.
 */
import { encodeMessage } from "../../io/message-channel.ts";
import type { Change, DrainRequest, ToWorker } from "../../model/channel.ts";
import type { State } from "../../model/state.ts";

/** An accepted change as messages: parts ahead of it where it is large, then the `apply`. */
export function encodeApply(
  change: {
    readonly revision: number;
    readonly changes: readonly Change[];
    readonly drains: readonly DrainRequest[];
  },
  changesMax: number,
): readonly string[] {
  const { revision, changes, drains } = change;
  const messages: string[] = [];
  let from = 0;
  for (; changes.length - from > changesMax; from += changesMax) {
    messages.push(encode({ type: "part", changes: changes.slice(from, from + changesMax) }));
  }
  messages.push(encode({ type: "apply", revision, changes: changes.slice(from), drains }));
  return messages;
}

/**
 * A state at one revision, as `load` messages, each encoded when it is first needed: workers that start
 * together share them.
 */
export class StateLoad {
  readonly revision: number;
  readonly #changes: readonly Change[];
  readonly #changesMax: number;
  readonly #encoded: string[] = [];

  constructor(revision: number, changes: readonly Change[], changesMax: number) {
    this.revision = revision;
    this.#changes = changes;
    this.#changesMax = changesMax;
  }

  /** How many messages it has: at least one. */
  get count(): number {
    return Math.max(1, Math.ceil(this.#changes.length / this.#changesMax));
  }

  message(index: number): string {
    const from = index * this.#changesMax;
    return (this.#encoded[index] ??= encode({
      type: "load",
      revision: this.revision,
      changes: this.#changes.slice(from, from + this.#changesMax),
      last: index === this.count - 1,
    }));
  }
}

/**
 * A state as the changes that make it from nothing, as it is now. In no order but what names others, and that
 * of regexes.
 */
export function changesOf(state: State): readonly Change[] {
  const changes: Change[] = [];
  for (const [key, after] of state.listeners) changes.push({ kind: "listener", key, after });
  for (const [key, after] of state.clusters) changes.push({ kind: "cluster", key, after });
  for (const [key, after] of state.backends) changes.push({ kind: "backend", key, after });
  for (const [key, after] of state.frontends) {
    if (!("regex" in after.path)) changes.push({ kind: "frontend", key, after });
  }
  for (const keys of state.regexGroups().values()) {
    for (const key of keys) changes.push({ kind: "frontend", key, after: state.frontends.get(key)! });
  }
  return changes;
}

function encode(message: ToWorker): string {
  return encodeMessage(message);
}
