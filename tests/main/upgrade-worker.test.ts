/**
 * UPGRADE_WORKER with programs that are no good: the answer says why, and the worker before goes on as if
 * nothing had been asked.
 */
import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { getPriority, tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { mayRaise, STAND_BACK_BY } from "../../src/io/niceness.ts";
import { createLog } from "../../src/io/log.ts";
import type { MainLimits } from "../../src/main/limits.ts";
import { type MainHandle, type MainOptions, runMain } from "../../src/main/run-main.ts";
import { askUntil, within } from "../../testing/deadline.ts";
import { OrderClient } from "../../testing/order-client.ts";
import { signal } from "../../testing/processes.ts";

const FAKE_WORKER = fileURLToPath(new URL("../../testing/fake-worker.ts", import.meta.url));
const WAIT_MS = 20_000;
/** A program that says nothing would be waited for longer. */
const START_MS_MAX = 3_000;
/** The fake workers must be ready in it, however busy the machine is. */
const READY_MS_MAX = 4_000;

interface Started {
  readonly main: MainHandle;
  readonly orders: OrderClient;
  readonly folder: string;
  readonly log: string[];
}

/** Main with two fake workers, and a folder for programs. */
async function start(t: TestContext, limits: Partial<MainLimits> = {}): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), "kakehi-upgrade-"));
  const log: string[] = [];
  const options: MainOptions = {
    socketPath: join(folder, "command.sock"),
    socketMode: 0o600,
    workers: 2,
    io: "auto",
    demo: false,
    version: "0.0.0-test",
    workerEntry: FAKE_WORKER,
    limits,
    log: createLog({ level: "debug", form: "text", write: (line) => log.push(line), now: () => 0 }),
  };
  const started = await runMain(options);
  assert.ok(started.ok, started.ok ? "" : `${started.error}\n${log.join("")}`);
  const orders = await OrderClient.connect(options.socketPath);
  t.after(async () => {
    orders.close();
    started.value.stopHard();
    await within(WAIT_MS, "the stop", started.value.stopped);
    await rm(folder, { recursive: true });
  });
  return { main: started.value, orders, folder, log };
}

async function pidsOf(orders: OrderClient): Promise<readonly number[]> {
  const { workers } = (await orders.ok("STATUS")).data;
  assert.ok(workers.every(({ state }: { state: string }) => state === "running"));
  return workers.map(({ pid }: { pid: number }) => pid);
}

const READY = '{"type":"ready","revision":0,"hash":"h","io":"x","io_reason":"y"';
const BAD_PROGRAMS: Readonly<Record<string, { script: string; reason: RegExp }>> = {
  "exits at once": { script: "exit 3", reason: /exit code 3/ },
  "says nothing": { script: "exec sleep 60", reason: /gives no sign of life/ },
  "speaks no JSON": { script: "echo hello >&3; printf '\\0' >&3; exec sleep 60", reason: /another format/ },
  "says it is ready before there were formats": {
    script: `printf '${READY}}\\0' >&3; exec sleep 60`,
    reason: /speaks format of before formats with main, not 1/,
  },
  "speaks a later format with main": {
    script: `printf '${READY},"program":{"version":"9.0.0","channel":9,"handover":1}}\\0' >&3; exec sleep 60`,
    reason: /\(9\.0\.0\) speaks format 9 with main, not 1/,
  },
  "hands over in a later format": {
    script: `printf '${READY},"program":{"version":"9.0.0","channel":1,"handover":9}}\\0' >&3; exec sleep 60`,
    reason: /\(9\.0\.0\) hands over in format 9, not 1/,
  },
};

test("a program that is no good fails the upgrade in words, and the workers go on", async (t) => {
  const { orders, folder } = await start(t, { workerStartMsMax: START_MS_MAX });
  const before = await pidsOf(orders);
  for (const [name, { script, reason }] of Object.entries(BAD_PROGRAMS)) {
    const program = join(folder, name.replaceAll(" ", "-"));
    await writeFile(program, `#!/bin/sh\n${script}\n`);
    await chmod(program, 0o755);
    const refused = await orders.order("UPGRADE_WORKER", { worker: 0, program });
    assert.equal(refused.error?.code, "UPGRADE_FAILED", name);
    assert.match(refused.message, reason, name);
    assert.deepEqual(await pidsOf(orders), before, name);
  }
});

