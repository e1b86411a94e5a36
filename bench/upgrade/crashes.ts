/**
 * Kakehi with two workers whose main is killed in the midst of traffic and changes, and started again; or one
 * of whose workers is.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signal, whenGone } from "../../testing/processes.ts";
import { Proxy } from "../../testing/proxy.ts";
import { Ledger } from "../../testing/witness/ledger.ts";
import { processesOf } from "../../testing/witness/proxy-subject.ts";
import type { Subject } from "../../testing/witness/witness.ts";
import { PROXY_CORES } from "./load.ts";

const WORKERS = 2;
const GONE_MS_MAX = 5_000;

/** Something that can be killed again and again. */
export interface Killable extends Subject {
  readonly port: number;
  readonly changes: Ledger;
  /** From the start of each main to its answer that all workers run, in milliseconds. */
  readonly adoptionsMs: readonly number[];
  /** Changes that were answered `OK`, and were not there after a main was started. */
  readonly lost: readonly string[];
  end(): Promise<void>;
}

export type Victim = "main" | "worker";

/** Starts it. `addresses`: backends that all give the same answers. */
export async function startKillable(
  victim: Victim,
  program: string,
  addresses: readonly string[],
): Promise<Killable> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-killed-"));
  const args = ["--state", join(folder, "state")];
  const start = (): Promise<Proxy> =>
    Proxy.start({
      program,
      io: "uring",
      workers: WORKERS,
      launcher: ["taskset", "-c", PROXY_CORES],
      folder,
      args,
    });
  const proxies = [await start()];
  const newest = (): Proxy => proxies.at(-1)!;
  const port = await newest().serve("app", [{ id: "first", address: addresses[0]! }]);
  const changes = new Ledger(await newest().connect());
  const adoptionsMs: number[] = [];
  const lost: string[] = [];
  const killMain = async (): Promise<void> => {
    const { pid } = newest();
    signal(pid, "SIGKILL");
    await whenGone([pid], GONE_MS_MAX);
    const startedMs = performance.now();
    proxies.push(await start());
    adoptionsMs.push(performance.now() - startedMs);
    lost.push(...(await changes.lost(newest().orders)));
    changes.goOn(await newest().connect());
  };
  return {
    port,
    changes,
    adoptionsMs,
    lost,
    // What was killed may be listed until it is collected: those of all mains.
    ...processesOf(proxies),
    upgrade: victim === "main" ? killMain : () => killWorker(newest()),
    end: async () => {
      await newest().stop();
      await Promise.all(proxies.map((proxy) => proxy.discard()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function killWorker(proxy: Proxy): Promise<void> {
  const [victim] = await proxy.workers();
  signal(victim!.pid, "SIGKILL");
  await proxy.whenWorkers("a replacement", (workers) => {
    const fit = workers.filter(({ pid, state }) => pid !== victim!.pid && state === "running");
    return fit.length === WORKERS;
  });
}
