/**
 * The listening sockets of workers that were taken over. Each worker has sent duplicates of those that it
 * has; of each address, one becomes the listener's.
 *
 * Rules of this file:
 *  1. Duplicates of one socket are one socket: its queue is the same in all workers.
 *  2. A worker that accepts on another socket than the others, or on none, is given the listener's.
 */
import { fstatSync } from "node:fs";
import type { HeldSocket } from "../../model/adoption.ts";
import { closeDescriptor } from "../../sys/descriptor.ts";
import type { Control } from "../control.ts";
import type { WorkerProcess } from "../workers/worker-process.ts";

interface Held extends HeldSocket {
  readonly worker: WorkerProcess;
  readonly fd: number;
  /** Which socket it is, whatever its descriptor. */
  readonly socket: number;
}

export class SocketHeirs {
  readonly #held: Held[] = [];

  /** Takes what `worker` has sent: its descriptors, in the order of `sockets`. */
  take(worker: WorkerProcess, sockets: readonly HeldSocket[]): void {
    const fds: number[] = [];
    while (fds.length < sockets.length) {
      const more = worker.takeDescriptors();
      if (more.length === 0) break;
      fds.push(...more);
    }
    for (const [index, fd] of fds.entries()) {
      const held = sockets[index];
      if (held === undefined) closeDescriptor(fd);
      else this.#held.push({ ...held, worker, fd, socket: socketOf(fd) });
    }
  }

  /**
   * Makes them the listeners' of the configuration, opens no other, and has workers close what is no
   * listener's. All workers have been told what they differ in.
   */
  give({ configuration, listeners, workers }: Control): void {
    const kept = new Set<number>();
    for (const [address, { draining }] of configuration.state.listeners) {
      if (draining === true) continue;
      const heir = listeners.find(address) ?? this.#heirOf(address);
      if (heir === undefined) continue;
      kept.add(heir);
      if (listeners.find(address) === undefined) listeners.inherit(address, heir);
      const socket = socketOf(heir);
      const have = this.#held.filter((held) => held.socket === socket && held.state === "accepting");
      for (const worker of workers.all()) {
        if (worker.state === "running" && !have.some((held) => held.worker === worker))
          worker.listen(address, heir);
      }
    }
    for (const { address, worker, state } of this.#held) {
      const listener = configuration.state.listeners.get(address);
      const isGone = state === "removed" || listener === undefined || listener.draining === true;
      // One that speaks another format leaves, and with it all that it listens at.
      if (isGone && worker.program !== undefined) worker.send({ type: "unlisten", address });
    }
    for (const { fd } of this.#held) if (!kept.has(fd)) closeDescriptor(fd);
  }

  #heirOf(address: string): number | undefined {
    return this.#held.find((held) => held.address === address && held.state === "accepting")?.fd;
  }
}

/** Duplicates of one socket have one number. */
function socketOf(fd: number): number {
  return fstatSync(fd).ino;
}
