/**
 * What the three sides of the ring share: the engine asks (`port.ts`), the kernel tells (`completions.ts`),
 * and at the end of a turn what was asked is submitted (`submission.ts`). All of it belongs to one `UringIo`.
 */
import type { BufferPool } from "../../base/buffer-pool.ts";
import type { Connections } from "./connections.ts";
import type { Operations } from "./operations.ts";
import type { ProvidedBuffers } from "./provided-buffers.ts";
import type { SendQueues } from "./send-queues.ts";

export interface UringParts {
  readonly pool: BufferPool;
  readonly operations: Operations;
  readonly connections: Connections;
  readonly queues: SendQueues;
  readonly provided: ProvidedBuffers;
}
