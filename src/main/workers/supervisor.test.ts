import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { createLog } from "../../io/log.ts";
import { EventLog } from "../events/event-log.ts";
import { MAIN_LIMITS } from "../limits.ts";
import { MainCounters } from "../metrics/main-metrics.ts";
import { Supervisor } from "./supervisor.ts";
import type { WorkerOrigin } from "./worker-origin.ts";
import { WorkerProcess, type WorkerState } from "./worker-process.ts";

/** No process: what is sent to it goes nowhere. */
function originOf(number: number): WorkerOrigin {
  return {
    kind: "adopted",
    pid: 1_000 + number,
    messages: new PassThrough(),
    descriptors: -1,
    kill: () => undefined,
    whenGone: () => undefined,
    channelClosed: () => undefined,
    release: () => undefined,
  };
}

/** A supervisor over workers of a main before, and what it asked of them. */
function newSupervisor(): {
  supervisor: Supervisor;
  adopt: (number: number, state: WorkerState) => WorkerProcess;
  asked: string[];
} {
  const asked: string[] = [];
  const all: WorkerProcess[] = [];
  const limits = { ...MAIN_LIMITS, leaveWaitMs: 0 };
  const supervisor = new Supervisor({
    workers: {
      all: () => all,
      get: (number) => all.find((worker) => worker.number === number),
      handOver: (giver, taker) => {
        asked.push(`${giver.number} gives to ${taker.number}`);
        giver.state = "handing-over";
        giver.tookBack = undefined;
      },
      kill: (worker) => asked.push(`kill ${worker.number}`),
      spawn: (number) => assert.fail(`worker ${number} starts`),
      stop: (worker) => {
        asked.push(`stop ${worker.number}`);
        worker.state = "stopping";
      },
    },
    counters: new MainCounters(),
    events: new EventLog({ startedAtMs: 0, eventsMax: 10, charsMax: 10_000, now: () => 0 }),
    limits,
    log: createLog({ level: "error", form: "text", write: () => undefined, now: () => 0 }),
    now: () => 0,
    version: "1.0.0",
    handOverBegins: () => undefined,
  });
  const adopt = (number: number, state: WorkerState): WorkerProcess => {
    const nothing = (): void => undefined;
    const worker = new WorkerProcess(number, originOf(number), { received: nothing, exited: nothing });
    worker.state = state;
    all.push(worker);
    supervisor.adopted(worker);
    return worker;
  };
  return { supervisor, adopt, asked };
}

function takesBack(supervisor: Supervisor, worker: WorkerProcess): void {
  worker.tookBack = "the other cannot read it";
  supervisor.handedOver(worker);
}

async function setCount(supervisor: Supervisor, count: number): Promise<void> {
  const set = await supervisor.setCount(count, () => undefined);
  assert.ok(set.ok);
}

test("a worker that was too many for the main before leaves, too, when it takes back what it gave", async () => {
  const { supervisor, adopt, asked } = newSupervisor();
  adopt(0, "running");
  const surplus = adopt(1, "handing-over");
  await setCount(supervisor, 1);
  assert.deepEqual(asked, [], "it gives, and leaves by itself");
  takesBack(supervisor, surplus);
  assert.deepEqual(asked, ["stop 1"]);
});

test("where it is not too many any more it stays", async () => {
  const { supervisor, adopt, asked } = newSupervisor();
  const taker = adopt(0, "running");
  const giver = adopt(1, "handing-over");
  await setCount(supervisor, 1);
  taker.state = "stopping";
  takesBack(supervisor, giver);
  assert.deepEqual([asked, giver.state], [[], "running"]);
});

test("one whose taker is too many leaves when that is gone: it was replaced, and does not come back", async () => {
  const { supervisor, adopt, asked } = newSupervisor();
  const replaced = adopt(0, "handing-over");
  adopt(1, "running");
  const taker = adopt(2, "running");
  replaced.givesTo = taker.number;
  await setCount(supervisor, 1);
  assert.deepEqual(asked, ["stop 2"]);
  takesBack(supervisor, replaced);
  assert.deepEqual(asked, ["stop 2", "stop 0"]);
});

test("one that takes back before it is known how many there should be stays until that is", async () => {
  const { supervisor, adopt, asked } = newSupervisor();
  adopt(0, "running");
  const giver = adopt(1, "handing-over");
  takesBack(supervisor, giver);
  assert.deepEqual([asked, giver.state], [[], "running"]);
  await setCount(supervisor, 1);
  assert.deepEqual(asked, ["1 gives to 0"]);
});