test(
  "a worker that starts to take another's place stands back behind those that serve",
  { skip: !mayRaise(getPriority()) && "this user may not raise a process again, so that nobody stands back" },
  async (t) => {
    const { orders, folder } = await start(t, { workerStartMsMax: START_MS_MAX });
    const program = join(folder, "nice");
    const said = join(folder, "said");
    // It may look before it was made to stand back.
    const looks = `i=0; while [ "$(nice)" = "${getPriority()}" ] && [ $i -lt 500 ]; do i=$((i+1)); done`;
    await writeFile(program, `#!/bin/sh\n${looks}; nice > ${said}\n`);
    await chmod(program, 0o755);
    await orders.order("UPGRADE_WORKER", { worker: 0, program });
    assert.equal(Number(await readFile(said, "utf8")), getPriority() + STAND_BACK_BY);
  },
);

test("a program that gives signs of life is given up all the same when it should be ready", async (t) => {
  const { orders, folder } = await start(t, { workerReadyMsMax: READY_MS_MAX });
  const before = await pidsOf(orders);
  const program = join(folder, "never-ready");
  await writeFile(program, "#!/bin/sh\nexec sleep 60\n");
  await chmod(program, 0o755);
  const refused = await orders.order("UPGRADE_WORKER", { worker: 0, program });
  assert.equal(refused.error?.code, "UPGRADE_FAILED");
  assert.match(refused.message, /it was not ready in its time/);
  assert.deepEqual(await pidsOf(orders), before);
});

test("a worker that does not end at its deadline is killed after its grace", async (t) => {
  const { orders } = await start(t, { stopGraceMs: 10 });
  await orders.ok("ADD_CLUSTER", { cluster_id: "gives-for-long" });
  const upgrade = orders.send("UPGRADE_WORKER", { worker: 0, deadline_ms: 1 });
  const refused = await upgrade.final(1_500);
  assert.equal(refused.error?.code, "WORKER_FAILED");
  assert.match(refused.message, /worker 0 died while it handed over \(it did not leave in its time\)/);
});

test("a worker that does not cut its connections in its time is killed, and the stop is no clean one", async (t) => {
  const { main, orders } = await start(t, { cutMsMax: 10, workerSilenceMsMax: 3 * WAIT_MS });
  orders.send("ADD_CLUSTER", { cluster_id: "hang" });
  // Answered after that order was sent on to the workers.
  await orders.ok("STATUS");
  main.stopHard();
  assert.equal(await within(WAIT_MS, "the stop", main.stopped), "cut short");
});

test("a program that is not there, or cannot be run, fails the upgrade in words", async (t) => {
  const { orders, folder } = await start(t);
  const before = await pidsOf(orders);
  const text = join(folder, "text");
  await writeFile(text, "no program");
  for (const [program, reason] of [
    [join(folder, "missing"), /ENOENT/],
    [text, /EACCES/],
    [folder, /EACCES/],
  ] as const) {
    const refused = await orders.order("UPGRADE_WORKER", { worker: 0, program });
    assert.equal(refused.error?.code, "UPGRADE_FAILED");
    assert.match(refused.message, reason);
    assert.deepEqual(await pidsOf(orders), before);
  }
});

