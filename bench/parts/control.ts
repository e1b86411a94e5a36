/**
 * The control plane beside itself: what a client that sends as fast as it can does to another, and what
 * following a file of 100,000 clusters that differs in ten costs main and the traffic.
 */
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "../../src/client/client.ts";
import { applyOrders } from "../../src/model/apply.ts";
import { diff } from "../../src/model/diff.ts";
import type { ChangeOrder } from "../../src/model/orders.ts";
import { State } from "../../src/model/state.ts";
import { writeBulkState } from "../bulk-state.ts";
import { startKakehi } from "../contestants/kakehi.ts";
import type { FixedRate, FixedRateResult } from "../load/fixed-rate.ts";
import { outputOf } from "../load/program-output.ts";
import { endProgram, findFreePort, LOAD_CORE, startProgram } from "../processes.ts";
import { goalAtMost, type Section } from "../section.ts";
import { median, percentile } from "../statistics.ts";
import { HOST_COUNT } from "../workload.ts";
import type { Part, Surroundings } from "./part.ts";

const CLUSTERS = 100_000;
const DIFFERENCES = 10;
const WORKERS = 2;
const POLITE_ORDERS = 1_000;
const IN_FLIGHT = 1_000;
const DIFFS = 20;
const RATE = 2_000;
const CONNECTIONS = 32;
const SECONDS = 20;
/** Two runs of the same traffic are not equal to less than this. */
const P99_MOVES_MS_MAX = 2;
/** Between two files: a proxy that follows them does not read all the time. */
const FOLLOW_PAUSE_MS = 2_000;
const GREEDY_LEAD_MS = 1_000;
const GREEDY = join(import.meta.dirname, "..", "load", "greedy-client.ts");
const GENERATOR = join(import.meta.dirname, "..", "load", "fixed-rate.ts");

export const controlPart: Part = { name: "control", run };

async function run(surroundings: Surroundings): Promise<Section> {
  const { folder, upstreamPort, tell, waitForQuiet } = surroundings;
  const diffMs = median(timeDiffs());
  tell(`control: a diff of two configurations that differ in ${DIFFERENCES}: ${diffMs.toFixed(0)} ms`);
  const listener = `127.0.0.1:${await findFreePort()}`;
  const [one, other] = [join(folder, "control-one.state"), join(folder, "control-other.state")];
  writeBulkState(one, { count: CLUSTERS, listener, upstreamPort });
  writeBulkState(other, { count: CLUSTERS - DIFFERENCES, listener, upstreamPort });
  const args = [`--state=${one}.kept`];
  const kakehi = await startKakehi(folder, { io: "uring", workers: WORKERS, cores: "0,1", args });
  try {
    const { client, socketPath } = kakehi;
    await client.send({ type: "LOAD_STATE", data: { path: one } });
    await waitForQuiet();
    const alone = await sendPolitely(client);
    const beside = await besideGreedy(socketPath, () => sendPolitely(client));
    tell(
      `control: p99 ${percentile(alone, 0.99).toFixed(2)} alone, ${percentile(beside, 0.99).toFixed(2)} beside`,
    );
    const port = Number(listener.split(":")[1]);
    const still = await traffic(port);
    const following = await whileFollowing(client, [other, one], () => traffic(port));
    tell(
      `control: traffic's p99 ${still.p99.toFixed(2)} ms, ${following.p99.toFixed(2)} while files are loaded`,
    );
    return sectionOf({ diffMs, alone, beside, still, following });
  } finally {
    await kakehi.end();
  }
}

/** As main makes them, in this process: milliseconds. */
function timeDiffs(): readonly number[] {
  const [current, wanted] = [stateOf(CLUSTERS), stateOf(CLUSTERS - DIFFERENCES)];
  return Array.from({ length: DIFFS }, () => {
    const began = performance.now();
    const orders = diff(current, wanted);
    if (orders.length !== DIFFERENCES * 2) throw new Error(`they differ in ${orders.length} orders`);
    return performance.now() - began;
  });
}

