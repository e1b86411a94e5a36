/**
 * A hundred thousand certificates: how long the start with them takes, what one costs that nobody has used,
 * and how long it takes to add or replace one among them.
 */
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { BulkCertificates, bulkNameOf } from "../certificates/bulk-certificates.ts";
import { writeCertificateState } from "../certificates/bulk-state.ts";
import { startKakehi, type Kakehi } from "../contestants/kakehi.ts";
import { runHandshakes } from "../load/run-handshakes.ts";
import { PINNED, SecuredClient } from "../load/secured-connection.ts";
import { findFreePort } from "../processes.ts";
import { goalAtMost, type Section } from "../section.ts";
import { settledBytes } from "../settled-memory.ts";
import { median, percentile } from "../statistics.ts";
import type { Part, Surroundings } from "./part.ts";

const COUNT = 100_000;
const SERVE_MS_MAX = 120_000;
const RETRY_MS = 20;
const ROUNDS_MAX = 3;
const WORKERS = 2;
const WARM_UP_ORDERS = 100;
const ORDERS = 1_000;
/** New connections per second while orders are measured. */
const HANDSHAKE_RATE = 100;
const HANDSHAKE_SECONDS = 60;

export const tlsCertificatesPart: Part = { name: "tls-certificates", run };

/** A state file with all of them, and one with a single one. */
interface Prepared {
  readonly bulk: BulkCertificates;
  readonly port: number;
  readonly listener: string;
  readonly fingerprints: readonly string[];
  readonly path: string;
  readonly pathOfOne: string;
}

async function run(surroundings: Surroundings): Promise<Section> {
  const { tell, options } = surroundings;
  const prepared = await prepare(surroundings);
  tell(`tls-certificates: ${COUNT} certificates made`);
  const starts: number[] = [];
  for (let round = 1; round <= Math.min(ROUNDS_MAX, options.rounds); round++) {
    await surroundings.waitForQuiet();
    starts.push(await measureStart(prepared, surroundings));
    tell(`tls-certificates start ${round}: ${starts.at(-1)?.toFixed(2)} s until serving`);
  }
  const bytes = await measureMemory(prepared, surroundings);
  tell(`tls-certificates: ${Math.round(bytes)} bytes per certificate`);
  await surroundings.waitForQuiet();
  const orders = await measureOrders(prepared, surroundings);
  return sectionOf(median(starts), bytes, orders);
}

async function prepare({ folder, upstreamPort }: Surroundings): Promise<Prepared> {
  const bulk = new BulkCertificates(folder);
  const port = await findFreePort();
  const listener = `127.0.0.1:${port}`;
  const path = join(folder, "certificates.state");
  const pathOfOne = join(folder, "certificate.state");
  const fingerprints = writeCertificateState(path, bulk, { count: COUNT, listener, upstreamPort });
  writeCertificateState(pathOfOne, bulk, { count: 1, listener, upstreamPort });
  return { bulk, port, listener, fingerprints, path, pathOfOne };
}

/** A copy of the state for each start, so that none reads what another has written. */
async function withState<T>(
  path: string,
  { folder }: Surroundings,
  workers: number,
  use: (kakehi: Kakehi) => Promise<T>,
): Promise<T> {
  const copy = join(folder, "certificates-in-use.state");
  rmSync(copy, { force: true });
  copyFileSync(path, copy);
  const kakehi = await startKakehi(folder, {
    io: "uring",
    workers,
    cores: "0,1",
    args: [`--state=${copy}`],
  });
  try {
    return await use(kakehi);
  } finally {
    await kakehi.end();
  }
}

/** Until a request for the last name was answered, by its certificate. */
async function measureStart(prepared: Prepared, surroundings: Surroundings): Promise<number> {
  const started = performance.now();
  return await withState(prepared.path, surroundings, 1, async () => {
    const client = new SecuredClient({ ...PINNED, port: prepared.port, name: bulkNameOf(COUNT - 1) });
    const expected = prepared.fingerprints[COUNT - 1];
    while ((await fingerprintShownTo(client)) !== expected) {
      if (performance.now() - started > SERVE_MS_MAX) throw new Error("the last certificate is not served");
      await wait(RETRY_MS);
    }
    return (performance.now() - started) / 1_000;
  });
}

