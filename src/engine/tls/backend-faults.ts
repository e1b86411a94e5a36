/**
 * What TLS to backends failed by, for the log: at most one line a second for each backend, however many
 * requests meet it.
 */
import type { Backend } from "../../model/objects.ts";

const TOLD_EVERY_MS = 1_000;

export class BackendFaults {
  readonly #log: (level: "warning", message: string) => void;
  /** When each was told of last. Backends that are gone leave by themselves. */
  readonly #toldAt: WeakMap<object, number> = new WeakMap();

  constructor(log: (level: "warning", message: string) => void) {
    this.#log = log;
  }

  /** `backend` could not be spoken to. `reason` ends the sentence. */
  tell(backend: { readonly configuration: Backend }, reason: string, now: number): void {
    const toldAt = this.#toldAt.get(backend) ?? -Infinity;
    if (now < toldAt + TOLD_EVERY_MS) return;
    this.#toldAt.set(backend, now);
    const { cluster_id: cluster, backend_id: id, address } = backend.configuration;
    this.#log("warning", `cluster ${cluster}: TLS to backend ${id} (${address}) failed: ${reason}`);
  }
}
