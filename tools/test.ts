/**
 * `npm test`: every test file of the project, each in a process of its own, within limits of time, so that
 * the whole ends in minutes on two cores. Its last line is `N passed, N failed`, and `, N skipped` where some
 * were.
 *
 * `npm test -- WORD…` runs only files whose path holds one of the words.
 *
 * The tests start hundreds of processes that load the same files, so these share what Node has made of them
 * (`NODE_COMPILE_CACHE`), for one run: it takes half of the processor time of all starts away.
 */
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Reported } from "./test-run/reporter.ts";
import { runTestFile, type FileResult } from "./test-run/test-file.ts";

const PROJECT_FOLDER = dirname(import.meta.dirname);

/** Files that run together, and how. */
interface Phase {
  readonly name: string;
  readonly patterns: readonly string[];
  readonly leavesOut: (path: string) => boolean;
  readonly filesAtOnce: number;
  readonly fileMsMax: number;
}

const FILES_AT_ONCE = Math.min(2, availableParallelism());

const PHASES: readonly Phase[] = [
  {
    name: "unit",
    patterns: [
      "src/**/*.test.ts",
      "testing/**/*.test.ts",
      "tools/**/*.test.ts",
      "bench/**/*.test.ts",
      "tests/**/*.test.ts",
    ],
    leavesOut: (path) => path.startsWith("tests/e2e/"),
    filesAtOnce: FILES_AT_ONCE,
    fileMsMax: 60_000,
  },
  {
    name: "end to end",
    patterns: ["tests/e2e/**/*.test.ts"],
    leavesOut: () => false,
    filesAtOnce: FILES_AT_ONCE,
    fileMsMax: 120_000,
  },
];

const words = process.argv.slice(2);
process.chdir(PROJECT_FOLDER);
const compiled = mkdtempSync(join(tmpdir(), "kakehi-compiled-"));
process.env["NODE_COMPILE_CACHE"] = compiled;
process.once("exit", () => rmSync(compiled, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
const results: FileResult[] = [];
for (const phase of PHASES) results.push(...(await runPhase(phase)));
printFailures(results);
process.exitCode = printTotal(results);

async function runPhase(phase: Phase): Promise<readonly FileResult[]> {
  const waiting = [...new Set(globSync([...phase.patterns]))]
    .filter(
      (path) => !phase.leavesOut(path) && (words.length === 0 || words.some((word) => path.includes(word))),
    )
    .sort();
  const ended: FileResult[] = [];
  const runNext = async (): Promise<void> => {
    for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
      const result = await runTestFile(path, phase.fileMsMax);
      printFile(result);
      ended.push(result);
    }
  };
  await Promise.all(Array.from({ length: phase.filesAtOnce }, runNext));
  return ended;
}

function printFile(result: FileResult): void {
  const failed = countOf([result], "failed");
  const seconds = (result.durationMs / 1_000).toFixed(1);
  console.log(
    `${failed === 0 ? "ok  " : "FAIL"} ${result.path} (${result.tests.length} tests, ${seconds} s)`,
  );
}

function printFailures(files: readonly FileResult[]): void {
  for (const file of files) {
    const failed = file.tests.filter((test) => test.outcome === "failed");
    for (const test of failed) console.log(`\nFAIL ${file.path}: ${test.name}\n${indented(test.detail)}`);
    if (failed.length > 0 && file.output !== "") console.log(`\nwhat it printed:\n${indented(file.output)}`);
  }
  const skipped = files.flatMap((file) => file.tests.filter((test) => test.outcome === "skipped"));
  for (const test of skipped) console.log(`skipped: ${test.name} (${test.detail})`);
}

function indented(text = ""): string {
  return text.trimEnd().replaceAll(/^/gm, "    ");
}

/** The closing line that CI reads. Returns the exit code: nothing run is a failure too. */
function printTotal(files: readonly FileResult[]): number {
  const [passed, failed, skipped] = [
    countOf(files, "passed"),
    countOf(files, "failed"),
    countOf(files, "skipped"),
  ];
  if (passed + failed === 0) console.log("no test ran");
  console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return failed > 0 || passed === 0 ? 1 : 0;
}

function countOf(files: readonly FileResult[], outcome: Reported["outcome"]): number {
  return files.reduce((sum, file) => sum + file.tests.filter((test) => test.outcome === outcome).length, 0);
}