async function fingerprintShownTo(client: SecuredClient): Promise<string | undefined> {
  const secured = await client.ask().catch(() => undefined);
  const shown = secured?.socket.getPeerX509Certificate()?.fingerprint256;
  secured?.socket.destroy();
  return shown?.replaceAll(":", "").toLowerCase();
}

async function measureMemory(prepared: Prepared, surroundings: Surroundings): Promise<number> {
  const bytesWith = (path: string): Promise<number> =>
    withState(path, surroundings, 1, (kakehi) => settledBytes(kakehi.workerPids));
  const [many, one] = [await bytesWith(prepared.path), await bytesWith(prepared.pathOfOne)];
  return (many - one) / (COUNT - 1);
}

interface OrderToSend {
  readonly type: string;
  readonly data: object;
}

/** Milliseconds from sending to OK, of each kind of order. */
interface OrderTimes {
  readonly additions: readonly number[];
  readonly replacements: readonly number[];
}

/** One order after the other, each waited for, while new connections come. */
function measureOrders(prepared: Prepared, surroundings: Surroundings): Promise<OrderTimes> {
  return withState(prepared.path, surroundings, WORKERS, async ({ client }) => {
    const stop = new AbortController();
    const load = { ...PINNED, port: prepared.port, name: bulkNameOf(0), kind: "full" as const };
    runHandshakes({ ...load, rate: HANDSHAKE_RATE, seconds: HANDSHAKE_SECONDS }, stop.signal).catch(
      () => undefined,
    );
    const timesOf = async (orders: readonly OrderToSend[]): Promise<readonly number[]> => {
      const times: number[] = [];
      for (const order of orders) {
        const sent = performance.now();
        await client.send(order);
        times.push(performance.now() - sent);
      }
      return times.slice(WARM_UP_ORDERS);
    };
    try {
      const additions = await timesOf(additionsOf(prepared));
      return { additions, replacements: await timesOf(replacementsOf(prepared)) };
    } finally {
      stop.abort();
    }
  });
}

function additionsOf({ bulk, listener }: Prepared): readonly OrderToSend[] {
  return Array.from({ length: WARM_UP_ORDERS + ORDERS }, (_, index) => ({
    type: "ADD_CERTIFICATE",
    data: bulk.sentAs(bulk.make(COUNT + index), listener),
  }));
}

/** Spread over all of them. */
function replacementsOf({ bulk, listener, fingerprints }: Prepared): readonly OrderToSend[] {
  const count = WARM_UP_ORDERS + ORDERS;
  return Array.from({ length: count }, (_, index) => {
    const number = Math.floor((index * COUNT) / count);
    const old_fingerprint = fingerprints[number];
    const data = { ...bulk.sentAs(bulk.make(number), listener), old_fingerprint };
    return { type: "REPLACE_CERTIFICATE", data };
  });
}

function sectionOf(startSeconds: number, bytes: number, orders: OrderTimes): Section {
  const count = COUNT.toLocaleString("en");
  const row = (title: string, value: number, digits: number): readonly string[] => [
    title,
    value.toFixed(digits),
  ];
  const timeRows = (title: string, times: readonly number[]): readonly (readonly string[])[] => [
    row(`${title}, p50 ms`, percentile(times, 0.5), 2),
    row(`${title}, p99 ms`, percentile(times, 0.99), 2),
  ];
  return {
    title: `${count} certificates`,
    how:
      `All with P-256 keys, one name and a chain of one. The start is from a state file with one worker until the last is served; ` +
      `memory is the worker's, less that with one certificate; ${ORDERS.toLocaleString("en")} orders of each kind one after the other, from ` +
      `sending to the OK of ${WORKERS} workers, under ${HANDSHAKE_RATE} new connections a second.`,
    head: ["", ""],
    rows: [
      row("start, seconds, median", startSeconds, 2),
      row("bytes per certificate that nobody has used", bytes, 0),
      ...timeRows("ADD_CERTIFICATE", orders.additions),
      ...timeRows("REPLACE_CERTIFICATE", orders.replacements),
    ],
    goals: [
      goalAtMost(`seconds until ${count} certificates are served`, 10, startSeconds),
      goalAtMost("bytes per certificate that nobody has used", 8_192, bytes, 0),
      goalAtMost("ADD_CERTIFICATE: p99 in ms", 10, percentile(orders.additions, 0.99)),
      goalAtMost("REPLACE_CERTIFICATE: p99 in ms", 10, percentile(orders.replacements, 0.99)),
    ],
  };
}
