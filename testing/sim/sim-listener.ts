/**
 * One copy of a simulated listening socket, as the engine holds it. The queue belongs to the socket, which
 * outlives this copy: who listens at the same address again finds it as it was left.
 */
import type { SimSocket } from "./sim-socket.ts";

export class SimListener {
  readonly number: number;
  /** Clients that the kernel has accepted and the engine has not. Shared by all copies of the socket. */
  readonly queue: SimSocket[];
  state: "idle" | "accepting" | "stopping" | "closed" = "idle";
  readonly #next: (listener: SimListener) => void;

  constructor(number: number, queue: SimSocket[], next: (listener: SimListener) => void) {
    this.number = number;
    this.queue = queue;
    this.#next = next;
  }

  /** Looks whether there is something to accept or to tell. */
  wake(): void {
    this.#next(this);
  }
}
