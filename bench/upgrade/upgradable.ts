/**
 * What the upgrade benchmark knows of each proxy: how it is started, and what an administrator does to have a
 * new program or a new configuration in place. Each carries the same: one listener, one cluster.
 */
import type { Changes } from "../../testing/changes.ts";
import type { Subject } from "../../testing/witness/witness.ts";

/** A running proxy. */
export interface Upgradable extends Subject {
  /** Where it accepts, on 127.0.0.1. */
  readonly port: number;
  /** Changes that go on all the while, where the proxy has orders for them. */
  readonly changes?: Changes;
  end(): Promise<void>;
}

/** How to start one. */
export interface UpgradableKind {
  readonly name: string;
  /** What is done, as a person would say it. */
  readonly how: string;
  /** `undefined` when it can run here; else what to do. */
  missing(): string | undefined;
  /** `addresses`: backends that all give the same answers. */
  start(folder: string, addresses: readonly string[]): Promise<Upgradable>;
}
