/**
 * Has a large configuration file read by a process of its own (`read-file-entry.ts`), and takes what that
 * says little by little. A process and not a thread: a thread that needs more memory than it may have can
 * take main with it (`docs/decisions/files-are-read-by-a-process.md`).
 *
 * Rules of this file:
 *  1. Whatever the file is, the process ends: by itself, by its memory, by its time or with main; and main
 *     goes on.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { fail, ok, type Result } from "../../base/result.ts";
import { giveWay } from "../../io/niceness.ts";
import { programVersion } from "../../io/program-version.ts";
import type { Complaint, Fault } from "../../model/file/fault.ts";
import type { MainLimits } from "../limits.ts";
import { entryPath } from "../program-files.ts";
import type { FileHead, FileObject, FileReason } from "./file-objects.ts";
import { type ReaderGreeting, type ReaderMessage, type ReaderTask, valuesOf } from "./reader-messages.ts";
import { SLICE_MS } from "./slices.ts";

export interface ReaderOptions {
  readonly limits: Pick<MainLimits, "fileReadMs" | "fileReadHeapBytesMax">;
  /** `beside main`: one that ends meanwhile does not wait for it. */
  readonly runs: "before main" | "beside main";
}

/** What has been read of a file, and by what it is known again. */
export interface ReadFile {
  readonly head: FileHead;
  readonly objects: readonly FileObject[];
  readonly digest: string;
}

const MEBIBYTE = 1024 * 1024;
const STDERR_CHARS_MAX = 65_536;
const REMEDY = "make it smaller, or leave the kinds of which it has most to orders (`owns`)";
/** As this program was when it started; its files may be another's by now. */
const OWN_VERSION = programVersion();

/** Reads the file at an absolute path. */
export async function readApart(path: string, options: ReaderOptions): Promise<Result<ReadFile, FileReason>> {
  const objects: FileObject[] = [];
  let found: Omit<ReadFile, "objects"> | undefined;
  const done = await runReader({ kind: "read", path }, options, (message) => {
    if (message.kind === "object") objects.push(message.object);
    if (message.kind !== "head") return;
    found = { digest: message.digest, head: { ...message.head, owns: new Set(message.head.owns) } };
  });
  return done.ok ? ok({ ...found!, objects }) : done;
}

/** Where in a file faults are that were found in what was read of it. */
export async function locateApart(
  { path, digest }: { readonly path: string; readonly digest: string },
  faults: readonly Fault[],
  options: ReaderOptions,
): Promise<Result<readonly Complaint[], FileReason>> {
  let found: readonly Complaint[] | undefined;
  const done = await runReader({ kind: "locate", path, digest, faults }, options, (message) => {
    if (message.kind === "complaints") found = message.complaints;
  });
  return done.ok ? ok(found!) : done;
}

/** Runs the process to its end; `take` gets all that it says before `done`. */
async function runReader(
  task: ReaderTask,
  options: ReaderOptions,
  take: (message: ReaderMessage) => void,
): Promise<Result<void, FileReason>> {
  const { fileReadMs, fileReadHeapBytesMax } = options.limits;
  const heapMebibytes = Math.ceil(fileReadHeapBytesMax / MEBIBYTE);
  const child = spawn(
    process.execPath,
    [`--max-old-space-size=${heapMebibytes}`, entryPath("main/read-file-entry")],
    { stdio: "pipe" },
  );
  if (child.pid !== undefined) giveWay(child.pid);
  const kill = (): void => void child.kill("SIGKILL");
  const timer = setTimeout(kill, fileReadMs);
  process.once("exit", kill);
  if (options.runs === "beside main") letGo(child, timer);
  // One that dies early does not read its task: how it ended says more than that.
  child.stdin.on("error", () => undefined).end(JSON.stringify(task));
  try {
    const [said, ended] = await Promise.all([listen(child, take), endOf(child)]);
    if (said !== undefined) return said;
    if (child.killed) return fail(`takes more than ${fileReadMs} ms to be read: ${REMEDY}`);
    if (ended === "no memory")
      return fail(`needs more than ${heapMebibytes} MiB of memory to be read: ${REMEDY}`);
    return fail(`was not read to its end: the process that reads it ended with ${ended}; try again`);
  } finally {
    clearTimeout(timer);
    process.off("exit", kill);
  }
}

/** What it says of the whole; `undefined`: it ended before it had said all. */
async function listen(
  { stdout }: ChildProcessWithoutNullStreams,
  take: (message: ReaderMessage) => void,
): Promise<Result<void, FileReason> | undefined> {
  let greeting: ReaderGreeting | undefined;
  let said: Result<void, FileReason> | undefined;
  let until = performance.now() + SLICE_MS;
  for await (const value of valuesOf(stdout.setEncoding("utf8"))) {
    if (greeting === undefined) {
      greeting = value as ReaderGreeting;
      if (greeting.version !== OWN_VERSION) said = fail(otherProgram(greeting.version));
    } else if (said === undefined) {
      const message = value as ReaderMessage;
      if (message.kind === "done") said = ok(undefined);
      else if (message.kind === "failed") said = fail(message.reason);
      else take(message);
    }
    if (performance.now() < until) continue;
    await setImmediate();
    until = performance.now() + SLICE_MS;
  }
  return said;
}

/** How it ended. What it wrote of a fault of ours goes where our own would. */
async function endOf(child: ChildProcessWithoutNullStreams): Promise<string> {
  let text = "";
  child.stderr.setEncoding("utf8").on("data", (more: string) => {
    if (text.length < STDERR_CHARS_MAX) text += more;
  });
  try {
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    if (text.includes("heap out of memory")) return "no memory";
    if (text !== "") process.stderr.write(text);
    return signal ?? `exit code ${code}`;
  } catch (error) {
    return String(error);
  }
}

function otherProgram(version: string): string {
  return `is too large for main to read it alone, and the program's files are of ${version} by now, where ${OWN_VERSION} runs: UPGRADE first`;
}

function letGo(child: ChildProcessWithoutNullStreams, timer: NodeJS.Timeout): void {
  timer.unref();
  child.unref();
  for (const stream of [child.stdin, child.stdout, child.stderr] as unknown as Socket[]) stream.unref();
}