test("where there are connections both serve for a while, and a new one that dies then has changed nothing", async (t) => {
  const { orders, log } = await start(t, { serveTogetherMs: WAIT_MS });
  const workers = async (): Promise<readonly { pid: number; state: string; connections: number }[]> =>
    (await orders.ok("STATUS")).data.workers;
  await orders.ok("ADD_CLUSTER", { cluster_id: "connected" });
  await askUntil(WAIT_MS, "connections", async () =>
    (await workers()).every(({ connections }) => connections === 1) ? true : undefined,
  );
  const before = await pidsOf(orders);
  const upgrade = orders.send("UPGRADE_WORKER", { worker: 0 });
  const added = await askUntil(WAIT_MS, "a worker more", async () =>
    (await workers()).find(({ pid, state }) => !before.includes(pid) && state === "running"),
  );
  signal(added.pid, "SIGKILL");
  const refused = await upgrade.final(WAIT_MS);
  assert.equal(refused.error?.code, "UPGRADE_FAILED");
  assert.match(refused.message, /worker 2 died before it took over .*; worker 0 goes on/);
  const ofNew = log.filter((line) => line.includes("worker 2")).join("");
  assert.match(ofNew, /worker 2 died before it took over/);
  assert.doesNotMatch(ofNew, /did not start/);
  assert.deepEqual(await pidsOf(orders), before);
});

test("a program of another version than was asked for is ended again", async (t) => {
  const { orders } = await start(t);
  const before = await pidsOf(orders);
  const refused = await orders.order("UPGRADE_WORKER", { worker: 0, version: "0.2.0" });
  assert.equal(refused.error?.code, "UPGRADE_FAILED");
  assert.match(refused.message, /its program is version fake, not 0\.2\.0/);
  assert.deepEqual(await pidsOf(orders), before);
  const upgraded = await orders.ok("UPGRADE_WORKER", { worker: 0, version: "fake" });
  assert.deepEqual([upgraded.data.worker, upgraded.data.version], [2, "fake"]);
  const told = orders.send("SUBSCRIBE_EVENTS", { since: 0 });
  // Answers are looked at more than once.
  const bySequence = new Map<number, string>();
  await told.processing(({ data: { sequence, event, worker, from } }) => {
    bySequence.set(sequence, [event, worker, from ?? ""].join(" ").trim());
    return event === "WORKER_UPGRADED";
  });
  const events = [...bySequence.values()];
  // Of the one that was sent away again there is no word but that of the refusal.
  const started = ["WORKER_STARTED 0", "WORKER_STARTED 1"];
  assert.deepEqual(events.slice(0, 2).sort(), started);
  assert.deepEqual(events.slice(2), [
    "WORKER_UPGRADE_FAILED 0",
    "WORKER_STARTED 2",
    "WORKER_STOPPED 0",
    "WORKER_UPGRADED 2 0",
  ]);
  assert.equal((await pidsOf(orders)).length, 2);
});

test("one upgrade at a time: another, a change of the workers' number and a worker's drain are told to wait", async (t) => {
  const { orders } = await start(t);
  const first = orders.send("UPGRADE_WORKER", { worker: 0 });
  await first.processing();
  for (const [type, data] of [
    ["UPGRADE_WORKER", { worker: 1 }],
    ["RESTART_WORKER", { worker: 1 }],
    ["SET_WORKERS", { count: 3 }],
    ["UPGRADE_MAIN", {}],
    ["UPGRADE", {}],
    ["DRAIN", { worker: 1 }],
    ["UNDRAIN", { worker: 1 }],
  ] as const) {
    assert.equal((await orders.order(type, data)).error?.code, "BUSY", type);
  }
  assert.equal((await first.final()).status, "OK");
  assert.equal((await orders.order("UPGRADE_WORKER", { worker: 0 })).error?.code, "UNKNOWN_WORKER");
  assert.equal((await orders.order("UPGRADE_WORKER", { worker: 1 })).status, "OK");
});

test("a worker that still takes over from another is neither upgraded nor restarted before it has all", async (t) => {
  const { orders } = await start(t);
  await orders.ok("ADD_CLUSTER", { cluster_id: "gives-for-long" });
  assert.deepEqual((await orders.ok("SET_WORKERS", { count: 1 })).data.leaving, [1]);
  for (const type of ["UPGRADE_WORKER", "RESTART_WORKER"]) {
    const refused = await orders.order(type, { worker: 0 });
    assert.equal(refused.error?.code, "BUSY", type);
    assert.equal(refused.message, "worker 0 still takes over from worker 1");
  }
});

