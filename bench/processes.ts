/**
 * Programs that the benchmark starts: pinned to one core, known by id, ended by id. Whatever happens,
 * `endAll` leaves none behind.
 */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createConnection, createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";

export const PROXY_CORE = 0;
export const LOAD_CORE = 1;
const READY_MS_MAX = 20_000;
const END_MS_MAX = 5_000;
const RETRY_MS = 20;

const running = new Set<Program>();

/** One started program. */
export interface Program {
  readonly name: string;
  readonly pid: number;
  readonly child: ChildProcess;
  /** What it has said on stderr so far, the end of it. */
  readonly said: () => string;
}

/** Starts a program on these cores. It is not yet ready when this returns. */
export function startProgram(
  name: string,
  cores: string | number,
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Program {
  const args = ["-c", String(cores), ...command];
  const child = spawn("taskset", args, {
    stdio: ["ignore", "ignore", "pipe"],
    detached: true,
    env: { ...process.env, ...environment },
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-4_096)));
  if (child.pid === undefined) throw new Error(`${name} could not be started`);
  const program: Program = { name, pid: child.pid, child, said: () => said };
  running.add(program);
  return program;
}

/** Asks a program to end, waits for it, and kills it with all that it started when it does not. */
export async function endProgram(program: Program): Promise<void> {
  running.delete(program);
  if (program.child.exitCode !== null || program.child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => program.child.once("exit", () => resolve()));
  program.child.kill("SIGTERM");
  const limit = setTimeout(() => killGroup(program.pid), END_MS_MAX);
  await ended;
  clearTimeout(limit);
}

/** For the end of everything, also of an interrupted run: kills what is left, at once. */
export function endAll(): void {
  for (const program of running) killGroup(program.pid);
  running.clear();
}

/**
 * Waits until something accepts connections at a local port. Throws with what the program said when it does
 * not.
 */
export async function waitForPort(port: number, program: Program): Promise<void> {
  const until = performance.now() + READY_MS_MAX;
  while (!(await accepts(port))) {
    if (program.child.exitCode !== null) throw new Error(`${program.name} ended at once: ${program.said()}`);
    if (performance.now() > until)
      throw new Error(`${program.name} did not listen in time: ${program.said()}`);
    await wait(RETRY_MS);
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function findFreePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** True when a program of this name can be started. */
export function isInstalled(name: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${name}`], { stdio: "ignore" }).status === 0;
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Already gone.
  }
}