/** Clusters with one frontend and one backend each. */
function stateOf(count: number): State {
  const state = new State();
  const listener = "127.0.0.1:80";
  const times = { front_timeout_ms: 1, back_timeout_ms: 1, connect_timeout_ms: 1, request_timeout_ms: 1 };
  const orders: ChangeOrder[] = [
    {
      type: "ADD_LISTENER",
      data: { address: listener, protocol: "http", accept_proxy_protocol: false, ...times },
    },
  ];
  for (let index = 0; index < count; index++) {
    const cluster_id = `bulk-${index}`;
    const key = { listener, hostname: `bulk-${index}.bench.example.org`, path: { prefix: "/" } };
    const cluster = { load_balancing: "round_robin", sticky_session: false, https_redirect: false } as const;
    const backend = { backend_id: "only", address: "127.0.0.1:9", weight: 100, backup: false };
    orders.push(
      { type: "ADD_CLUSTER", data: { cluster_id, ...cluster } },
      { type: "ADD_BACKEND", data: { cluster_id, ...backend } },
      { type: "ADD_FRONTEND", data: { ...key, cluster_id, tags: {} } },
    );
  }
  const applied = applyOrders(state, orders);
  if (!applied.ok) throw new Error(applied.error.error.message);
  return state;
}

/** One order after the other: milliseconds from sending to `OK`. */
async function sendPolitely(client: Client): Promise<readonly number[]> {
  const latencies: number[] = [];
  for (let number = 0; number < POLITE_ORDERS; number++) {
    const sent = performance.now();
    const data = { cluster_id: "bulk-1", backend_id: "only", weight: 1 + (number % 200) };
    await client.send({ type: "UPDATE_BACKEND", data });
    latencies.push(performance.now() - sent);
  }
  return latencies;
}

/** Beside a client that always has as many orders on their way as it may. */
async function besideGreedy<Value>(socketPath: string, action: () => Promise<Value>): Promise<Value> {
  const command = [process.execPath, GREEDY, socketPath, String(IN_FLIGHT)];
  const greedy = startProgram("greedy client", LOAD_CORE, command);
  try {
    await wait(GREEDY_LEAD_MS);
    return await action();
  } finally {
    await endProgram(greedy);
  }
}

/** Requests at a fixed rate, for some seconds. */
export async function traffic(port: number): Promise<FixedRateResult> {
  const asked: FixedRate = {
    ...{ port, path: "/small", rate: RATE, connections: CONNECTIONS, seconds: SECONDS },
    hosts: HOST_COUNT,
  };
  const said = await outputOf([process.execPath, GENERATOR, JSON.stringify(asked)], SECONDS);
  const line = said.split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`the load generator said:\n${said}`);
  return JSON.parse(line) as FixedRateResult;
}

/** Loads one file after the other meanwhile. */
async function whileFollowing<Value>(
  client: Client,
  paths: readonly string[],
  action: () => Promise<Value>,
): Promise<Value> {
  let isOver = false;
  const follow = async (): Promise<void> => {
    for (let number = 0; !isOver; number++) {
      await client.send({ type: "LOAD_STATE", data: { path: paths[number % paths.length]! } });
      await wait(FOLLOW_PAUSE_MS);
    }
  };
  const following = follow();
  try {
    return await action();
  } finally {
    isOver = true;
    await following;
  }
}

function sectionOf(found: {
  readonly diffMs: number;
  readonly alone: readonly number[];
  readonly beside: readonly number[];
  readonly still: FixedRateResult;
  readonly following: FixedRateResult;
}): Section {
  const { diffMs, alone, beside, still, following } = found;
  return {
    title: "Control plane",
    how:
      `${CLUSTERS.toLocaleString("en")} clusters, ${WORKERS} workers, on both cores. A client's orders, one ` +
      `after the other, alone and beside one with ${IN_FLIGHT.toLocaleString("en")} on their way; ` +
      `${RATE.toLocaleString("en")} requests per second while nothing happens, and while LOAD_STATE follows files ` +
      `that differ in ${DIFFERENCES} clusters, one every few seconds.`,
    head: ["", "p50 ms", "p99 ms"],
    rows: [
      ["orders, alone", percentile(alone, 0.5).toFixed(2), percentile(alone, 0.99).toFixed(2)],
      ["orders, beside the greedy", percentile(beside, 0.5).toFixed(2), percentile(beside, 0.99).toFixed(2)],
      ["requests, while nothing happens", still.p50.toFixed(2), still.p99.toFixed(2)],
      ["requests, while files are loaded", following.p50.toFixed(2), following.p99.toFixed(2)],
    ],
    goals: [
      goalAtMost(
        "an order's p99 in ms beside a client that sends as fast as it can",
        20,
        percentile(beside, 0.99),
      ),
      goalAtMost(`a diff in ms where ${DIFFERENCES} clusters differ`, 200, diffMs, 0),
      goalAtMost("a request's p99 in ms, more than without", P99_MOVES_MS_MAX, following.p99 - still.p99),
      goalAtMost("requests without an answer", 0, still.faults + following.faults, 0),
    ],
  };
}