test("while main is to become another program, workers are not replaced or drained, nor their number changed", async (t) => {
  const { main, orders, folder } = await start(t);
  const program = join(folder, "hangs");
  await writeFile(program, "#!/bin/sh\nexec sleep 60\n");
  await chmod(program, 0o755);
  const upgrade = orders.send("UPGRADE_MAIN", { program });
  await upgrade.processing();
  for (const [type, data] of [
    ["UPGRADE_WORKER", { worker: 1 }],
    ["RESTART_WORKER", { worker: 1 }],
    ["SET_WORKERS", { count: 3 }],
    ["UPGRADE", {}],
    ["DRAIN", { worker: 1 }],
    ["UNDRAIN", { worker: 1 }],
  ] as const) {
    assert.equal((await orders.order(type, data)).error?.code, "BUSY", type);
  }
  main.stopHard();
  assert.equal((await upgrade.final()).error?.code, "STOPPING");
});

test("a worker that takes back what it was to give runs on, and the new one is ended", async (t) => {
  const { orders } = await start(t);
  const before = await pidsOf(orders);
  await orders.ok("ADD_CLUSTER", { cluster_id: "takes-back" });
  const refused = await orders.order("UPGRADE_WORKER", { worker: 0 });
  assert.equal(refused.error?.code, "UPGRADE_FAILED");
  assert.match(refused.message, /it took back; worker 0 goes on/);
  assert.deepEqual(await pidsOf(orders), before);
});

test("a worker that dies while it gives is replaced by the one that took, and by no other", async (t) => {
  const { orders } = await start(t);
  const [, second] = await pidsOf(orders);
  await orders.ok("ADD_CLUSTER", { cluster_id: "dies-giving" });
  const refused = await orders.order("UPGRADE_WORKER", { worker: 0 });
  assert.equal(refused.error?.code, "WORKER_FAILED");
  assert.match(refused.message, /worker 0 died while it handed over \(exit code 70\); worker 2 goes on/);
  const after = await pidsOf(orders);
  assert.equal(after.length, 2);
  assert.ok(after.includes(second!));
});

test("a worker that was upgraded is replaced by its own program when it dies", async (t) => {
  const { orders, folder } = await start(t);
  const [program, marks] = [join(folder, "program"), join(folder, "marks")];
  await writeFile(
    program,
    `#!/bin/sh\necho mark >> ${marks}\nexec ${process.execPath} ${FAKE_WORKER} "$@"\n`,
  );
  await chmod(program, 0o755);
  const upgraded = await orders.ok("UPGRADE_WORKER", { worker: 0, program });
  const { workers } = (await orders.ok("STATUS")).data;
  const [worker] = workers.filter((one: { worker: number }) => one.worker === upgraded.data.worker);
  signal(worker.pid, "SIGKILL");
  await askUntil(WAIT_MS, "its replacement", async () => {
    const pids = await pidsOf(orders).catch((): readonly number[] => []);
    return (pids.length === 2 && !pids.includes(worker.pid)) || undefined;
  });
  assert.equal(await readFile(marks, "utf8"), "mark\nmark\n");
});

for (const type of ["UPGRADE_WORKER", "UPGRADE_MAIN", "UPGRADE"]) {
  for (const how of ["soft", "hard"]) {
    test(`a ${how} stop ends ${type}: who asked is told, and the stop is clean`, async (t) => {
      const { main, orders, folder } = await start(t);
      const program = join(folder, "hangs");
      await writeFile(program, "#!/bin/sh\nexec sleep 60\n");
      await chmod(program, 0o755);
      const upgrade = orders.send(type, { program, ...(type === "UPGRADE_WORKER" && { worker: 0 }) });
      await upgrade.processing();
      if (how === "soft") main.stopSoftly(undefined);
      else main.stopHard();
      assert.equal((await upgrade.final()).error?.code, "STOPPING");
      assert.equal(await within(WAIT_MS, "the stop", main.stopped), "clean");
    });
  }
}
