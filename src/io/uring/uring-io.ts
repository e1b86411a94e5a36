/**
 * I/O by io_uring: one thread, one wait for both worlds. The loop sleeps in the ring; Node's own loop shows
 * in it as a descriptor that becomes readable, and then Node is given its turn.
 *
 * ```text
 *  turn:  completions → events → what was asked is submitted → wait ─┐
 *    ↑ └──────────────────────────────────────────────────────────────┘   until Node has something to do,
 *    └─ setImmediate ── Node's loop: sockets, signals, timers ←───────────  and every NODE_TURN_MS under load
 * ```
 */
import { performance } from "node:perf_hooks";
import { assert } from "../../base/assert.ts";
import { BufferPool } from "../../base/buffer-pool.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { Port, PortEvents } from "../../engine/port.ts";
import { mapHugeRegion, mapRegion, type Region } from "../../sys/arena.ts";
import { closeDescriptor } from "../../sys/descriptor.ts";
import { clearResetOnClose } from "../../sys/stream-socket.ts";
import { findNodeLoop, type NodeLoop } from "../../sys/node-loop.ts";
import type { Io, IoLimits, IoWarning } from "../io.ts";
import { Completions } from "./completions.ts";
import { Connections, OPEN } from "./connections.ts";
import { Listeners, LISTENERS_MAX, PEER_BYTES } from "./listeners.ts";
import { NodeTurn } from "./node-turn.ts";
import { MESSAGE_BYTES, Operations } from "./operations.ts";
import type { UringParts } from "./parts.ts";
import { UringPort } from "./port.ts";
import { registerBuffers } from "./provided-buffers.ts";
import { openRing, type Ring } from "./ring.ts";
import { takesReceiveLimit } from "./probe.ts";
import { SendQueues } from "./send-queues.ts";
import { Submission } from "./submission.ts";

const ENTRIES = 512;
const COMPLETIONS = 4_096;
/** Under load Node's loop waits no longer than this for its turn. */
const NODE_TURN_MS = 50;
/** While completions come, a wait is no longer than this. */
const BUSY_WAIT_MS = 10;
/** The kernel's clock would overflow on `Infinity`. */
const WAIT_MAX_MS = 3_600_000;

class UringIo implements Io {
  readonly name = "uring";
  readonly port: Port;
  readonly memory: Region;
  readonly #ring: Ring;
  readonly #parts: UringParts;
  readonly #completions: Completions;
  readonly #submission: Submission;
  readonly #listeners: Listeners;
  readonly #nodeLoop: NodeLoop;
  readonly #nodeTurn: NodeTurn;
  #events: PortEvents | undefined;
  #state: "new" | "running" | "stopped" = "new";
  #isInTurn = false;
  #isNodePolled = false;
  /** The last wait ended without a completion. */
  #isQuiet = false;
  /** When we came from Node, when it must have its next turn at the latest, and when the engine wants one. */
  #enteredMs = 0;
  #deadlineMs = Infinity;
  #nodeTurnMs = Infinity;

