/**
 * One connection that speaks TLS outside and plain bytes inside: its machine, what waits to be encrypted, and
 * what waits to be decrypted because no buffer was free. `SecuredTraffic` moves the bytes.
 */
import type { BufferPool } from "../../base/buffer-pool.ts";
import type { TlsMachine } from "../../tls/machine.ts";
import { SliceList } from "./slice-list.ts";

/**
 * `handshake`: nothing plain yet. `ended`: the peer said `close_notify`. `failed`: told; to be closed.
 * `farewell`: its owner has closed it, and our last words are on their way.
 */
export type SecuredPhase = "handshake" | "open" | "ended" | "failed" | "farewell";

export class SecuredConnection {
  readonly connection: number;
  readonly machine: TlsMachine;
  phase: SecuredPhase = "handshake";
  /** Whether it is in the list of those to be looked at when the turn ends. */
  isTouched = false;
  /** Whether it is in the list of those that wait for a free buffer. */
  isStarved = false;
  /** What its owner last asked for: `receive` or `pause`. */
  wantsBytes = true;
  /** The peer's direction ended while `cipher` still waits. */
  hasEnded = false;
  /** Our direction ends when all that waits is encrypted; then it has ended. */
  writing: "open" | "ending" | "ended" = "open";
  readonly plain: SliceList = new SliceList();
  readonly cipher: SliceList = new SliceList();

  constructor(connection: number, machine: TlsMachine) {
    this.connection = connection;
    this.machine = machine;
  }

  /** Frees the machine and gives back every buffer that waits. */
  end(pool: BufferPool): void {
    this.machine.free();
    this.dropWaiting(pool);
  }

  dropWaiting(pool: BufferPool): void {
    this.plain.drop(pool);
    this.cipher.drop(pool);
  }
}
