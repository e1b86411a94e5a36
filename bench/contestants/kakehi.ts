/**
 * Kakehi from this checkout, with one worker on the proxy's core, configured over its command socket like
 * anybody's.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { connect, type Client } from "../../src/client/client.ts";
import type { Wildcard } from "../certificates/wildcard.ts";
import { COLLECTIBLE } from "../collect-garbage.ts";
import { endProgram, findFreePort, PROXY_CORE, startProgram, type Program } from "../processes.ts";
import { PROJECT_FOLDER } from "../../tools/tracked-files.ts";
import { CLUSTER_COUNT, clusterOf, HOST_COUNT, hostnameOf } from "../workload.ts";
import type { ContestantKind } from "./contestant.ts";

const READY_MS_MAX = 60_000;
const RETRY_MS = 20;

/** How to start the program. */
export interface KakehiOptions {
  readonly io: "uring" | "node";
  readonly workers: number;
  /** Further arguments of `kakehi run`. */
  readonly args?: readonly string[];
  /** Cores that it may use, as taskset writes them [the proxy's]. */
  readonly cores?: string;
}

/** A running proxy with a connection to its command socket. */
export interface Kakehi {
  readonly client: Client;
  readonly socketPath: string;
  readonly mainPid: number;
  readonly workerPids: readonly number[];
  end(): Promise<void>;
}

export const kakehiUring: ContestantKind = contestantWith("uring");
export const kakehiNode: ContestantKind = contestantWith("node");

/** Starts the program and waits until every worker runs. */
export async function startKakehi(folder: string, options: KakehiOptions): Promise<Kakehi> {
  const own = join(folder, `kakehi-${options.io}`);
  mkdirSync(own, { recursive: true });
  const socketPath = join(own, "command.sock");
  const command = [
    join(PROJECT_FOLDER, "bin", "kakehi"),
    "run",
    `--socket=${socketPath}`,
    `--workers=${options.workers}`,
    `--io=${options.io}`,
    ...(options.args ?? []),
  ];
  const cores = options.cores ?? String(PROXY_CORE);
  const program = startProgram(`kakehi-${options.io}`, cores, command, { NODE_OPTIONS: COLLECTIBLE });
  const client = await connectWhenReady(socketPath, program);
  const status = await client.send({ type: "STATUS" });
  return {
    client,
    socketPath,
    mainPid: status.data.pid,
    workerPids: status.data.workers.map((worker) => worker.pid),
    end: async () => {
      client.close();
      await endProgram(program);
    },
  };
}

/**
 * Opens a listener and routes every hostname of the workload to its cluster; over TLS where a certificate is
 * given.
 */
export async function configure(client: Client, upstreamPort: number, wildcard?: Wildcard): Promise<number> {
  const port = await findFreePort();
  const listener = `127.0.0.1:${port}`;
  await addListener(client, listener, wildcard);
  const orders: Promise<unknown>[] = [];
  for (let index = 0; index < CLUSTER_COUNT; index++) {
    const cluster_id = clusterOf(index);
    const backend = { cluster_id, backend_id: "only", address: `127.0.0.1:${upstreamPort}` };
    orders.push(client.send({ type: "ADD_CLUSTER", data: { cluster_id } }));
    orders.push(client.send({ type: "ADD_BACKEND", data: backend }));
  }
  for (let index = 0; index < HOST_COUNT; index++) {
    const data = { listener, hostname: hostnameOf(index), cluster_id: clusterOf(index) };
    orders.push(client.send({ type: "ADD_FRONTEND", data }));
  }
  await Promise.all(orders);
  return port;
}

/** The wildcard is for clients without SNI too: wrk knows the address alone. */
async function addListener(client: Client, address: string, wildcard: Wildcard | undefined): Promise<void> {
  if (wildcard === undefined) {
    await client.send({ type: "ADD_LISTENER", data: { address, protocol: "http" } });
    return;
  }
  const { certificate, chain, key, fingerprint } = wildcard;
  const data = { address, protocol: "https" as const, default_certificate: fingerprint };
  await client.send({ type: "ADD_LISTENER", data });
  await client.send({ type: "ADD_CERTIFICATE", data: { listener: address, certificate, chain, key } });
}

function contestantWith(io: "uring" | "node"): ContestantKind {
  const start: ContestantKind["start"] = async (folder, upstreamPort, wildcard) => {
    const kakehi = await startKakehi(folder, { io, workers: 1 });
    const port = await configure(kakehi.client, upstreamPort, wildcard);
    const { workerPids, mainPid } = kakehi;
    return { name: `kakehi-${io}`, port, workerPids, otherPids: [mainPid], end: () => kakehi.end() };
  };
  return { name: `kakehi-${io}`, missing: () => undefined, start };
}

async function connectWhenReady(socketPath: string, program: Program): Promise<Client> {
  const until = performance.now() + READY_MS_MAX;
  for (;;) {
    if (program.child.exitCode !== null) throw new Error(`${program.name} ended: ${program.said()}`);
    if (performance.now() > until)
      throw new Error(`${program.name} was not ready in time: ${program.said()}`);
    const client = await connect(socketPath).catch(() => undefined);
    if (client === undefined) {
      await wait(RETRY_MS);
      continue;
    }
    const status = await client.send({ type: "STATUS" });
    if (status.data.workers.every((worker) => worker.state === "running")) return client;
    client.close();
    await wait(RETRY_MS);
  }
}
