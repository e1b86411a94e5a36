/**
 * The end of a turn: what the engine asked of its connections becomes entries, each connection once.
 *
 * Rules of this file:
 *  1. At most one send of a connection is in the kernel: two could overtake each other after a partial one.
 *  2. A receive is only armed while buffers are offered, first come first served; without them it would come
 *     back at once.
 *  3. What one receive may give follows what is unused: with many connections or few buffers it is a share,
 *     so that all of them together cannot bring more than there is room for.
 */
import { clearResetOnClose, shutdownWriting } from "../../sys/stream-socket.ts";
import * as table from "./connections.ts";
import type { UringParts } from "./parts.ts";
import { ARMED, WANTED } from "./receive-state.ts";

export class Submission {
  readonly #parts: UringParts;
  readonly #connections: table.Connections;
  /**
   * Connections whose receive waits for buffers; some may have changed their mind meanwhile. Each is in it
   * once.
   */
  readonly #starved: number[] = [];
  readonly #isStarved: Uint8Array;

  constructor(parts: UringParts) {
    this.#parts = parts;
    this.#connections = parts.connections;
    this.#isStarved = new Uint8Array(parts.connections.max);
  }

  /**
   * Writes the entries; gives whether the next turn must come at once, because receives are left that could
   * be armed.
   */
  flush(): boolean {
    const connections = this.#connections;
    this.#parts.provided.refill();
    this.#armStarved();
    for (let next = connections.nextTouched(); next >= 0; next = connections.nextTouched()) {
      if (connections.phase[next] === table.OPEN) this.#flushOne(next);
    }
    return this.#starved.length > 0 && this.#parts.provided.offered > 0;
  }

  #flushOne(connection: number): void {
    const connections = this.#connections;
    const { operations, queues } = this.#parts;
    if (connections.receiving[connection] === WANTED) this.#armOrWait(connection);
    if ((connections.operations[connection]! & (table.SEND_BIT | table.ROOM_BIT)) !== 0) return;
    if (queues.first[connection]! >= 0) {
      operations.send(connection, connections.fd[connection]!, queues);
      connections.operations[connection]! |= table.SEND_BIT;
    } else if (connections.writing[connection] === table.FINISHING) {
      this.#endWriting(connection, connections.fd[connection]!);
    }
  }

  /** All is in the kernel's hands: from now on even our death ends it well. */
  #endWriting(connection: number, fd: number): void {
    const connections = this.#connections;
    connections.writing[connection] = table.FINISHED;
    if (connections.resetsOnExit[connection] === 1) clearResetOnClose(fd);
    connections.resetsOnExit[connection] = 0;
    shutdownWriting(fd);
  }

  #armOrWait(connection: number): void {
    if (this.#parts.provided.offered > 0) this.#arm(connection);
    else if (this.#isStarved[connection] === 0) {
      this.#isStarved[connection] = 1;
      this.#starved.push(connection);
    }
  }

  #arm(connection: number): void {
    const connections = this.#connections;
    const limitBytes = Math.min(connections.receiveLimitBytes[connection]!, this.#shareBytes());
    this.#parts.operations.receive(connection, connections.fd[connection]!, limitBytes);
    connections.operations[connection]! |= table.RECEIVE_BIT;
    connections.receiving[connection] = ARMED;
  }

  /** One connection's share of the unused buffers; a whole one at least, and no less than usual in plenty. */
  #shareBytes(): number {
    const { connections, pool } = this.#parts;
    const { unusedCount, bufferBytes } = pool;
    const leastBytes = unusedCount * 2 > pool.count ? table.RECEIVE_LIMIT_BYTES_MIN : bufferBytes;
    return Math.max(leastBytes, (unusedCount / connections.openCount) * bufferBytes);
  }

  /** As many as there are buffers: each may need one. */
  #armStarved(): void {
    const offered = this.#parts.provided.offered;
    if (this.#starved.length === 0 || offered === 0) return;
    const connections = this.#connections;
    for (const connection of this.#starved.splice(0, offered)) {
      this.#isStarved[connection] = 0;
      const isWanted =
        connections.phase[connection] === table.OPEN && connections.receiving[connection] === WANTED;
      if (isWanted) this.#arm(connection);
    }
  }
}
