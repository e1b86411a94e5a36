/**
 * One worker process as main holds it: spoken to, ended. How main came by it is `worker-origin.ts`. It
 * decides nothing: what a message or an exit means is for `worker-set.ts` and `supervisor.ts`.
 *
 * Rules of this file:
 *  1. What is sent arrives in the order sent, descriptors included: a worker that reads slowly holds back
 *     what is behind.
 */
import { writeSync } from "node:fs";
import { receiveDescriptors, sendDescriptors } from "../../io/descriptors.ts";
import { encodeMessage, MessageChannel } from "../../io/message-channel.ts";
import type { WorkerStatus } from "../../model/answer-data.ts";
import type { FromWorker, ProgramFormats, ToWorker, TlsHandles } from "../../model/channel.ts";
import type { HandoverProgress } from "../../model/handover.ts";
import { closeDescriptor } from "../../sys/descriptor.ts";
import { openMemoryFile } from "../../sys/memory-file.ts";
import type { StateLoad } from "./worker-messages.ts";
import type { WorkerOrigin, WorkerProgram } from "./worker-origin.ts";

/** A load goes on when the worker has read all but so much of it. */
const LOAD_AHEAD_BYTES_MAX = 1024 * 1024;
/** When a worker has some hundred unread descriptors. */
const DESCRIPTOR_RETRY_MS = 5;

export interface WorkerProcessEvents {
  received(worker: WorkerProcess, messages: readonly FromWorker[]): void;
  /** The process is gone; its code, or the signal that ended it. Told once. */
  exited(worker: WorkerProcess, reason: string, code: number | null): void;
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
  /** It was asked to accept no more, until `UNDRAIN`. */
  isDraining = false;
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
  /** The number of the worker that it gives them to. */
  givesTo: number | undefined;
  /** Why it keeps its connections, if it could not give them away. */
  tookBack: string | undefined;
  /** Whether it has a state, or is being given one: from then on it is sent each change. */
  hasState: boolean;
  /** What it was started with, if not with what all are. */
  runs: WorkerProgram | undefined;
  /** What its program is, once it is ready. */
  program: ProgramFormats | undefined;
  readonly #origin: WorkerOrigin;
  readonly #channel: MessageChannel<FromWorker>;
  readonly #waiting: Waiting[] = [];
  /** Ends the watch over a state that grows. */
  #stopWatching: () => void = () => undefined;
  #retry: NodeJS.Timeout | undefined;
  #later: NodeJS.Immediate | undefined;

  constructor(number: number, origin: WorkerOrigin, events: WorkerProcessEvents) {
    this.number = number;
    this.pid = origin.pid;
    this.#origin = origin;
    this.hasState = this.isAdopted;
    this.#channel = new MessageChannel(origin.messages, {
      received: (messages) => events.received(this, messages),
      drained: () => this.#pump(),
      // The exit follows, and says why.
      closed: () => origin.channelClosed(),
      garbled: (reason) => {
        this.fault ??= `it speaks another format: ${reason}`;
        this.kill();
      },
    });
    origin.whenGone((reason, code) => {
      this.#letGo();
      events.exited(this, reason, code);
    });
  }

  /** Another main has started it. */
  get isAdopted(): boolean {
    return this.#origin.kind === "adopted";
  }

  /** Bytes that it has not read. */
  get unreadBytes(): number {
    return this.#channel.unsentBytes;
  }

  /** As `STATUS` shows it. */
  get status(): WorkerStatus {
    return {
      worker: this.number,
      pid: this.pid,
      state: this.state,
      ...(this.isDraining && { draining: true }),
      revision: this.revision,
      hash: this.hash,
      connections: this.connections,
      ...(this.tlsHandles && { tls_handles: this.tlsHandles }),
      io: this.io,
      io_reason: this.ioReason,
      ...(this.program && { version: this.program.version }),
    };
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
    this.hasState = true;
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

  /** The descriptors that it has sent us, so many together as it sent; none where it has sent no more. */
  takeDescriptors(): readonly number[] {
    const received = receiveDescriptors(this.#origin.descriptors);
    return received.ok ? received.value : [];
  }

  kill(): void {
    this.#origin.kill();
  }

  /** Closes our ends. It goes on alone, as after our own end; nothing is told of it any more. */
  release(): void {
    this.#origin.release();
    this.#letGo();
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
    const sent = sendDescriptors(this.#origin.descriptors, fds);
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

  #letGo(): void {
    clearTimeout(this.#retry);
    this.#stopWatching();
    for (const waiting of this.#waiting.splice(0)) closeDescriptorsOf(waiting);
    clearImmediate(this.#later);
    this.#channel.destroy();
    closeDescriptor(this.#origin.descriptors);
  }
}

/** Those that are ours to close. */
function closeDescriptorsOf(waiting: Waiting): void {
  if (waiting.kind === "load-file") closeDescriptor(waiting.fd);
  if (waiting.kind === "descriptors") waiting.fds.forEach(closeDescriptor);
}
