/**
 * Where a main that starts finds this worker: a Unix socket of its own, beside the command socket. Whoever
 * connects brings two descriptors, a channel for messages and one for descriptors, and is then main.
 *
 * Rules of this file:
 *  1. It is looked at, not waited for: while there is a main nobody is to come, and without one it is looked
 *     at often. The socket stays out of Node's loop, which would lose the descriptors.
 *  2. Whoever connects and brings nothing keeps nobody out: several are listened to at a time, each for a
 *     while, and another user is not listened to.
 *  3. Main is who owns the command socket: a process that is not named in its lock file is not listened to. A
 *     file that names nobody (its disk was full) keeps nobody out.
 */
import { writeSync } from "node:fs";
import { ok, type Result } from "../base/result.ts";
import { receiveDescriptors } from "../io/descriptors.ts";
import { removeIfPossible } from "../io/files.ts";
import { readLockPid } from "../io/lock-file.ts";
import { encodeMessage } from "../io/message-channel.ts";
import type { FromWorker } from "../model/channel.ts";
import { closeDescriptor, isReadable } from "../sys/descriptor.ts";
import type { SystemFault } from "../sys/errno.ts";
import { acceptUnixConnection, openUnixListener, peerCredentials } from "../sys/unix-socket.ts";

/** Both channels of a main, as descriptors; whoever takes them owns them. */
export interface BroughtChannels {
  readonly messages: number;
  readonly descriptors: number;
}

/** So many who have brought nothing yet are listened to; of more, the first is sent away. */
export const VISITORS_MAX = 8;
/** Who has brought nothing in this time is sent away. */
export const VISITOR_MS_MAX = 1_000;

/** Somebody who has connected, and brought nothing yet. */
interface Visitor {
  readonly fd: number;
  readonly sinceMs: number;
}

export class Rendezvous {
  readonly #path: string;
  readonly #listeningFd: number;
  /** Monotonic milliseconds. */
  readonly #now: () => number;
  /** Who came first is first. */
  #visitors: readonly Visitor[] = [];

  private constructor(path: string, listeningFd: number, now: () => number) {
    this.#path = path;
    this.#listeningFd = listeningFd;
    this.#now = now;
  }

  /** Opens it at `path`. What a worker before has left there is removed. */
  static open(path: string, now: () => number = () => performance.now()): Result<Rendezvous, SystemFault> {
    removeIfPossible(path);
    const listening = openUnixListener(path);
    return listening.ok ? ok(new Rendezvous(path, listening.value, now)) : listening;
  }

  /** What somebody has brought, if anybody has. */
  look(): BroughtChannels | undefined {
    this.#admit();
    for (const visitor of this.#visitors) {
      const heard = hear(visitor);
      if (heard.kind === "nothing" && this.#now() - visitor.sinceMs < VISITOR_MS_MAX) continue;
      this.#sendAway(visitor);
      if (heard.kind === "brought") return heard.channels;
    }
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
    removeIfPossible(this.#path);
  }

  /** Lets those in who have connected. */
  #admit(): void {
    while (isReadable(this.#listeningFd)) {
      const accepted = acceptUnixConnection(this.#listeningFd);
      if (!accepted.ok) return;
      const visitor = { fd: accepted.value, sinceMs: this.#now() };
      this.#visitors = [...this.#visitors, visitor];
      if (!this.#isTrusted(visitor)) this.#sendAway(visitor);
      if (this.#visitors.length > VISITORS_MAX) this.#sendAway(this.#visitors[0]!);
    }
  }

  /** Whether it is main, of this user or of root, whom no permission of the file keeps out. */
  #isTrusted({ fd }: Visitor): boolean {
    const peer = peerCredentials(fd);
    if (!peer.ok || ![0, process.getuid!()].includes(peer.value.uid)) return false;
    const owner = readLockPid(this.#path.replace(/\.worker-[0-9]+$/, ".lock"));
    return owner === undefined || owner === peer.value.pid;
  }

  #sendAway(visitor: Visitor): void {
    this.#visitors = this.#visitors.filter((each) => each !== visitor);
    closeDescriptor(visitor.fd);
  }
}

/** What a visitor has brought. */
function hear({
  fd,
}: Visitor):
  | { readonly kind: "nothing" | "useless" }
  | { readonly kind: "brought"; readonly channels: BroughtChannels } {
  const brought = receiveDescriptors(fd);
  if (!brought.ok) return { kind: brought.error.code === "NOTHING_SENT" ? "nothing" : "useless" };
  const [messages, descriptors, ...rest] = brought.value;
  if (messages !== undefined && descriptors !== undefined && rest.length === 0)
    return { kind: "brought", channels: { messages, descriptors } };
  brought.value.forEach(closeDescriptor);
  return { kind: "useless" };
}
