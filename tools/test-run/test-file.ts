/**
 * Runs one test file in a process group of its own, within a time limit, and says how it ended. A file that
 * leaves processes behind has failed: what a test starts, it ends. They are found by a mark in their
 * environment, since some have a group of their own. Not the choice of files, and no printing.
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
const MARK_VARIABLE = "KAKEHI_TEST_FILE";

let fileCount = 0;

/** How one file ended. */
export interface FileResult {
  readonly path: string;
  readonly tests: readonly Reported[];
  readonly durationMs: number;
  /** What it printed besides its reports; the end of it, where it is long. */
  readonly output: string;
}

/**
 * Runs `path` with node:test and gathers its tests. Whatever the file does, the promise resolves. What it
 * started has `leaveMsMax` to be gone after it.
 */
export async function runTestFile(
  path: string,
  timeMsMax: number,
  leaveMsMax: number = LEAVE_MS_MAX,
): Promise<FileResult> {
  const started = performance.now();
  const args = [`--test-reporter=${REPORTER}`, "--test-reporter-destination=stdout", path];
  const mark = `${process.pid}-${++fileCount}`;
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    env: { ...process.env, [MARK_VARIABLE]: mark },
  });
  const gathered = gatherOutput(child);
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    killLeft(child.pid, mark);
  }, timeMsMax);
  const end = await endOf(child);
  clearTimeout(limit);
  const { tests, output } = gathered();
  const faults = late ? [`took longer than ${timeMsMax / 1_000} s and was killed`] : faultsOf(end, tests);
  if (!late && !(await allAreGone(child.pid, mark, leaveMsMax)))
    faults.push("left processes behind, which were killed");
  await killAll(child.pid, mark);
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

/** Kills what is left, each by its id; some may just have been started by one of them: looked at again. */
async function killAll(group: number | undefined, mark: string): Promise<void> {
  const until = performance.now() + LEAVE_MS_MAX;
  while (killLeft(group, mark) > 0 && performance.now() < until) await wait(LEAVE_CHECK_MS);
}

function killLeft(group: number | undefined, mark: string): number {
  const left = findLeft(group, mark);
  for (const pid of left) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It is gone already, which is what was wanted.
    }
  }
  return left.length;
}

async function allAreGone(group: number | undefined, mark: string, leaveMsMax: number): Promise<boolean> {
  const until = performance.now() + leaveMsMax;
  while (findLeft(group, mark).length > 0) {
    if (performance.now() > until) return false;
    await wait(LEAVE_CHECK_MS);
  }
  return true;
}

/**
 * The processes of the group, and those with the mark: looked up in `/proc`, since a signal to the group
 * would also find members that are dead and not yet buried.
 */
function findLeft(group: number | undefined, mark: string): readonly string[] {
  let pids: readonly string[];
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  return pids.filter((pid) => {
    const [state, , processGroup] = statOf(pid);
    return state !== "Z" && (processGroup === String(group) || isMarked(pid, mark));
  });
}

/** Whether it, or one that it descends from, was started by this test file (proc_pid_environ(5)). */
function isMarked(pid: string, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, "latin1").split("\0").includes(`${MARK_VARIABLE}=${mark}`);
  } catch {
    return false;
  }
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
