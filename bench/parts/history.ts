/**
 * A day of history: 24 hours of deployments at five changes a second, made as fast as main takes them. What
 * it holds in memory and on disk then, how long looking and going back take, and another start.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Client } from "../../src/client/client.ts";
import { bulkHostnameOf, writeBulkState } from "../bulk-state.ts";
import { type Kakehi, type KakehiOptions, startKakehi } from "../contestants/kakehi.ts";
import { findFreePort } from "../processes.ts";
import { goalAtMost, type Section } from "../section.ts";
import { settledBytes } from "../settled-memory.ts";
import type { Part, Surroundings } from "./part.ts";

const APPLICATIONS = 10_000;
/** 24 hours at five a second. */
const REVISIONS = 432_000;
/** What one deployment is: a backend comes, and the one before it goes. */
const ORDERS_EACH = 2;
const IN_FLIGHT_MAX = 600;
const SHOWN = 100;
const TELL_EVERY = 72_000;
const MEBIBYTE = 1024 * 1024;
/** The bounds that the pages state (`docs/protocol.md`, `docs/operating/journal.md`). */
const DISK_MIB_MAX = 64;
const MEMORY_MIB_MAX = 64;
const LOOK_MS_MAX = 100;

export const historyPart: Part = { name: "history", run };

interface Findings {
  readonly perSecond: number;
  readonly memoryMib: number;
  readonly diskMib: number;
  readonly kept: number;
  readonly newestMs: number;
  readonly oldestMs: number;
  readonly explainMs: number;
  readonly trialMs: number;
  readonly startMs: number;
  readonly keptAfterStart: number;
}

async function run({ folder, tell, waitForQuiet }: Surroundings): Promise<Section> {
  await waitForQuiet();
  const listener = `127.0.0.1:${await findFreePort()}`;
  const path = join(folder, "history.state");
  writeBulkState(path, { count: APPLICATIONS, listener, upstreamPort: 9 });
  const options: KakehiOptions = { io: "uring", workers: 1, cores: "0,1", args: [`--state=${path}`] };
  const kakehi = await startKakehi(folder, options);
  let found: Omit<Findings, "startMs" | "keptAfterStart">;
  try {
    found = await liveThroughADay(kakehi, { listener, path, tell });
  } finally {
    await kakehi.end();
  }
  const startedMs = performance.now();
  const again = await startKakehi(folder, options);
  try {
    const startMs = performance.now() - startedMs;
    const { kept } = await lookAt(again.client, {});
    return sectionOf({ ...found, startMs, keptAfterStart: kept });
  } finally {
    await again.end();
  }
}

async function liveThroughADay(
  { client, mainPid }: Kakehi,
  { listener, path, tell }: { listener: string; path: string; tell: Surroundings["tell"] },
): Promise<Omit<Findings, "startMs" | "keptAfterStart">> {
  const beforeBytes = await settledBytes([mainPid]);
  const startedMs = performance.now();
  await deploy(client, tell);
  const perSecond = (REVISIONS * 1_000) / (performance.now() - startedMs);
  const grownBytes = (await settledBytes([mainPid])) - beforeBytes;
  const newest = await lookAt(client, {});
  const oldest = await lookAt(client, { before: newest.oldest + SHOWN });
  const at = newest.oldest;
  const host = bulkHostnameOf(0);
  const explainMs = await timeOf(() =>
    client.send({ type: "EXPLAIN", data: { listener, method: "GET", host, path: "/", at } }),
  );
  const trialMs = await timeOf(() => client.send({ type: "REVERT", data: { revision: at }, dry_run: true }));
  tell(`history: ${newest.kept} revisions kept, ${Math.round(grownBytes / MEBIBYTE)} MiB more in main`);
  return {
    perSecond,
    memoryMib: grownBytes / MEBIBYTE,
    diskMib: bytesIn(`${path}.history`) / MEBIBYTE,
    kept: newest.kept,
    newestMs: newest.tookMs,
    oldestMs: oldest.tookMs,
    explainMs,
    trialMs,
  };
}

