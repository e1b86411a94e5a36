/**
 * Counts what really uses an object: exchanges in progress and tunnels. Removal waits for it, and reports it.
 * Idle connections are no use.
 */
import { assert } from "../base/assert.ts";
import type { ObjectKind } from "../model/objects.ts";

export const NO_DRAIN = -1;

/** Told when the count of something that drains has changed. */
export interface UseWatcher {
  useChanged(use: Use): void;
}

/** Something that is used, by its place in the configuration, and its count. */
export interface UsedObject {
  readonly kind: ObjectKind;
  readonly key: string;
  readonly use: Use;
}

export class Use {
  count = 0;
  /** Main's number for the drain that waits for this; `NO_DRAIN` while the object takes new use. */
  drain: number = NO_DRAIN;
  readonly #watcher: UseWatcher;

  constructor(watcher: UseWatcher) {
    this.#watcher = watcher;
  }

  begin(): void {
    this.count++;
    if (this.drain !== NO_DRAIN) this.#watcher.useChanged(this);
  }

  end(): void {
    this.count--;
    assert(this.count >= 0, "a use ended that had not begun");
    if (this.drain !== NO_DRAIN) this.#watcher.useChanged(this);
  }
}
