/**
 * One worker process as main holds it: spawned, spoken to, ended. It decides nothing: what a message or an
 * exit means is for `worker-set.ts` and `supervisor.ts`.
 *
 * Rules of this file:
 *  1. What is sent arrives in the order sent, descriptors included: a worker that reads slowly holds back
 *     what is behind.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { writeSync } from "node:fs";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { assert } from "../../base/assert.ts";
import { createDescriptorPair, sendDescriptors } from "../../io/descriptors.ts";
import { encodeMessage, MessageChannel } from "../../io/message-channel.ts";
import type { FromWorker, ProgramFormats, ToWorker, TlsHandles } from "../../model/channel.ts";
import type { HandoverProgress } from "../../model/handover.ts";
import { closeDescriptor } from "../../sys/descriptor.ts";
import { openMemoryFile } from "../../sys/memory-file.ts";
import type { StateLoad } from "./worker-messages.ts";

/** A load goes on when the worker has read all but so much of it. */
const LOAD_AHEAD_BYTES_MAX = 1024 * 1024;
/** What `kakehi` is called with to be a worker (`bin/load.cjs`). */
const WORKER_COMMAND = "worker-process";
/** When a worker has some hundred unread descriptors. */
const DESCRIPTOR_RETRY_MS = 5;

export interface WorkerProcessEvents {
  received(worker: WorkerProcess, messages: readonly FromWorker[]): void;
  /** The process is gone; its code, or the signal that ended it. Told once. */
  exited(worker: WorkerProcess, reason: string, code: number | null): void;
}

/**
 * What a worker process runs: a file of ours (or a test's), by the Node that runs us; or a whole program, by
 * its path, which is told to be a worker.
 */
export type WorkerProgram =
  | { readonly kind: "entry"; readonly path: string | undefined }
  | { readonly kind: "program"; readonly path: string };

export interface WorkerProcessOptions {
  readonly io: string;
  readonly events: WorkerProcessEvents;
  readonly program: WorkerProgram;
}

/** What waits to be sent, in order. */
type Waiting =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "listen"; readonly address: string; readonly fd: number }
  | { readonly kind: "load"; readonly load: StateLoad; next: number }
  | { readonly kind: "load-file"; readonly load: StateLoad; readonly fd: number; next: number }
  /** Descriptors of ours, closed when they are sent, and the message that names them. */
  | { readonly kind: "descriptors"; readonly fds: readonly number[]; readonly message: ToWorker };

/**
 * `starting` until its state is loaded; `handing-over` while it gives its connections to another, after which
 * it leaves; `stopping` once it was asked to leave.
 */
export type WorkerState = "starting" | "running" | "handing-over" | "stopping";

export class WorkerProcess {
  readonly number: number;
  readonly pid: number;
  state: WorkerState = "starting";
  /** What it last said of itself. */
  revision = 0;
  hash = "";
  connections = 0;
  /** As its last heartbeat told. */
  tlsHandles: TlsHandles | undefined;
  io = "";
  ioReason = "";
  /** True once it has ended by itself, as it was asked to. */
  hasLeft = false;
  /** Why it was killed, or is gone. */
  fault: string | undefined;
  /** How far it is with giving its connections to another, by its last word. */
  given: HandoverProgress | undefined;
  /** Why it keeps its connections, if it could not give them away. */
  tookBack: string | undefined;
  /** What its program is, once it is ready. */
  program: ProgramFormats | undefined;
  readonly #child: ChildProcess;
  readonly #channel: MessageChannel<FromWorker>;
  readonly #descriptors: number;
  readonly #waiting: Waiting[] = [];
  /** Ends the watch over a state that grows. */
  #stopWatching: () => void = () => undefined;
  #retry: NodeJS.Timeout | undefined;
  #later: NodeJS.Immediate | undefined;

