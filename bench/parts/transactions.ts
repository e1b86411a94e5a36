/**
 * Transactions of 1,000 orders at 100,000 clusters: how long one takes without traffic and under it, and
 * whether a response is ever decided by half of one. Each moves 500 hosts from one of two backends to the
 * other, so that the revision in a response's head says which of them must have answered.
 */
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Client } from "../../src/client/client.ts";
import type { ChangeOrder } from "../../src/model/orders.ts";
import { writeBulkState } from "../bulk-state.ts";
import { startKakehi } from "../contestants/kakehi.ts";
import type { FixedRate, FixedRateResult } from "../load/fixed-rate.ts";
import { outputOf } from "../load/program-output.ts";
import { endProgram, findFreePort, LOAD_CORE, startProgram, waitForPort } from "../processes.ts";
import { goalAtLeast, goalAtMost, type Section } from "../section.ts";
import { percentile } from "../statistics.ts";
import type { Part, Surroundings } from "./part.ts";

const CLUSTERS = 100_000;
const WORKERS = 2;
/** Each is two orders: its backend goes, and another comes. */
const HOSTS_MOVED = 500;
const WARM_UP = 3;
const QUIET_TRANSACTIONS = 20;
const REQUESTS = 1_000_000;
const RATE = 5_000;
const CONNECTIONS = 64;
const PAUSE_MS = 250;
const GENERATOR = join(import.meta.dirname, "..", "load", "fixed-rate.ts");
const BACKENDS = join(import.meta.dirname, "..", "load", "twin-backends.ts");

export const transactionsPart: Part = { name: "transactions", run };

interface Findings {
  readonly quiet: readonly number[];
  /** Each over one such transaction. */
  readonly reverts: readonly number[];
  readonly loaded: readonly number[];
  readonly traffic: FixedRateResult;
}

async function run(surroundings: Surroundings): Promise<Section> {
  const { folder, tell, waitForQuiet } = surroundings;
  const listener = `127.0.0.1:${await findFreePort()}`;
  const ports = [await findFreePort(), await findFreePort()];
  const path = join(folder, "transactions.state");
  writeBulkState(path, { count: CLUSTERS, listener, upstreamPort: ports[0]! });
  const command = [process.execPath, BACKENDS, ...ports.map(String)];
  const backends = startProgram("twin backends", LOAD_CORE, command);
  await Promise.all(ports.map((port) => waitForPort(port, backends)));
  const args = [`--state=${path}`];
  const kakehi = await startKakehi(folder, { io: "uring", workers: WORKERS, cores: "0,1", args });
  try {
    await waitForQuiet();
    const mover = await Mover.start(kakehi.client, listener, ports);
    for (let count = 0; count < WARM_UP; count++) await mover.move();
    const quiet: number[] = [];
    for (let count = 0; count < QUIET_TRANSACTIONS; count++) quiet.push(await mover.move());
    tell(
      `transactions: p50 ${percentile(quiet, 0.5).toFixed(1)} ms, at most ${Math.max(...quiet).toFixed(1)}`,
    );
    const reverts: number[] = [];
    for (let count = 0; count < QUIET_TRANSACTIONS; count++) reverts.push(await mover.revert());
    tell(
      `reverts: p50 ${percentile(reverts, 0.5).toFixed(1)} ms, at most ${Math.max(...reverts).toFixed(1)}`,
    );
    const findings = { quiet, reverts, ...(await moveUnderLoad(mover, Number(listener.split(":")[1]))) };
    const { answered, mixed } = findings.traffic;
    tell(`transactions under load: ${findings.loaded.length}, ${answered} responses, ${mixed} mixed`);
    return sectionOf(findings);
  } finally {
    await kakehi.end();
    await endProgram(backends);
  }
}

/** Moves the hosts: at an even revision they are at the first backend, at an odd one at the second. */
class Mover {
  readonly #client: Client;
  readonly #ports: readonly number[];
  #revision: number;
  #backendId = "only";
  #backendIdBefore = "only";

  private constructor(client: Client, ports: readonly number[], revision: number) {
    this.#client = client;
    this.#ports = ports;
    this.#revision = revision;
  }

