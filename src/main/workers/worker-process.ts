/**
 * One worker process as main holds it: spawned, spoken to, ended. It decides nothing: what a message or an
 * exit means is for `worker-set.ts` and `supervisor.ts`.
 *
 * Rules of this file:
 *  1. What is sent arrives in the order sent, descriptors included: a worker that reads slowly holds back
 *     what is behind.
 */
import { spawn, type ChildProcess } from "node:child_process";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { assert } from "../../base/assert.ts";
import { createDescriptorPair, sendDescriptor } from "../../io/descriptors.ts";
import { encodeMessage, MessageChannel } from "../../io/message-channel.ts";
import type { FromWorker, ToWorker, TlsHandles } from "../../model/channel.ts";
import { closeDescriptor } from "../../sys/descriptor.ts";
import type { StateLoad } from "./worker-messages.ts";

/** A load goes on when the worker has read all but so much of it. */
const LOAD_AHEAD_BYTES_MAX = 1024 * 1024;
/** When a worker has some hundred unread descriptors. */
const DESCRIPTOR_RETRY_MS = 5;

export interface WorkerProcessEvents {
  received(worker: WorkerProcess, messages: readonly FromWorker[]): void;
  /** The process is gone; its code, or the signal that ended it. Told once. */
  exited(worker: WorkerProcess, reason: string, code: number | null): void;
}

export interface WorkerProcessOptions {
  readonly io: string;
  readonly events: WorkerProcessEvents;
  /** The program of the process; absent: the real one. */
  readonly entry: string | undefined;
}

/** What waits to be sent, in order. */
type Waiting =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "listen"; readonly address: string; readonly fd: number }
  | { readonly kind: "load"; readonly load: StateLoad; next: number };

export class WorkerProcess {
  readonly number: number;
  readonly pid: number;
  /** `starting` until its state is loaded; `stopping` once it was asked to leave. */
  state: "starting" | "running" | "stopping" = "starting";
  /** What it last said of itself. */
  revision = 0;
  hash = "";
  connections = 0;
  /** As its last heartbeat told. */
  tlsHandles: TlsHandles | undefined;
  io = "";
  ioReason = "";
  readonly #child: ChildProcess;
  readonly #channel: MessageChannel<FromWorker>;
  readonly #descriptors: number;
  #waiting: Waiting[] = [];
  /** Ends the watch over a state that grows. */
  #stopWatching: () => void = () => undefined;
  #retry: NodeJS.Timeout | undefined;

  constructor(number: number, options: WorkerProcessOptions) {
    this.number = number;
    const pair = createDescriptorPair();
    assert(pair.ok, "no descriptor pair for a worker");
    this.#descriptors = pair.value.ours;
    this.#child = spawn(
      process.execPath,
      [options.entry ?? entryPath(), "--worker", String(number), "--io", options.io],
      {
        stdio: ["ignore", "ignore", "inherit", "pipe", pair.value.theirs],
      },
    );
    closeDescriptor(pair.value.theirs);
    this.pid = this.#child.pid ?? 0;
    this.#channel = new MessageChannel(this.#child.stdio[3] as Duplex, {
      received: (messages) => options.events.received(this, messages),
      drained: () => this.#pump(),
      // The exit follows, and says why.
      closed: () => undefined,
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

  /** Sends a state, little by little. */
  load(load: StateLoad): void {
    this.#stopWatching = load.watch(() => this.#pump());
    this.#waiting.push({ kind: "load", load, next: 0 });
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
      case "listen":
        return this.#handOver(waiting.address, waiting.fd);
    }
  }

  #handOver(address: string, fd: number): boolean {
    const sent = sendDescriptor(this.#descriptors, fd);
    if (sent.ok) {
      this.#channel.sendEncoded(encodeMessage({ type: "listen", address } satisfies ToWorker));
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
    this.#waiting = [];
    this.#channel.destroy();
    closeDescriptor(this.#descriptors);
    events.exited(this, reason, code);
  }
}

/** Beside this file's own room: as source where it is run from source, compiled where it is compiled. */
function entryPath(): string {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return fileURLToPath(new URL(`../../worker/entry.${extension}`, import.meta.url));
}
