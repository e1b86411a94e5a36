/**
 * `LIST_CONNECTIONS` and `CLOSE_CONNECTIONS`: each worker is asked for its part, a piece at a time.
 */
import { counted } from "../../base/text.ts";
import type {
  ClosedPart,
  ConnectionFilter,
  ConnectionsPart,
  ListedConnection,
} from "../../model/connections.ts";
import type { OrderData } from "../../model/orders.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";
import type { WorkerProcess } from "../workers/worker-process.ts";

/** The place before all: the first worker's first connection. */
const FIRST = "0:0";

/** Lists a page: the workers by their numbers, and in each the connections by theirs. */
export async function listConnections(
  control: Control,
  { limit, after = FIRST, ...filter }: OrderData["LIST_CONNECTIONS"],
  reply: Reply,
): Promise<void> {
  const { revision } = control.configuration;
  const place = placeOf(after);
  const items: ListedConnection[] = [];
  for (const worker of workersOf(control).filter(({ number }) => number >= place.worker)) {
    let from: number | null = worker.number === place.worker ? place.from : 0;
    while (from !== null) {
      if (items.length === limit) return tellPage(reply, items, `${worker.number}:${from}`, revision);
      const question = { kind: "connections", filter, from, limit: limit - items.length } as const;
      const part = (await control.workers.askOne(worker, question)) as ConnectionsPart | undefined;
      for (const item of part?.items ?? []) items.push({ worker: worker.number, ...item });
      from = part?.next ?? null;
    }
  }
  tellPage(reply, items, null, revision);
}

/** Ends them in every worker, and says how many they were. */
export async function closeConnections(
  control: Control,
  { reset, ...filter }: OrderData["CLOSE_CONNECTIONS"],
  reply: Reply,
): Promise<void> {
  const workers: Record<string, number> = {};
  const close = async (worker: WorkerProcess): Promise<void> => {
    workers[worker.number] = await closeIn(control, worker, filter, reset);
  };
  await Promise.all(workersOf(control).map(close));
  const closed = Object.values(workers).reduce((sum, count) => sum + count, 0);
  const message = `${counted(closed, "connection")} closed${reset ? "" : ", or asked to end"}`;
  reply.ok(message, { closed, workers }, control.configuration.revision);
}

async function closeIn(
  { workers }: Control,
  worker: WorkerProcess,
  filter: ConnectionFilter,
  reset: boolean,
): Promise<number> {
  let closed = 0;
  let from: number | null = 0;
  while (from !== null) {
    const question = { kind: "close-connections", filter, from, reset } as const;
    const part = (await workers.askOne(worker, question)) as ClosedPart | undefined;
    closed += part?.closed ?? 0;
    from = part?.next ?? null;
  }
  return closed;
}

function workersOf({ workers }: Control): readonly WorkerProcess[] {
  const all = workers.all().filter(({ state }) => state !== "starting");
  return all.toSorted((one, other) => one.number - other.number);
}

function tellPage(
  reply: Reply,
  items: readonly ListedConnection[],
  next: string | null,
  revision: number,
): void {
  reply.ok(counted(items.length, "connection"), { items, next }, revision);
}

/** A worker's number, and a connection's there. */
function placeOf(after: string): { readonly worker: number; readonly from: number } {
  const [worker = 0, from = 0] = after.split(":").map(Number);
  return { worker, from };
}