  static async start(client: Client, address: string, ports: readonly number[]): Promise<Mover> {
    const answer = await client.send({ type: "UPDATE_LISTENER", data: { address, revision_header: true } });
    if (answer.revision % 2 !== 0)
      throw new Error(`the hosts are at the first backend at ${answer.revision}`);
    return new Mover(client, ports, answer.revision);
  }

  /** One transaction: milliseconds from sending to `OK`. */
  async move(): Promise<number> {
    const next = this.#revision + 1;
    const backendId = `twin-${next}`;
    const address = `127.0.0.1:${this.#ports[next % 2]}`;
    const orders = Array.from({ length: HOSTS_MOVED }, (_, index) => `bulk-${index}`).flatMap(
      (cluster_id) => [
        { type: "REMOVE_BACKEND", data: { cluster_id, backend_id: this.#backendId, drain: { wait: false } } },
        { type: "ADD_BACKEND", data: { cluster_id, backend_id: backendId, address } },
      ],
    ) as unknown as readonly ChangeOrder[];
    const sent = performance.now();
    const answer = await this.#client.send({ type: "TRANSACTION", data: { orders } });
    const tookMs = performance.now() - sent;
    if (answer.revision !== next) throw new Error(`made revision ${answer.revision}, not ${next}`);
    this.#revision = next;
    this.#backendIdBefore = this.#backendId;
    this.#backendId = backendId;
    return tookMs;
  }

  /** Back to what was before the last transaction: milliseconds from sending to `OK`. */
  async revert(): Promise<number> {
    const sent = performance.now();
    const data = { revision: this.#revision - 1, drain: { wait: false } };
    const answer = await this.#client.send({ type: "REVERT", data });
    const tookMs = performance.now() - sent;
    if (answer.revision !== this.#revision + 1) throw new Error(`made revision ${answer.revision}`);
    this.#revision = answer.revision;
    [this.#backendId, this.#backendIdBefore] = [this.#backendIdBefore, this.#backendId];
    return tookMs;
  }
}

async function moveUnderLoad(mover: Mover, port: number): Promise<Pick<Findings, "loaded" | "traffic">> {
  const seconds = REQUESTS / RATE;
  const asked: FixedRate = {
    ...{ port, path: "/", rate: RATE, connections: CONNECTIONS, seconds },
    ...{ hosts: HOSTS_MOVED, twins: true },
  };
  let isOver = false;
  const output = outputOf([process.execPath, GENERATOR, JSON.stringify(asked)], seconds).finally(() => {
    isOver = true;
  });
  const loaded: number[] = [];
  while (!isOver) {
    loaded.push(await mover.move());
    await wait(PAUSE_MS);
  }
  const said = await output;
  const line = said.split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`the load generator said:\n${said}`);
  return { loaded, traffic: JSON.parse(line) as FixedRateResult };
}

function sectionOf({ quiet, reverts, loaded, traffic }: Findings): Section {
  const row = (name: string, times: readonly number[]): readonly string[] => [
    name,
    String(times.length),
    ...[0.5, 0.99, 1].map((share) => percentile(times, share).toFixed(1)),
  ];
  return {
    title: "Transactions",
    how:
      `${(HOSTS_MOVED * 2).toLocaleString("en")} orders in one TRANSACTION, at ${CLUSTERS.toLocaleString("en")} ` +
      `clusters, to the OK of ${WORKERS} workers, on both cores; then one every ${PAUSE_MS} ms under ` +
      `${RATE.toLocaleString("en")} requests per second, whose p99 was ${traffic.p99.toFixed(2)} ms. Each response ` +
      "is held to the revision in its head.",
    head: ["", "transactions", "p50 ms", "p99 ms", "longest ms"],
    rows: [
      row("without traffic", quiet),
      row("REVERT, without traffic", reverts),
      row("under traffic", loaded),
    ],
    goals: [
      goalAtMost("without traffic: the longest in ms", 100, Math.max(...quiet), 1),
      goalAtMost("REVERT over 1,000 orders: the longest in ms", 100, Math.max(...reverts), 1),
      goalAtLeast("responses that were looked at", REQUESTS * 0.999, traffic.answered),
      goalAtMost("of these, decided by a mixed state", 0, traffic.mixed, 0),
      goalAtMost("without an answer", 0, traffic.faults, 0),
    ],
  };
}
