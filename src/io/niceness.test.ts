import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { getPriority } from "node:os";
import { afterEach, describe, test } from "node:test";
import { nicenessOf } from "../../testing/processes.ts";
import { comeForward, giveWay, mayRaise, mayRaiseBy, STAND_BACK_BY, standBack } from "./niceness.ts";

const MAY_ALL = "CapEff:\t000001ffffffffff\n";
const MAY_NOTHING = "CapEff:\t0000000000000400\n";
function limits(niceMax: string): string {
  return `Max pending signals       95941  95941  signals\nMax nice priority         ${niceMax}                    0\n`;
}

describe("who may be brought forward again", () => {
  test("with CAP_SYS_NICE anybody, without it nobody", () => {
    assert.equal(mayRaiseBy(0, MAY_ALL, limits("0")), true);
    assert.equal(mayRaiseBy(0, MAY_NOTHING, limits("0")), false);
    assert.equal(mayRaiseBy(0, "", ""), false);
  });
  test("a limit allows niceness down to twenty less itself", () => {
    assert.equal(mayRaiseBy(0, MAY_NOTHING, limits("20")), true);
    assert.equal(mayRaiseBy(0, MAY_NOTHING, limits("19")), false);
    assert.equal(mayRaiseBy(1, MAY_NOTHING, limits("19")), true);
    assert.equal(mayRaiseBy(-20, MAY_NOTHING, limits("unlimited")), true);
  });
});

describe("a process that starts", () => {
  let child: ChildProcess | undefined;

  afterEach(async () => {
    const ended = once(child!, "exit");
    child!.kill("SIGKILL");
    await ended;
  });

  /** Has threads of its own once it says so; `started` is called before. */
  async function start(started: (pid: number) => void): Promise<number> {
    child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6); console.log()"], { stdio: "pipe" });
    started(child.pid!);
    await once(child.stdout!, "data");
    return child.pid!;
  }

  test("gives way with all its threads", async () => {
    const pid = await start(giveWay);
    assert.deepEqual([...new Set(nicenessOf(pid))], [getPriority() + STAND_BACK_BY]);
  });

  test(
    "stands back, and comes forward with all its threads",
    { skip: !mayRaise(getPriority()) && "this user may not raise a process" },
    async () => {
      let before: number | undefined;
      const pid = await start((starting) => (before = standBack(starting)));
      const threads = nicenessOf(pid);
      assert(threads.length > 1);
      assert.deepEqual([...new Set(threads)], [getPriority() + STAND_BACK_BY]);
      comeForward(pid, before!);
      assert.deepEqual([...new Set(nicenessOf(pid))], [getPriority()]);
    },
  );

  test("is gone: nothing happens", async () => {
    const pid = await start(() => undefined);
    const ended = once(child!, "exit");
    child!.kill("SIGKILL");
    await ended;
    giveWay(pid);
    comeForward(pid, 0);
    assert.equal(standBack(pid), undefined);
    child = spawn(process.execPath, ["-e", ""]);
  });
});