  constructor(number: number, options: WorkerProcessOptions) {
    this.number = number;
    const pair = createDescriptorPair();
    assert(pair.ok, "no descriptor pair for a worker");
    this.#descriptors = pair.value.ours;
    const [file, ...args] = commandOf(options.program);
    this.#child = spawn(file, [...args, "--worker", String(number), "--io", options.io], {
      stdio: ["ignore", "ignore", "inherit", "pipe", pair.value.theirs],
    });
    closeDescriptor(pair.value.theirs);
    this.pid = this.#child.pid ?? 0;
    this.#channel = new MessageChannel(this.#child.stdio[3] as Duplex, {
      received: (messages) => options.events.received(this, messages),
      drained: () => this.#pump(),
      // The exit follows, and says why.
      closed: () => undefined,
      garbled: (reason) => {
        this.fault ??= `it speaks another format: ${reason}`;
        this.kill();
      },
    });
    this.#child.on("error", (error) => this.#exited(options.events, error.message, null));
    // "close" and not "exit": its last words come first.
    this.#child.on("close", (code, signal) =>
      this.#exited(options.events, signal ?? `exit code ${code}`, code),
    );
  }

  /** Bytes that it has not read. */
  get unreadBytes(): number {
    return this.#channel.unsentBytes;
  }

  send(message: ToWorker): void {
    this.sendEncoded(encodeMessage(message));
  }

  sendEncoded(text: string): void {
    if (this.#waiting.length === 0) this.#channel.sendEncoded(text);
    else this.#waiting.push({ kind: "text", text });
  }

  /** Gives it a state: as a memory file if it is whole, else through the channel as it grows. */
  load(load: StateLoad): void {
    const file = load.revision === undefined ? undefined : openMemoryFile("kakehi state");
    if (file?.ok === true) {
      this.#waiting.push({ kind: "load-file", load, fd: file.value, next: 0 });
    } else {
      this.#stopWatching = load.watch(() => this.#pump());
      this.#waiting.push({ kind: "load", load, next: 0 });
    }
    this.#pump();
  }

  /** Hands descriptors over, which are closed here when they are sent, and then says what they are. */
  sendWith(fds: readonly number[], message: ToWorker): void {
    this.#waiting.push({ kind: "descriptors", fds, message });
    this.#pump();
  }

  /**
   * Hands a duplicate of a listening socket over. The caller keeps `fd` open until the worker is done with
   * it.
   */
  listen(address: string, fd: number): void {
    this.#waiting.push({ kind: "listen", address, fd });
    this.#pump();
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  #pump(): void {
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (!this.#sendWaiting(first)) return;
      this.#waiting.shift();
    }
  }

  /** False: it must wait. */
  #sendWaiting(waiting: Waiting): boolean {
    switch (waiting.kind) {
      case "text":
        this.#channel.sendEncoded(waiting.text);
        return true;
      case "load":
        while (waiting.next < waiting.load.count) {
          if (this.#channel.unsentBytes > LOAD_AHEAD_BYTES_MAX) return false;
          this.#channel.sendEncoded(waiting.load.message(waiting.next++));
          this.#channel.flush();
        }
        if (waiting.load.revision === undefined) return false;
        this.#stopWatching();
        return true;
      case "load-file":
        return this.#writeLoad(waiting);
      case "listen":
        return this.#handOver([waiting.fd], { type: "listen", address: waiting.address });
      case "descriptors":
        if (!this.#handOver(waiting.fds, waiting.message)) return false;
        waiting.fds.forEach(closeDescriptor);
        return true;
    }
  }

  /** One message in each turn of main's loop: others have something to do, too. */
  #writeLoad(waiting: Waiting & { readonly kind: "load-file" }): boolean {
    const { load, fd } = waiting;
    if (waiting.next === load.count) {
      if (!this.#handOver([fd], { type: "load-file" })) return false;
      closeDescriptor(fd);
      return true;
    }
    writeSync(fd, load.message(waiting.next++));
    this.#later ??= setImmediate(() => {
      this.#later = undefined;
      this.#pump();
    });
    return false;
  }

  #handOver(fds: readonly number[], message: ToWorker): boolean {
    const sent = sendDescriptors(this.#descriptors, fds);
    if (sent.ok) {
      this.#channel.sendEncoded(encodeMessage(message));
      return true;
    }
    // A worker that is gone takes nothing more, and its exit is told.
    if (sent.error.code !== "CHANNEL_FULL") return true;
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.#pump();
    }, DESCRIPTOR_RETRY_MS);
    return false;
  }

  #exited(events: WorkerProcessEvents, reason: string, code: number | null): void {
    this.#child.removeAllListeners();
    clearTimeout(this.#retry);
    this.#stopWatching();
    for (const waiting of this.#waiting.splice(0)) closeDescriptorsOf(waiting);
    clearImmediate(this.#later);
    this.#channel.destroy();
    closeDescriptor(this.#descriptors);
    events.exited(this, reason, code);
  }
}

function commandOf(program: WorkerProgram): readonly [string, ...string[]] {
  if (program.kind === "program") return [program.path, WORKER_COMMAND];
  return [process.execPath, program.path ?? entryPath()];
}

/** Those that are ours to close. */
function closeDescriptorsOf(waiting: Waiting): void {
  if (waiting.kind === "load-file") closeDescriptor(waiting.fd);
  if (waiting.kind === "descriptors") waiting.fds.forEach(closeDescriptor);
}

/** Beside this file's own room: as source where it is run from source, compiled where it is compiled. */
function entryPath(): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return fileURLToPath(new URL(`../../worker/entry.${extension}`, import.meta.url));
}
