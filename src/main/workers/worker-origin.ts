/**
 * How main comes by a worker process: it spawns one, or takes over one that another main has started. What is
 * done with it is the same from then on (`worker-process.ts`).
 *
 * Rules of this file:
 *  1. A process that is no child of Node's is watched and killed by its handle (pidfd_open(2)): never by a
 *     number that may be another's by then.
 */
import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { constants } from "node:os";
import type { Duplex } from "node:stream";
import { assert } from "../../base/assert.ts";
import { createDescriptorPair } from "../../io/descriptors.ts";
import { closeDescriptor, isReadable } from "../../sys/descriptor.ts";
import { reapChild, signalProcess } from "../../sys/process-handle.ts";
import { entryPath } from "../program-files.ts";

/** A worker's process, and both channels to it. */
export interface WorkerOrigin {
  /** Whether it goes on without us as it did before: then it is not ours to end if we cannot start. */
  readonly kind: "spawned" | "adopted";
  readonly pid: number;
  readonly messages: Duplex;
  /** Main's end; whoever has the origin closes it when the process is gone. */
  readonly descriptors: number;
  kill(): void;
  /** Calls `gone` once, when the process is: its code, or `null` if a signal ended it. */
  whenGone(gone: (reason: string, code: number | null) => void): void;
  /** The channel of messages is closed: the process is ending, or should be. */
  channelClosed(): void;
  /** Lets go of it; it lives on. */
  release(): void;
}

/**
 * What a worker process runs: a file of ours (or a test's), by the Node that runs us; or a whole program, by
 * its path, which is told to be a worker.
 */
export type WorkerProgram =
  | { readonly kind: "entry"; readonly path: string | undefined }
  | { readonly kind: "program"; readonly path: string };

export interface SpawnOptions {
  readonly io: string;
  readonly program: WorkerProgram;
  /** Where a main that comes after us finds it. */
  readonly rendezvous: string;
}

/** What `kakehi` is called with to be a worker (`bin/load.cjs`). */
const WORKER_COMMAND = "worker-process";
/** How often one that has closed its channel is looked at, until `END_MS_MAX`. */
const LOOK_EVERY_MS = 5;
/** One that has closed its channel and lives is of no more use. */
const END_MS_MAX = 1_000;

/** Starts a process. */
export function spawnWorker(number: number, { io, program, rendezvous }: SpawnOptions): WorkerOrigin {
  const pair = createDescriptorPair();
  assert(pair.ok, "no descriptor pair for a worker");
  const [file, ...args] = commandOf(program);
  const options = ["--worker", String(number), "--io", io, "--rendezvous", rendezvous];
  const child = spawn(file, [...args, ...options], {
    stdio: ["ignore", "ignore", "inherit", "pipe", pair.value.theirs],
  });
  closeDescriptor(pair.value.theirs);
  return {
    kind: "spawned",
    pid: child.pid ?? 0,
    messages: child.stdio[3] as Duplex,
    descriptors: pair.value.ours,
    kill: () => void child.kill("SIGKILL"),
    whenGone: (gone) => {
      const tell = (reason: string, code: number | null): void => {
        child.removeAllListeners();
        gone(reason, code);
      };
      child.on("error", (error) => tell(error.message, null));
      // "close" and not "exit": its last words come first.
      child.on("close", (code, signal) => tell(signal ?? `exit code ${code}`, code));
    },
    channelClosed: () => undefined,
    release: () => child.removeAllListeners().unref(),
  };
}

/**
 * Takes over a process by its handle, with channels that it has the other ends of. All are ours from now on.
 */
export function adoptWorker(
  { pid, handle }: { readonly pid: number; readonly handle: number },
  channels: { readonly messages: number; readonly descriptors: number },
): WorkerOrigin {
  let tellGone: (reason: string, code: number | null) => void = () => undefined;
  let looking: NodeJS.Timeout | undefined;
  let state: "left alone" | "killed" | "let go" = "left alone";
  const kill = (): void => {
    state = "killed";
    signalProcess(handle, constants.signals.SIGKILL);
  };
  const letGo = (): void => {
    clearInterval(looking);
    state = "let go";
    closeDescriptor(handle);
  };
  const look = (): void => {
    if (!isReadable(handle)) return;
    const [reason, code] = endOf(pid, state === "killed");
    letGo();
    tellGone(reason, code);
  };
  return {
    kind: "adopted",
    pid,
    messages: new Socket({ fd: channels.messages, readable: true, writable: true }),
    descriptors: channels.descriptors,
    kill: () => {
      if (state === "left alone") kill();
    },
    whenGone: (gone) => (tellGone = gone),
    channelClosed: () => {
      if (state === "let go") return;
      const closedMs = performance.now();
      looking ??= setInterval(() => {
        if (state === "left alone" && performance.now() - closedMs > END_MS_MAX) kill();
        look();
      }, LOOK_EVERY_MS);
    },
    release: letGo,
  };
}

/** Why it is gone, and its code. Only its parent learns that: of others we know whether we have killed it. */
function endOf(pid: number, wasKilled: boolean): readonly [reason: string, code: number | null] {
  const end = reapChild(pid);
  switch (end.kind) {
    case "exited":
      return [`exit code ${end.code}`, end.code];
    case "killed":
      return [signalName(end.signal), null];
    default:
      return wasKilled ? ["SIGKILL", null] : ["it ended", 0];
  }
}

function signalName(number: number): string {
  const found = Object.entries(constants.signals).find(([, signal]) => signal === number);
  return found?.[0] ?? `signal ${number}`;
}

function commandOf(program: WorkerProgram): readonly [string, ...string[]] {
  if (program.kind === "program") return [program.path, WORKER_COMMAND];
  return [process.execPath, program.path ?? entryPath("worker/entry")];
}
