/**
 * How long a change takes, from the order to the OK of all workers, under traffic, with few and with many
 * objects; and how many changes a second go through when they are not waited for.
 */
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "../../src/client/client.ts";
import { writeBulkState } from "../bulk-state.ts";
import { startKakehi } from "../contestants/kakehi.ts";
import { outputOf } from "../load/program-output.ts";
import { findFreePort } from "../processes.ts";
import { goalAtLeast, goalAtMost, type Goal, type Section } from "../section.ts";
import { percentile } from "../statistics.ts";
import { HOST_COUNT } from "../workload.ts";
import type { Part, Surroundings } from "./part.ts";

const SIZES: readonly number[] = [100, 10_000, 100_000];
const WORKERS = 2;
const TRAFFIC_RATE = 2_000;
const TRAFFIC_CONNECTIONS = 32;
const TRAFFIC_SECONDS_MAX = 60;
const WARM_UP_ORDERS = 600;
const AWAITED_ORDERS = 1_800;
const PIPELINED_ORDERS = 18_000;
const IN_FLIGHT_MAX = 600;
const TRAFFIC_LEAD_MS = 500;
const GENERATOR = join(import.meta.dirname, "..", "load", "fixed-rate.ts");

export const ordersPart: Part = { name: "orders", run };

interface SizeResult {
  readonly size: number;
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
}

async function run(surroundings: Surroundings): Promise<Section> {
  const results: SizeResult[] = [];
  for (const size of SIZES) {
    await surroundings.waitForQuiet();
    const result = await measureSize(size, surroundings);
    results.push(result);
    const { p50, p99, perSecond } = result;
    surroundings.tell(
      `orders at ${size}: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, ${Math.round(perSecond)}/s`,
    );
  }
  return sectionOf(results);
}

async function measureSize(size: number, { folder, upstreamPort }: Surroundings): Promise<SizeResult> {
  const listener = `127.0.0.1:${await findFreePort()}`;
  const path = join(folder, `orders-${size}.state`);
  writeBulkState(path, { count: size, listener, upstreamPort });
  const kakehi = await startKakehi(folder, {
    io: "uring",
    workers: WORKERS,
    cores: "0,1",
    args: [`--state=${path}`],
  });
  const stopTraffic = startTraffic(Number(listener.split(":")[1]), size);
  try {
    await wait(TRAFFIC_LEAD_MS);
    await sendAwaited(kakehi.client, listener, WARM_UP_ORDERS);
    const latencies = await sendAwaited(kakehi.client, listener, AWAITED_ORDERS);
    const perSecond = await sendPipelined(kakehi.client, listener, PIPELINED_ORDERS);
    return { size, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99), perSecond };
  } finally {
    stopTraffic();
    await kakehi.end();
  }
}

/** Traffic for the workload's hostnames, of which the bulk state serves the first. */
function startTraffic(port: number, size: number): () => void {
  const asked = {
    port,
    path: "/small",
    rate: TRAFFIC_RATE,
    connections: TRAFFIC_CONNECTIONS,
    seconds: TRAFFIC_SECONDS_MAX,
    hosts: Math.min(size, HOST_COUNT),
  };
  const stop = new AbortController();
  const command = [process.execPath, GENERATOR, JSON.stringify(asked)];
  outputOf(command, TRAFFIC_SECONDS_MAX, stop.signal).catch(() => undefined);
  return () => stop.abort();
}

interface OrderToSend {
  readonly type: string;
  readonly data: object;
}

/** Six orders that leave everything as it was: an application comes, is routed to, and goes. */
function ordersOf(listener: string, number: number): readonly OrderToSend[] {
  const cluster_id = `visitor-${number}`;
  const backend = { cluster_id, backend_id: "only" };
  const frontend = { listener, hostname: `visitor-${number}.bench.example.org` };
  return [
    { type: "ADD_CLUSTER", data: { cluster_id } },
    { type: "ADD_BACKEND", data: { ...backend, address: "127.0.0.1:9" } },
    { type: "ADD_FRONTEND", data: { ...frontend, cluster_id } },
    { type: "REMOVE_FRONTEND", data: frontend },
    { type: "REMOVE_BACKEND", data: backend },
    { type: "REMOVE_CLUSTER", data: { cluster_id } },
  ];
}

/** One order after the other, each waited for: milliseconds from sending to OK. */
async function sendAwaited(client: Client, listener: string, count: number): Promise<readonly number[]> {
  const latencies: number[] = [];
  for (let number = 0; latencies.length < count; number++) {
    for (const order of ordersOf(listener, number)) {
      const sent = performance.now();
      await client.send(order);
      latencies.push(performance.now() - sent);
    }
  }
  return latencies;
}

/** Many orders on their way at a time, on one connection: orders per second. */
async function sendPipelined(client: Client, listener: string, count: number): Promise<number> {
  const started = performance.now();
  let inFlight: Promise<unknown>[] = [];
  for (let sent = 0; sent < count; sent += 6) {
    inFlight.push(...ordersOf(listener, sent).map((order) => client.send(order)));
    if (inFlight.length < IN_FLIGHT_MAX) continue;
    const half = inFlight.length / 2;
    await Promise.all(inFlight.slice(0, half));
    inFlight = inFlight.slice(half);
  }
  await Promise.all(inFlight);
  return (count * 1_000) / (performance.now() - started);
}

function sectionOf(results: readonly SizeResult[]): Section {
  const goals = results.flatMap(({ size, p50, p99, perSecond }): Goal[] => {
    const at = `at ${size.toLocaleString("en")}`;
    return [
      goalAtMost(`${at}: p50 in ms`, 2, p50),
      goalAtMost(`${at}: p99 in ms`, 10, p99),
      goalAtLeast(`${at}: pipelined orders per second`, 5_000, perSecond),
    ];
  });
  return {
    title: "Orders",
    how:
      `From an order's sending to the OK of ${WORKERS} workers, under ${TRAFFIC_RATE.toLocaleString("en")} requests ` +
      `per second, on both cores; ${AWAITED_ORDERS.toLocaleString("en")} orders one after the other, then ` +
      `${PIPELINED_ORDERS.toLocaleString("en")} with up to ${IN_FLIGHT_MAX} on their way.`,
    head: ["frontends and clusters", "p50 ms", "p99 ms", "orders/s, pipelined"],
    rows: results.map(({ size, p50, p99, perSecond }) => [
      size.toLocaleString("en"),
      p50.toFixed(2),
      p99.toFixed(2),
      Math.round(perSecond).toLocaleString("en"),
    ]),
    goals,
  };
}
