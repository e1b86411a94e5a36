/**
 * What a worker that has lost its main tells the next one, so that it can be taken over as it is: who it is,
 * what it has, and what is still in use of what was removed. Types only; how the two meet is
 * `worker/rendezvous.ts` and `main/adoption/`.
 */
import type { DrainRequest, ProgramFormats, TlsSecrets } from "./channel.ts";
import type { DrainKind } from "./objects.ts";

/**
 * The first word of a worker that is taken over. The descriptors of its listening sockets went ahead on the
 * descriptor channel, in the order of `sockets`.
 */
export interface Hello {
  readonly type: "hello";
  readonly worker: number;
  readonly pid: number;
  /** Whoever speaks another format with workers reads no further. */
  readonly program: ProgramFormats;
  readonly presence: WorkerPresence;
  /** It accepts no more, until it is undrained. */
  readonly draining?: true;
  /** To which worker it hands its connections over. */
  readonly gives_to?: number;
  readonly revision: number;
  readonly hash: string;
  /** How many it has; absent from workers that did not say it yet. */
  readonly connections?: number;
  readonly io: string;
  readonly io_reason: string;
  readonly sockets: readonly HeldSocket[];
  /** Absent before main has sent some. */
  readonly secrets?: TlsSecrets;
  readonly drains: readonly HeldDrain[];
}

/**
 * `handing-over`: it gives its connections to another worker, and then leaves. `leaving`: it accepts no more,
 * and goes when its sessions have ended.
 */
export type WorkerPresence = "running" | "handing-over" | "leaving";

/** A listening socket that a worker has. `removed`: its listener is, and its queue is not empty yet. */
export interface HeldSocket {
  readonly address: string;
  readonly state: "accepting" | "removed";
}

/** What drains and is in use in a worker, or the worker itself, as it was told of it. */
export interface HeldDrain extends Omit<DrainRequest, "kind"> {
  readonly kind: DrainKind;
  readonly connections: number;
  /** When main was to close what still uses it, in milliseconds since 1970. */
  readonly close_at_ms?: number;
}
