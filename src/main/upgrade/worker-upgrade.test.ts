import assert from "node:assert/strict";
import { test } from "node:test";
import { fail } from "../../base/result.ts";
import { Conditions } from "../workers/conditions.ts";
import type { WorkerProcess } from "../workers/worker-process.ts";
import { WorkerUpgrade, type WorkerUpgradeOptions, type WorkerUpgradeRequest } from "./worker-upgrade.ts";

/** Worker 0 runs, and still takes over from worker 1. No other can be started. */
class Setting {
  readonly taker = { number: 0, state: "running" } as WorkerProcess;
  readonly giver = { number: 1, state: "handing-over", givesTo: 0 } as WorkerProcess;
  readonly conditions = new Conditions(() => false);
  readonly workers = new Map([this.taker, this.giver].map((worker) => [worker.number, worker]));
  readonly steps: string[] = [];
  isStopping = false;
  readonly #upgrade: WorkerUpgrade;

  constructor() {
    const { workers, conditions } = this;
    const isStopping = (): boolean => this.isStopping;
    const supervisor = {
      until: conditions.until.bind(conditions),
      get isStopping() {
        return isStopping();
      },
      startExtra: () => {
        this.steps.push("a worker starts");
        return Promise.resolve(fail("there is none"));
      },
    };
    const options = {
      workers: { all: () => [...workers.values()], get: (number: number) => workers.get(number) },
      supervisor,
      events: { append: () => undefined },
    };
    this.#upgrade = new WorkerUpgrade(options as unknown as WorkerUpgradeOptions);
  }

  /** The code of the error that it ends with. */
  async run(request: Partial<WorkerUpgradeRequest>): Promise<string> {
    const tell = (step: string): void => void this.steps.push(step);
    const wishes = { worker: 0, deadlineMs: undefined, whileTaking: "wait", tell, ...request } as const;
    const upgraded = await this.#upgrade.run(wishes);
    return upgraded.ok ? "OK" : upgraded.error.code;
  }
}

const WAITS = "worker 0 still takes over from worker 1, and is waited for";

test("whoever waits for a worker that still takes over begins when its giver is gone", async () => {
  const setting = new Setting();
  const ended = setting.run({});
  await Promise.resolve();
  assert.deepEqual(setting.steps, [WAITS]);
  setting.workers.delete(1);
  setting.conditions.changed();
  assert.equal(await ended, "UPGRADE_FAILED");
  assert.deepEqual(setting.steps, [WAITS, "a worker starts"]);
});

test("whoever does not wait is refused, and nothing starts", async () => {
  const setting = new Setting();
  assert.equal(await setting.run({ whileTaking: "refuse" }), "BUSY");
  assert.deepEqual(setting.steps, []);
});

test("it is waited for no longer than the deadline of what cannot go over", async () => {
  const setting = new Setting();
  assert.equal(await setting.run({ deadlineMs: 1 }), "UPGRADE_FAILED");
  assert.deepEqual(setting.steps, [WAITS, "a worker starts"]);
});

test("a stop, or the end of the worker, ends the waiting, and nothing starts", async () => {
  const stopped = new Setting();
  const ended = stopped.run({});
  stopped.isStopping = true;
  stopped.conditions.changed();
  assert.equal(await ended, "STOPPING");
  const died = new Setting();
  const gone = died.run({});
  died.workers.delete(0);
  died.conditions.changed();
  assert.equal(await gone, "UNKNOWN_WORKER");
  assert.deepEqual([...stopped.steps, ...died.steps], [WAITS, WAITS]);
});
