/**
 * The real program under test: `bin/kakehi run` in a temporary folder, ready when it says so over its socket,
 * stopped by its pid, with nothing left behind.
 */
import type { TlsHandles } from "../src/model/channel.ts";
import { type ChildProcess, spawn } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { askUntil, within } from "./deadline.ts";
import { type Answer, type Json, OrderClient } from "./order-client.ts";
import { descendantsOf, isAlive, signal, whenGone } from "./processes.ts";

const PROGRAM = fileURLToPath(new URL("../bin/kakehi", import.meta.url));
const READY_MS = 20_000;
const STOP_MS = 10_000;
const PORT_MIN = 10_000;
const PORT_MAX = 32_000;

export type IoName = "auto" | "uring" | "node";

export interface ProxyOptions {
  readonly workers?: number;
  readonly io?: IoName;
  /** More arguments of `run`. */
  readonly args?: readonly string[];
  /** A program and its first arguments that become the proxy; default none. */
  readonly launcher?: readonly string[];
  /** The program; default this checkout's. */
  readonly program?: string;
  /** A folder that outlives this run; default a new one, removed at the end. */
  readonly folder?: string;
}

/** A worker as `STATUS` shows it. */
export interface WorkerStatus {
  readonly worker: number;
  readonly pid: number;
  readonly state: string;
  readonly revision: number;
  readonly hash: string;
  readonly connections: number;
  readonly io: string;
  readonly tls_handles?: TlsHandles;
}

export class Proxy {
  readonly folder: string;
  readonly socketPath: string;
  readonly orders: OrderClient;
  readonly #child: ChildProcess;
  readonly #output: string[];
  readonly #exited: Promise<number | null>;
  readonly #ownsFolder: boolean;

