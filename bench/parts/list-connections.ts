/**
 * `LIST_CONNECTIONS` with many connections: how long a page takes and the whole list, and what it does to the
 * requests and to the orders of others meanwhile.
 */
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "../../src/client/client.ts";
import { configure, startKakehi } from "../contestants/kakehi.ts";
import type { FixedRateResult } from "../load/fixed-rate.ts";
import { endProgram, LOAD_CORE, type Program, startProgram } from "../processes.ts";
import { goalAtLeast, goalAtMost, type Section } from "../section.ts";
import { percentile } from "../statistics.ts";
import { traffic } from "./control.ts";
import type { Part, Surroundings } from "./part.ts";

const CONNECTIONS = 50_000;
/** Each within 20,000 descriptors, on both sides. */
const PROGRAMS = 5;
const WORKERS = 5;
const OPEN_MS_MAX = 90_000;
const LOOK_MS = 500;
/** Longer than all of it. */
const FRONT_TIMEOUT_MS = 600_000;
const PAGE = 1_000;
const HOLDER = join(import.meta.dirname, "..", "load", "holding-clients.ts");

export const listConnectionsPart: Part = { name: "list-connections", run };

/** Milliseconds. */
interface Listed {
  readonly pages: number[];
  readonly lists: number[];
  /** Connections in the shortest list. */
  least: number;
}

async function run({ folder, upstreamPort, tell, waitForQuiet }: Surroundings): Promise<Section> {
  const kakehi = await startKakehi(folder, { io: "uring", workers: WORKERS, cores: "0,1" });
  const holders: Program[] = [];
  try {
    const { client } = kakehi;
    const port = await configure(client, upstreamPort);
    const address = `127.0.0.1:${port}`;
    await client.send({ type: "UPDATE_LISTENER", data: { address, front_timeout_ms: FRONT_TIMEOUT_MS } });
    for (let number = 0; number < PROGRAMS; number++) holders.push(startHolder(port, number));
    await whenOpen(client);
    await waitForQuiet();
    // Of those that were opened just now some are still being answered: it is no time without anything.
    await traffic(port);
    const still = await traffic(port);
    const listed: Listed = { pages: [], lists: [], least: Infinity };
    const listing = await whileListing(client, listed, () => traffic(port));
    const text = (values: readonly number[]): string => percentile(values, 0.99).toFixed(1);
    tell(`list-connections: a page's p99 ${text(listed.pages)} ms, a list's ${text(listed.lists)} ms`);
    tell(
      `list-connections: requests' p99 ${still.p99.toFixed(2)} ms, ${listing.p99.toFixed(2)} while lists are made`,
    );
    return sectionOf(listed, still, listing);
  } finally {
    await Promise.all(holders.map(endProgram));
    await kakehi.end();
  }
}

function startHolder(port: number, number: number): Program {
  const args = [HOLDER, String(port), String(CONNECTIONS / PROGRAMS), `127.0.0.${number + 2}`];
  return startProgram(`holder ${number}`, LOAD_CORE, [process.execPath, ...args]);
}

/** Fulfilled when all their connections are open. */
async function whenOpen(client: Client): Promise<void> {
  const until = performance.now() + OPEN_MS_MAX;
  for (;;) {
    const { data } = await client.send({ type: "STATUS" });
    const open = data.workers.reduce((sum, { connections }) => sum + connections, 0);
    if (open >= CONNECTIONS) return;
    if (performance.now() > until) throw new Error(`${open} connections were open in time`);
    await wait(LOOK_MS);
  }
}

/** Lists all, page by page and again and again meanwhile. */
async function whileListing<Value>(
  client: Client,
  listed: Listed,
  action: () => Promise<Value>,
): Promise<Value> {
  let isOver = false;
  const list = async (): Promise<void> => {
    while (!isOver) {
      const began = performance.now();
      let count = 0;
      for (let after: string | undefined | null; after !== null;) {
        const asked = performance.now();
        const { data } = await client.send({
          type: "LIST_CONNECTIONS",
          data: { limit: PAGE, ...(after !== undefined && { after }) },
        });
        listed.pages.push(performance.now() - asked);
        count += data.items.length;
        after = data.next;
      }
      listed.lists.push(performance.now() - began);
      listed.least = Math.min(listed.least, count);
    }
  };
  const listing = list();
  try {
    return await action();
  } finally {
    isOver = true;
    await listing;
  }
}

function sectionOf(
  { pages, lists, least }: Listed,
  still: FixedRateResult,
  listing: FixedRateResult,
): Section {
  const row = (name: string, values: readonly number[]): string[] => {
    return [name, percentile(values, 0.5).toFixed(2), percentile(values, 0.99).toFixed(2)];
  };
  return {
    title: "Connections listed",
    how:
      `${CONNECTIONS.toLocaleString("en")} connections that were answered once, in ${WORKERS} workers on both cores. ` +
      `LIST_CONNECTIONS over all of them, ${PAGE.toLocaleString("en")} a page, again and again, beside requests at a fixed rate.`,
    head: ["", "p50 ms", "p99 ms"],
    rows: [
      row("a page", pages),
      row("the whole list", lists),
      ["requests, while nothing is listed", still.p50.toFixed(2), still.p99.toFixed(2)],
      ["requests, while lists are made", listing.p50.toFixed(2), listing.p99.toFixed(2)],
    ],
    goals: [
      goalAtLeast("connections in each list", CONNECTIONS, least),
      goalAtMost("requests without an answer", 0, still.faults + listing.faults, 0),
    ],
  };
}
