/**
 * What a worker's memory costs: per frontend, cluster and backend; per idle connection; and what is left
 * behind by a hundred thousand changes.
 */
import { createConnection, type Socket } from "node:net";
import { join } from "node:path";
import type { Client } from "../../src/client/client.ts";
import { writeBulkState } from "../bulk-state.ts";
import { configure, startKakehi } from "../contestants/kakehi.ts";
import { findFreePort } from "../processes.ts";
import { goalAtMost, type Section } from "../section.ts";
import { settledBytes } from "../settled-memory.ts";
import { hostnameOf, requestHeadOf } from "../workload.ts";
import type { Part, Surroundings } from "./part.ts";

const OBJECTS = 100_000;
const PAIRS = 100_000;
const PAIRS_AT_ONCE = 500;
const CONNECTIONS = 5_000;
/** What serving them compiles is no connection's. */
const FIRST_CONNECTIONS = 1_000;
/** Ten bytes a pair: less than anything that stayed of each could take. */
const LEFT_BYTES_MAX = 1024 * 1024;

export const memoryPart: Part = { name: "memory", run };

async function run(surroundings: Surroundings): Promise<Section> {
  const perObject = await measureObjects(surroundings);
  surroundings.tell(`memory: ${Math.round(perObject)} bytes per frontend, cluster and backend`);
  const { left, perConnection } = await measureUse(surroundings);
  surroundings.tell(
    `memory: ${left} bytes left after the pairs, ${Math.round(perConnection)} per connection`,
  );
  return {
    title: "Memory of a worker",
    how:
      `Private memory (\`RssAnon\`, \`RssShmem\`) of one worker on \`io/uring\`, after its garbage was collected: with ${OBJECTS.toLocaleString("en")} ` +
      `of each object less without them; before and after ${PAIRS.toLocaleString("en")} clusters came and went, once twice as many had before; with ` +
      `${CONNECTIONS.toLocaleString("en")} connections that were answered once and are idle beside ${FIRST_CONNECTIONS.toLocaleString("en")} others, less without them.`,
    head: ["", "bytes"],
    rows: [
      ["per frontend + cluster + backend", Math.round(perObject).toLocaleString("en")],
      ["left after add/remove pairs", left.toLocaleString("en")],
      ["per idle connection", Math.round(perConnection).toLocaleString("en")],
    ],
    goals: [
      goalAtMost("bytes per frontend + cluster + backend", 2_048, perObject, 0),
      goalAtMost("bytes left after the pairs (less is how memory breathes)", LEFT_BYTES_MAX, left, 0),
      goalAtMost("bytes per idle connection", 2_048, perConnection, 0),
    ],
  };
}

async function measureObjects({ folder, upstreamPort }: Surroundings): Promise<number> {
  const bytesWith = async (count: number): Promise<number> => {
    const path = join(folder, `memory-${count}.state`);
    const listener = `127.0.0.1:${await findFreePort()}`;
    writeBulkState(path, { count, listener, upstreamPort });
    const kakehi = await startKakehi(folder, { io: "uring", workers: 1, args: [`--state=${path}`] });
    try {
      return await settledBytes(kakehi.workerPids);
    } finally {
      await kakehi.end();
    }
  };
  return ((await bytesWith(OBJECTS)) - (await bytesWith(1))) / OBJECTS;
}

async function measureUse({
  folder,
  upstreamPort,
}: Surroundings): Promise<{ left: number; perConnection: number }> {
  const kakehi = await startKakehi(folder, { io: "uring", workers: 1 });
  try {
    const port = await configure(kakehi.client, upstreamPort);
    // These rounds warm up what is no part of the heap: compiled code, once more after a collection has
    // thrown some of it away, and what the allocator keeps.
    await sendPairs(kakehi.client, PAIRS);
    await settledBytes(kakehi.workerPids);
    await sendPairs(kakehi.client, PAIRS);
    const before = await settledBytes(kakehi.workerPids);
    await sendPairs(kakehi.client, PAIRS);
    const after = await settledBytes(kakehi.workerPids);
    const first = await openAnswered(port, FIRST_CONNECTIONS);
    const withFirst = await bytesAtRest(kakehi.workerPids);
    const sockets = await openAnswered(port, CONNECTIONS);
    const withConnections = await bytesAtRest(kakehi.workerPids);
    for (const socket of [...first, ...sockets]) socket.destroy();
    return { left: Math.max(0, after - before), perConnection: (withConnections - withFirst) / CONNECTIONS };
  } finally {
    await kakehi.end();
  }
}

async function sendPairs(client: Client, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += PAIRS_AT_ONCE) {
    const orders = Array.from({ length: PAIRS_AT_ONCE }, (_, index) => {
      const data = { cluster_id: `visitor-${sent + index}` };
      return [client.send({ type: "ADD_CLUSTER", data }), client.send({ type: "REMOVE_CLUSTER", data })];
    });
    await Promise.all(orders.flat());
  }
}

/**
 * Looked at twice: what one collection has found to be unused, compiled code above all, the next one frees.
 * Freed between the two looks, it would make connections seem to cost less.
 */
async function bytesAtRest(pids: readonly number[]): Promise<number> {
  await settledBytes(pids);
  return settledBytes(pids);
}

/** Connections that were each answered once, and stay open. */
async function openAnswered(port: number, count: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  for (let index = 0; index < count; index++) {
    const socket = createConnection({ host: "127.0.0.1", port });
    sockets.push(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once("error", reject);
      socket.once("data", () => resolve());
      socket.write(requestHeadOf(hostnameOf(index % 10), "/small"));
    });
  }
  return sockets;
}