  /** Starts it and waits until all its workers are running. */
  static async start(options: ProxyOptions = {}): Promise<Proxy> {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "kakehi-test-")));
    const socketPath = join(folder, "command.sock");
    const workers = options.workers ?? 1;
    const [program, ...first] = [...(options.launcher ?? []), options.program ?? PROGRAM];
    const args = [
      ...first,
      "run",
      "--socket",
      socketPath,
      "--workers",
      `${workers}`,
      "--io",
      options.io ?? "auto",
    ];
    const child = spawn(program!, [...args, ...(options.args ?? [])], {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: folder,
      // A group of its own: Ctrl-C is for whoever started it, and its workers go with it.
      detached: true,
    });
    endWithUs(child);
    const output: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => output.push(text));
    const exited = new Promise<number | null>((resolve) => {
      child.once("exit", (code) => resolve(code));
      child.once("error", (error) => {
        output.push(`${error}`);
        resolve(null);
      });
    });
    try {
      const orders = await connectWhenReady(socketPath, child, workers);
      return new Proxy({
        folder,
        socketPath,
        orders,
        child,
        output,
        exited,
        ownsFolder: options.folder === undefined,
      });
    } catch (error) {
      if (child.pid !== undefined) signal(child.pid, "SIGKILL");
      throw new Error(`the proxy did not start: ${String(error)}\n${output.join("")}`, { cause: error });
    }
  }

  private constructor(parts: {
    folder: string;
    socketPath: string;
    orders: OrderClient;
    child: ChildProcess;
    output: string[];
    exited: Promise<number | null>;
    ownsFolder: boolean;
  }) {
    this.folder = parts.folder;
    this.socketPath = parts.socketPath;
    this.orders = parts.orders;
    this.#child = parts.child;
    this.#output = parts.output;
    this.#exited = parts.exited;
    this.#ownsFolder = parts.ownsFolder;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** What it wrote so far, both streams. */
  get output(): string {
    return this.#output.join("");
  }

  /** Its exit code, when it has ended; `null` after a signal. */
  get exited(): Promise<number | null> {
    return this.#exited;
  }

  /** Another connection to the command socket. */
  connect(): Promise<OrderClient> {
    return OrderClient.connect(this.socketPath);
  }

  async status(): Promise<Answer> {
    return this.orders.ok("STATUS");
  }

  async workers(): Promise<readonly WorkerStatus[]> {
    return (await this.status()).data.workers;
  }

  /** Waits until the workers are as `fits` wants them. */
  whenWorkers(
    what: string,
    fits: (workers: readonly WorkerStatus[]) => boolean,
  ): Promise<readonly WorkerStatus[]> {
    return askUntil(READY_MS, what, async () => {
      const workers = await this.workers();
      return fits(workers) ? workers : undefined;
    });
  }

  /**
   * Adds a listener on a free port, a cluster, its backends, and a frontend for every host. Returns the port.
   * `listener`: its other fields.
   */
  async serve(
    cluster: string,
    backends: readonly { id: string; address: string }[],
    listener: { readonly [field: string]: Json } = {},
  ): Promise<number> {
    const port = await freePort();
    await this.orders.ok("ADD_LISTENER", { address: `127.0.0.1:${port}`, protocol: "http", ...listener });
    await this.orders.ok("ADD_CLUSTER", { cluster_id: cluster });
    await this.orders.ok("ADD_FRONTEND", {
      listener: `127.0.0.1:${port}`,
      hostname: "*",
      cluster_id: cluster,
    });
    for (const { id, address } of backends) {
      await this.orders.ok("ADD_BACKEND", { cluster_id: cluster, backend_id: id, address } satisfies Json);
    }
    return port;
  }

  /** Sends a signal to main. */
  kill(name: NodeJS.Signals): void {
    signal(this.pid, name);
  }

  /** Ends it, by order if it still listens, and checks that no process and no socket is left. */
  async stop(): Promise<void> {
    const processes = [this.pid, ...descendantsOf(this.pid)];
    this.orders.sendRaw(`${JSON.stringify({ id: "stop", type: "HARD_STOP" })}\0`);
    try {
      await within(STOP_MS, "HARD_STOP", this.#exited);
      await whenGone(processes, STOP_MS);
    } catch (error) {
      throw new Error(`it did not stop: ${String(error)}\n${this.output}`, { cause: error });
    } finally {
      await this.#cleanUp(processes);
    }
  }

  /** After a test that ended main itself: ends what is left of it, without a complaint. */
  async discard(): Promise<void> {
    await this.#cleanUp([this.pid, ...descendantsOf(this.pid)]);
  }

  async #cleanUp(processes: readonly number[]): Promise<void> {
    this.orders.close();
    for (const pid of processes) if (isAlive(pid)) signal(pid, "SIGKILL");
    // Workers that have lost their main are nobody's children, but of its group.
    signal(-this.pid, "SIGKILL");
    if (this.#ownsFolder) await rm(this.folder, { recursive: true, force: true });
  }
}

/** Whatever ends this process, by its own hand or by a polite signal, ends the program that it started. */
function endWithUs(child: ChildProcess): void {
  if (child.pid === undefined) return;
  const { pid } = child;
  const end = (): void => signal(-pid, "SIGKILL");
  const endAll = (): void => process.exit(143);
  process.once("exit", end).once("SIGTERM", endAll);
  child.once("exit", () => process.off("exit", end).off("SIGTERM", endAll));
}

/**
 * A port of 127.0.0.1 that is free at this moment, below the range that the kernel gives to connections (so
 * that no client of another test takes it meanwhile).
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    const server = createServer();
    const tried = Promise.withResolvers<boolean>();
    server.once("error", () => tried.resolve(false));
    server.listen({ host: "127.0.0.1", port }, () => server.close(() => tried.resolve(true)));
    if (await tried.promise) return port;
  }
}

/**
 * A socket may be there from an earlier run, or belong to another proxy: ready is who answers with the right
 * process id.
 */
async function connectWhenReady(path: string, child: ChildProcess, workers: number): Promise<OrderClient> {
  return askUntil(READY_MS, `${workers} running workers of process ${child.pid}`, async () => {
    const code = child.exitCode ?? child.signalCode;
    if (code !== null || child.pid === undefined)
      throw new Error(`it ended with ${code} before it was ready`);
    const orders = existsSync(path) ? await OrderClient.connect(path).catch(() => undefined) : undefined;
    if (orders === undefined) return undefined;
    // Of a main that was killed, the socket may take connections until its last thread is gone.
    const status = await orders.ok("STATUS").catch(() => undefined);
    if (status === undefined) {
      orders.close();
      return undefined;
    }
    const running = (status.data.workers as WorkerStatus[]).filter(({ state }) => state === "running");
    if (status.data.pid === child.pid && running.length === workers) return orders;
    orders.close();
    return undefined;
  });
}
