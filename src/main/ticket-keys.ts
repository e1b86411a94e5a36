/**
 * The keys that TLS session tickets are sealed with: made here, the same in every worker, so that a session
 * is resumed by whichever worker its client comes to, and after a worker was replaced. They live in memory
 * only: after a restart of main, clients shake hands in full.
 *
 * Rules of this file:
 *  1. A key seals for one interval, and is taken for as many more as there are previous ones: what it can
 *     open is bounded in time.
 *  2. Keys go to workers, and to nobody else.
 */
import { randomBytes } from "node:crypto";
import type { TlsSecrets } from "../model/channel.ts";

type TicketKey = TlsSecrets["ticket_keys"][number];

const NAME_BYTES = 16;
const SECRET_BYTES = 32;

export interface TicketKeysOptions {
  /** How many keys are still taken beside the one that seals. */
  readonly previousMax: number;
  /** Calls back when the next key is due; gives how to stop that. */
  readonly later: (action: () => void) => () => void;
  /** There are new keys. */
  readonly rotated: () => void;
}

export class TicketKeys {
  readonly #options: TicketKeysOptions;
  #keys: readonly TicketKey[] = [newKey()];
  #stopWaiting: () => void;

  /** Begins with one key. */
  constructor(options: TicketKeysOptions) {
    this.#options = options;
    this.#stopWaiting = options.later(this.#rotate);
  }

  /** The one that seals, then those before it, the last one first. */
  get keys(): readonly TicketKey[] {
    return this.#keys;
  }

  /** Goes on with those of a main before us, which workers have. */
  adopt(keys: readonly TicketKey[]): void {
    this.#keys = keys;
  }

  /** No new keys are made any more. */
  stop(): void {
    this.#stopWaiting();
  }

  readonly #rotate = (): void => {
    const { previousMax, later, rotated } = this.#options;
    this.#keys = [newKey(), ...this.#keys].slice(0, 1 + previousMax);
    this.#stopWaiting = later(this.#rotate);
    rotated();
  };
}

function newKey(): TicketKey {
  const random = (bytes: number): string => randomBytes(bytes).toString("base64");
  return { name: random(NAME_BYTES), hmac_key: random(SECRET_BYTES), aes_key: random(SECRET_BYTES) };
}