/** Each application in turn gets another backend, again and again. */
async function deploy(client: Client, tell: Surroundings["tell"]): Promise<void> {
  let inFlight: Promise<unknown>[] = [];
  for (let deployment = 0; deployment * ORDERS_EACH < REVISIONS; deployment++) {
    const cluster_id = `bulk-${deployment % APPLICATIONS}`;
    const round = Math.floor(deployment / APPLICATIONS);
    const backend_id = round === 0 ? "only" : `backend-${round}`;
    // Addresses as a platform gives them: another each time.
    const address = `10.${(deployment >> 16) & 255}.${(deployment >> 8) & 255}.${deployment & 255}:8080`;
    const added = { cluster_id, backend_id: `backend-${round + 1}`, address };
    inFlight.push(
      client.send({ type: "ADD_BACKEND", data: added }),
      client.send({ type: "REMOVE_BACKEND", data: { cluster_id, backend_id } }),
    );
    const sent = (deployment + 1) * ORDERS_EACH;
    if (sent % TELL_EVERY === 0) tell(`history: ${sent} revisions made`);
    if (inFlight.length < IN_FLIGHT_MAX) continue;
    const half = inFlight.length / 2;
    await Promise.all(inFlight.slice(0, half));
    inFlight = inFlight.slice(half);
  }
  await Promise.all(inFlight);
}

/** A page of history; `kept`: the revisions that can be gone back to. */
async function lookAt(
  client: Client,
  page: { readonly before?: number },
): Promise<{ oldest: number; kept: number; tookMs: number }> {
  let oldest = 0;
  let kept = 0;
  const tookMs = await timeOf(async () => {
    const answer = await client.send({ type: "HISTORY", data: { ...page, limit: SHOWN } });
    oldest = answer.data.oldest;
    kept = answer.revision - oldest;
  });
  return { oldest, kept, tookMs };
}

async function timeOf(body: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  await body();
  return performance.now() - startedMs;
}

function bytesIn(folder: string): number {
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}

function sectionOf(found: Findings): Section {
  const { kept, keptAfterStart, memoryMib, diskMib, perSecond } = found;
  const count = REVISIONS.toLocaleString("en");
  const rows: readonly (readonly [string, string])[] = [
    ["changes a second while it was made", Math.round(perSecond).toLocaleString("en")],
    ["revisions that can be gone back to", kept.toLocaleString("en")],
    ["the same after another start", keptAfterStart.toLocaleString("en")],
    ["memory of main, MiB more than before", memoryMib.toFixed(1)],
    ["on disk, MiB", diskMib.toFixed(1)],
    ["bytes on disk for each", ((diskMib * MEBIBYTE) / kept).toFixed(0)],
    [`the newest ${SHOWN}, ms`, found.newestMs.toFixed(1)],
    [`the oldest ${SHOWN}, ms`, found.oldestMs.toFixed(1)],
    ["what the oldest would have answered (`EXPLAIN`, `at`), ms", found.explainMs.toFixed(0)],
    ["going back to the oldest, tried (`REVERT`, `dry_run`), ms", found.trialMs.toFixed(0)],
    ["another start, ms", found.startMs.toFixed(0)],
  ];
  return {
    title: "A day of history",
    how: `${count} changes, 24 hours at five a second: backends of ${APPLICATIONS.toLocaleString("en")} applications come and go, with \`--state\`, up to ${IN_FLIGHT_MAX} on their way.`,
    head: ["", ""],
    rows,
    goals: [
      goalAtMost("revisions of the day that cannot be gone back to", 0, REVISIONS - kept, 0),
      goalAtMost("the same after another start", 0, REVISIONS - keptAfterStart, 0),
      goalAtMost("MiB on disk", DISK_MIB_MAX, diskMib, 1),
      goalAtMost("MiB more in main's memory", MEMORY_MIB_MAX, memoryMib, 1),
      goalAtMost(`ms for the oldest ${SHOWN}`, LOOK_MS_MAX, found.oldestMs, 1),
    ],
  };
}
