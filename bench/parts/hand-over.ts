/** How long it takes to hand many idle connections over from one worker to another. */
import { FaultLog } from "../../testing/clients/faults.ts";
import { type IoName, Proxy } from "../../testing/proxy.ts";
import { RestingClients } from "../../testing/witness/resting-clients.ts";
import { goalAtMost, type Section } from "../section.ts";
import { PROXY_CORES, withBackends } from "../upgrade/load.ts";
import { publishedProgram } from "../../testing/published.ts";
import type { Part, Surroundings } from "./part.ts";

const CONNECTIONS = 10_000;
const HAND_OVER_MS_MAX = 1_000;
const UPGRADES = 3;
const UPGRADE_MS_MAX = 60_000;
const IOS: readonly IoName[] = ["uring", "node"];

export const handOverPart: Part = { name: "hand-over", run };

interface Outcome {
  readonly handOversMs: readonly number[];
  readonly upgradesMs: readonly number[];
  readonly faults: number;
}

async function run({ folder, tell, waitForQuiet }: Surroundings): Promise<Section> {
  const outcomes: Outcome[] = [];
  for (const io of IOS) {
    await waitForQuiet();
    const outcome = await measure(io, publishedProgram(folder));
    tell(`hand-over: ${io}: ${textOf(outcome.handOversMs)} ms, ${outcome.faults} faults`);
    outcomes.push(outcome);
  }
  return {
    title: "Idle connections handed over",
    how:
      `${CONNECTIONS} connections that were answered once and are idle, ${UPGRADES} times UPGRADE_WORKER; from ` +
      "the moment in which the new worker accepts until the old one has nothing left. Then each asks again.",
    head: ["", ...IOS.map((io) => `kakehi-${io}`)],
    rows: [
      ["hand-over, ms", ...outcomes.map(({ handOversMs }) => textOf(handOversMs))],
      ["the whole order, ms", ...outcomes.map(({ upgradesMs }) => textOf(upgradesMs))],
      ["closed, or not answered", ...outcomes.map(({ faults }) => `${faults}`)],
    ],
    goals: outcomes.flatMap(({ handOversMs, faults }, index) => [
      goalAtMost(`${IOS[index]!}: ms`, HAND_OVER_MS_MAX, Math.max(...handOversMs), 0),
      goalAtMost(`${IOS[index]!}: closed, or not answered`, 0, faults, 0),
    ]),
  };
}

function measure(io: IoName, program: string): Promise<Outcome> {
  return withBackends(async ([address]) => {
    const proxy = await Proxy.start({ program, io, workers: 1, launcher: ["taskset", "-c", PROXY_CORES] });
    try {
      const port = await proxy.serve("app", [{ id: "first", address: address! }]);
      const faults = new FaultLog();
      const options = { port, host: "a.example", count: CONNECTIONS, faults, waited: () => undefined };
      const clients = await RestingClients.open(options);
      const handOversMs: number[] = [];
      const upgradesMs: number[] = [];
      while (upgradesMs.length < UPGRADES) {
        const [handOverMs, upgradeMs] = await upgradeOnce(proxy);
        handOversMs.push(handOverMs);
        upgradesMs.push(upgradeMs);
        await clients.use();
      }
      clients.close();
      return { handOversMs, upgradesMs, faults: faults.count };
    } finally {
      await proxy.stop();
    }
  });
}

async function upgradeOnce(proxy: Proxy): Promise<[handOverMs: number, upgradeMs: number]> {
  const [worker] = await proxy.workers();
  const startedMs = performance.now();
  const upgrade = proxy.orders.send("UPGRADE_WORKER", { worker: worker!.worker });
  await upgrade.processing(({ message }) => message.includes("hands its connections over"));
  const acceptsMs = performance.now();
  await upgrade.processing(({ data }) => data.left === 0);
  const handedOverMs = performance.now();
  const answer = await upgrade.final(UPGRADE_MS_MAX);
  if (answer.status !== "OK") throw new Error(`UPGRADE_WORKER: ${answer.message}`);
  return [handedOverMs - acceptsMs, performance.now() - startedMs];
}

function textOf(valuesMs: readonly number[]): string {
  return valuesMs.map((ms) => ms.toFixed(0)).join(", ");
}
