import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { isAlive } from "../../testing/processes.ts";
import { runTestFile, type FileResult } from "./test-file.ts";

/** Where what was started is known to stay, there is nothing to wait for. */
const LEAVES_SOON_MS = 200;

suite("one test file", () => {
  let folder = "";
  before(() => (folder = mkdtempSync(join(tmpdir(), "kakehi-test-run-"))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  const run = (text: string, timeMsMax = 20_000, leaveMsMax = 20_000): Promise<FileResult> => {
    const path = join(folder, "planted.test.mjs");
    writeFileSync(path, `import { suite, test } from "node:test";\n${text}`);
    return runTestFile(path, timeMsMax, leaveMsMax);
  };
  const told = (result: FileResult): readonly string[] =>
    result.tests.map(({ outcome, name }) => `${outcome}: ${name}`);

  test("passed, failed and skipped tests are told by name, a suite only by its tests", async () => {
    const result = await run(`
      suite("s", () => {
        test("good", () => {});
        test("bad", () => { throw new Error("broken here"); });
        test("later", { skip: "needs root" }, () => {});
      });`);
    assert.deepEqual(told(result), ["passed: s › good", "failed: s › bad", "skipped: s › later"]);
    assert.match(result.tests[1]?.detail ?? "", /broken here/);
    assert.equal(result.tests[2]?.detail, "needs root");
  });

  test("a file that cannot be loaded has failed", async () => {
    const result = await run('import "./nowhere.mjs"; test("never", () => {});');
    assert.equal(
      result.tests.some(({ outcome }) => outcome === "failed"),
      true,
    );
  });

  test("a file without a test has failed", async () => {
    assert.deepEqual(told(await run("")), ["failed: the file itself"]);
  });

  test("a suite whose hook fails has failed", async () => {
    const result = await run(
      'import { before } from "node:test"; suite("s", () => { before(() => { throw new Error("no"); }); test("a", () => {}); });',
    );
    assert.equal(
      result.tests.some(({ outcome }) => outcome === "failed"),
      true,
    );
  });

  test("a file that does not end is killed and has failed", async () => {
    const result = await run('test("waits", () => new Promise(() => setInterval(() => {}, 1_000)));', 1_500);
    assert.match(result.tests.at(-1)?.detail ?? "", /longer than 1.5 s/);
  });

  test("a file that leaves a process behind has failed, and the process is gone", async () => {
    const result = await run(
      `
      import { spawn } from "node:child_process";
      const child = spawn("sleep", ["60"], { stdio: "ignore" });
      child.unref();
      test("starts a process", () => { console.log("pid " + child.pid); });`,
      undefined,
      LEAVES_SOON_MS,
    );
    assert.match(result.tests.at(-1)?.detail ?? "", /left processes behind/);
    assert.match(result.output, /pid \d+/);
  });

  test("a process in a group of its own is found too, also when the file is late", async () => {
    const start = `
      import { spawn } from "node:child_process";
      const child = spawn("sleep", ["60"], { stdio: "ignore", detached: true });
      child.unref();`;
    for (const [body, fault] of [
      [`console.log("pid " + child.pid);`, /left processes behind/],
      [
        `console.log("pid " + child.pid); await new Promise(() => setInterval(() => {}, 1_000));`,
        /took longer/,
      ],
    ] as const) {
      const result = await run(
        `${start} test("starts a process", async () => { ${body} });`,
        2_000,
        LEAVES_SOON_MS,
      );
      assert.match(result.tests.at(-1)?.detail ?? "", fault);
      const [, pid] = /pid (\d+)/.exec(result.output) ?? [];
      assert.ok(pid !== undefined);
      assert.equal(isAlive(Number(pid)), false);
    }
  });
});
