/**
 * Runs one test file in a process group of its own, within a time limit, and says how it ended. A file that
 * leaves processes behind has failed: what a test starts, it ends. Not the choice of files, and no printing.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { REPORT_MARK, type Reported } from "./reporter.ts";

const REPORTER = join(import.meta.dirname, "reporter.ts");
const OUTPUT_CHARACTERS_MAX = 64 * 1024;
/** How long processes may take to go after the file that started them has ended. */
const LEAVE_MS_MAX = 3_000;
const LEAVE_CHECK_MS = 50;

/** How one file ended. */
export interface FileResult {
  readonly path: string;
  readonly tests: readonly Reported[];
  readonly durationMs: number;
  /** What it printed besides its reports; the end of it, where it is long. */
  readonly output: string;
}

/** Runs `path` with node:test and gathers its tests. Whatever the file does, the promise resolves. */
export async function runTestFile(path: string, timeMsMax: number): Promise<FileResult> {
  const started = performance.now();
  const args = [`--test-reporter=${REPORTER}`, "--test-reporter-destination=stdout", path];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], detached: true });
  const gathered = gatherOutput(child);
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    killGroup(child.pid);
  }, timeMsMax);
  const end = await endOf(child);
  clearTimeout(limit);
  const { tests, output } = gathered();
  const faults = late ? [`took longer than ${timeMsMax / 1_000} s and was killed`] : faultsOf(end, tests);
  if (!late && !(await groupIsGone(child.pid))) {
    faults.push("left processes behind, which were killed");
    killGroup(child.pid);
  }
  const failed = faults.map((detail): Reported => ({ outcome: "failed", name: "the file itself", detail }));
  return { path, tests: [...tests, ...failed], durationMs: performance.now() - started, output };
}

/** A file that fails without a failed test, or ends well without any test, has failed all the same. */
function faultsOf(end: string | number, tests: readonly Reported[]): string[] {
  if (typeof end === "string") return [`was ended by ${end}`];
  const failed = tests.some((test) => test.outcome === "failed");
  if (end !== 0 && !failed) return [`exited with ${end}`];
  return tests.length === 0 ? ["ran no test"] : [];
}

function endOf(child: ChildProcess): Promise<string | number> {
  return new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code, signal) => resolve(signal ?? code ?? 1));
  });
}

/** Reads both streams; reports are lines of stdout that begin with the mark. */
function gatherOutput(child: ChildProcess): () => { tests: readonly Reported[]; output: string } {
  let reports = "";
  let noise = "";
  const keep = (text: string): void => {
    noise = (noise + text).slice(-OUTPUT_CHARACTERS_MAX);
  };
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (reports += text));
  child.stderr?.setEncoding("utf8").on("data", keep);
  return () => {
    const tests: Reported[] = [];
    for (const line of reports.split("\n")) {
      const mark = line.indexOf(REPORT_MARK);
      if (mark !== -1) tests.push(JSON.parse(line.slice(mark + 1)) as Reported);
      const own = mark === -1 ? line : line.slice(0, mark);
      if (own !== "") keep(`${own}\n`);
    }
    return { tests, output: noise };
  };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The group is gone already, which is what was wanted.
  }
}

async function groupIsGone(pid: number | undefined): Promise<boolean> {
  const until = performance.now() + LEAVE_MS_MAX;
  while (pid !== undefined && groupHasMembers(pid)) {
    if (performance.now() > until) return false;
    await wait(LEAVE_CHECK_MS);
  }
  return true;
}

/** Looks through `/proc`: a signal to the group would also find members that are dead and not yet buried. */
function groupHasMembers(group: number): boolean {
  let pids: readonly string[];
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return false;
  }
  return pids.some((pid) => {
    const [state, , processGroup] = statOf(pid);
    return processGroup === String(group) && state !== "Z";
  });
}

/**
 * State, parent and group: the fields of `/proc/PID/stat` after the name in parentheses (proc_pid_stat(5)).
 */
function statOf(pid: string): readonly string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return [];
  }
}