  constructor(
    ring: Ring,
    parts: UringParts,
    regions: { readonly pool: Region; readonly peers: Region },
    nodeLoop: NodeLoop,
    warn: IoWarning,
  ) {
    this.memory = regions.pool;
    this.#ring = ring;
    this.#parts = parts;
    this.#completions = new Completions(parts);
    this.#submission = new Submission(parts);
    this.#listeners = new Listeners(parts.operations, regions.peers, this.#completions, warn);
    this.#nodeLoop = nodeLoop;
    this.#nodeTurn = new NodeTurn(this.#turnUntilNode);
    this.port = new UringPort(parts, this.#listeners);
  }

  adoptListener(fd: number): number {
    return this.#listeners.adopt(fd);
  }

  descriptorOf(connection: number): number {
    const { connections } = this.#parts;
    connections.checkDetached(connection);
    return connections.fd[connection]!;
  }

  adoptConnection(fd: number): number {
    const connection = this.#parts.connections.take(fd, OPEN);
    if (connection >= 0) clearResetOnClose(fd);
    return connection;
  }

  run(events: PortEvents): void {
    assert(this.#state === "new", "runs twice");
    this.#state = "running";
    this.#events = events;
    this.#completions.bind(this.#listeners, events);
    this.#nodeTurn.give();
  }

  perform(action: () => void): void {
    assert(this.#state !== "new", "performs before it runs");
    if (this.#state === "running") this.#turn(action);
  }

  stop(): void {
    assert(!this.#isInTurn, "stops from inside an event");
    if (this.#state === "stopped") return;
    this.#state = "stopped";
    this.#nodeTurn.stop();
    const { connections, operations, provided, queues } = this.#parts;
    // Our mappings keep the ring alive, and its operations would keep their sockets open: none may be left.
    operations.cancelAll();
    this.#ring.submit();
    this.#ring.submit();
    this.#ring.close();
    this.#listeners.closeAll();
    connections.closeAll(closeDescriptor);
    for (let connection = 0; connection < connections.max; connection++) queues.drop(connection);
    provided.releaseAll();
  }

  /** Turns until Node has something to do, lets it, and comes back. */
  readonly #turnUntilNode = (): void => {
    const ring = this.#ring;
    this.#enteredMs = performance.now();
    this.#nodeTurnMs = this.#enteredMs + NODE_TURN_MS;
    if (!this.#isNodePolled) this.#pollNode();
    for (let isFirst = true; ; isFirst = false) {
      const waitMs = isFirst ? 0 : this.#waitMs();
      if (waitMs > 0) ring.submitAndWait(waitMs);
      else ring.submit();
      this.#turn(undefined);
      // That is the message by which we came back, mostly, and Node had its turn: it is asked anew.
      if (isFirst && this.#completions.isNodeReady) {
        this.#pollNode();
        this.#isQuiet = true;
      }
      if (this.#completions.isNodeReady || this.#completions.nowMs >= this.#nodeTurnMs) break;
    }
    if (this.#completions.isNodeReady) this.#isNodePolled = false;
    ring.submit();
    this.#nodeTurn.give();
  };

  /** Completes at once where Node has something to do already. */
  #pollNode(): void {
    this.#parts.operations.pollNodeLoop(this.#nodeLoop.fd);
    this.#isNodePolled = true;
    this.#completions.isNodeReady = false;
  }

  #turn(action: (() => void) | undefined): void {
    const events = this.#events!;
    assert(!this.#isInTurn, "a turn within a turn");
    this.#isInTurn = true;
    const nowMs = performance.now();
    this.#completions.nowMs = nowMs;
    events.turnStarts(nowMs);
    if (action !== undefined) action();
    else this.#isQuiet = !this.#ring.drain(this.#completions);
    this.#listeners.progress(nowMs);
    const { quiet } = this.#parts.connections;
    if (quiet.length > 0) this.#completions.tellQuiet();
    const deadlineMs = events.turnEnds();
    const mustTurn = this.#submission.flush() || quiet.length > 0;
    this.#deadlineMs = mustTurn ? nowMs : deadlineMs;
    this.#isInTurn = false;
  }

  /**
   * How long the next wait may be: until the next deadline of the engine, of a listener, or of Node. To ask
   * for Node's costs a call, so it is asked when all is quiet; before that no wait is long.
   */
  #waitMs(): number {
    const nowMs = this.#completions.nowMs;
    const listenersMs = this.#listeners.deadlineMs(this.#parts.connections.freeCount > 0);
    const ourWaitMs = Math.min(this.#deadlineMs, listenersMs) - nowMs;
    if (!this.#isQuiet) return Math.min(BUSY_WAIT_MS, ourWaitMs);
    const nodeMs = this.#enteredMs + this.#nodeLoop.dueInMs();
    this.#nodeTurnMs = Math.min(this.#nodeTurnMs, nodeMs);
    return Math.min(WAIT_MAX_MS, ourWaitMs, nodeMs - nowMs);
  }
}

/**
 * Makes the ring and everything on it, or says in words for the operator why it cannot be. `kernel` is for
 * tests: to do as on a kernel that cannot limit what a receive gives.
 */
export function openUringIo(
  limits: IoLimits,
  warn: IoWarning,
  kernel: "as found" | "before 6.17" = "as found",
): Result<Io, string> {
  const nodeLoop = findNodeLoop();
  if (nodeLoop === undefined) return fail("this build of Node hides its event loop");
  const memory = mapHugeRegion(BufferPool.bytesFor(limits.buffersMax, limits.bufferBytes));
  const peers = mapRegion(LISTENERS_MAX * PEER_BYTES);
  const messages = mapRegion(ENTRIES * MESSAGE_BYTES);
  if (!memory.ok || !peers.ok || !messages.ok) return fail("no memory for the buffers");
  const ring = openRing({ entryCount: ENTRIES, completionCount: COMPLETIONS });
  if (!ring.ok) return ring;
  const pool = new BufferPool(memory.value.bytes, {
    count: limits.buffersMax,
    bufferBytes: limits.bufferBytes,
  });
  const provided = registerBuffers(ring.value, pool, memory.value);
  if (!provided.ok) {
    ring.value.close();
    return provided;
  }
  const regions = { pool: memory.value, messages: messages.value, peers: peers.value };
  const parts: UringParts = {
    pool,
    operations: openOperations(ring.value, regions, kernel),
    connections: new Connections(limits.connectionsMax),
    queues: new SendQueues(limits.connectionsMax, pool),
    provided: provided.value,
  };
  return ok(new UringIo(ring.value, parts, regions, nodeLoop, warn));
}

function openOperations(
  ring: Ring,
  regions: { pool: Region; messages: Region },
  kernel: "as found" | "before 6.17",
): Operations {
  const limited = new Operations(ring, regions, { limitsReceives: true });
  if (kernel === "as found" && takesReceiveLimit(ring, limited)) return limited;
  return new Operations(ring, regions, { limitsReceives: false });
}
