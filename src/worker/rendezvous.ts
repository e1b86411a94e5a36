/**
 * Where a main that starts finds this worker: a Unix socket of its own, beside the command socket. Whoever
 * connects brings two descriptors, a channel for messages and one for descriptors, and is then main.
 *
 * Rules of this file:
 *  1. It is looked at, not waited for: while there is a main nobody is to come, and without one it is looked
 *     at often. The socket stays out of Node's loop, which would lose the descriptors.
 */
import { rmSync, writeSync } from "node:fs";
import { ok, type Result } from "../base/result.ts";
import { receiveDescriptors } from "../io/descriptors.ts";
import { encodeMessage } from "../io/message-channel.ts";
import type { FromWorker } from "../model/channel.ts";
import { closeDescriptor, isReadable } from "../sys/descriptor.ts";
import type { SystemFault } from "../sys/errno.ts";
import { acceptUnixConnection, openUnixListener } from "../sys/unix-socket.ts";

/** Both channels of a main, as descriptors; whoever takes them owns them. */
export interface BroughtChannels {
  readonly messages: number;
  readonly descriptors: number;
}

export class Rendezvous {
  readonly #path: string;
  readonly #listeningFd: number;
  /** Somebody who has connected, and brought nothing yet. */
  #visitorFd: number | undefined;

  private constructor(path: string, listeningFd: number) {
    this.#path = path;
    this.#listeningFd = listeningFd;
  }

  /** Opens it at `path`. What a worker before has left there is removed. */
  static open(path: string): Result<Rendezvous, SystemFault> {
    rmSync(path, { force: true });
    const listening = openUnixListener(path);
    return listening.ok ? ok(new Rendezvous(path, listening.value)) : listening;
  }

  /** What somebody has brought, if anybody has. */
  look(): BroughtChannels | undefined {
    if (this.#visitorFd === undefined) this.#visitorFd = this.#accept();
    if (this.#visitorFd === undefined) return undefined;
    const brought = receiveDescriptors(this.#visitorFd);
    if (!brought.ok && brought.error.code === "NOTHING_SENT") return undefined;
    closeDescriptor(this.#visitorFd);
    this.#visitorFd = undefined;
    if (!brought.ok) return undefined;
    const [messages, descriptors, ...rest] = brought.value;
    if (messages !== undefined && descriptors !== undefined && rest.length === 0)
      return { messages, descriptors };
    brought.value.forEach(closeDescriptor);
    return undefined;
  }

  /** Turns away who has come: there is a main. */
  refuse(): void {
    const brought = this.look();
    if (brought === undefined) return;
    writeSync(brought.messages, encodeMessage({ type: "refused" } satisfies FromWorker));
    closeDescriptor(brought.messages);
    closeDescriptor(brought.descriptors);
  }

  /** The worker leaves: nobody finds it any more. */
  close(): void {
    rmSync(this.#path, { force: true });
  }

  #accept(): number | undefined {
    if (!isReadable(this.#listeningFd)) return undefined;
    const accepted = acceptUnixConnection(this.#listeningFd);
    return accepted.ok ? accepted.value : undefined;
  }
}
