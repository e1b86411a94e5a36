/** What a strict client counts against the proxy. Nothing is forgiven and nothing is tried again. */

export type FaultKind =
  | "refused"
  | "reset"
  /** Closed without having said so, with nothing of an answer received. */
  | "closed"
  /** Closed in the middle of an answer. */
  | "cut"
  | "malformed"
  | "status"
  | "body"
  | "timeout"
  /** Bytes that nobody asked for. */
  | "unsolicited";

/** A fault on its way to the log. */
export class ClientFault extends Error {
  override readonly name: string = "ClientFault";
  readonly kind: FaultKind;

  constructor(kind: FaultKind, detail: string) {
    super(detail);
    this.kind = kind;
  }
}

export interface Fault {
  readonly kind: FaultKind;
  readonly detail: string;
  /** Since the log began. */
  readonly atMs: number;
}

/** So many are kept with their detail; all are counted. */
const KEPT_MAX = 200;

export class FaultLog {
  readonly faults: Fault[] = [];
  readonly countsByKind: Map<FaultKind, number> = new Map();
  readonly #startedMs: number = performance.now();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(kind: FaultKind, detail: string): void {
    this.#count++;
    this.countsByKind.set(kind, (this.countsByKind.get(kind) ?? 0) + 1);
    if (this.faults.length >= KEPT_MAX) return;
    this.faults.push({ kind, detail, atMs: Math.round(performance.now() - this.#startedMs) });
  }

  /**
   * Counts whatever was thrown: a `ClientFault` as its kind, anything else is a mistake of the test and
   * thrown again.
   */
  addError(error: unknown, context: string): void {
    if (!(error instanceof ClientFault)) throw error;
    this.add(error.kind, `${context}: ${error.message}`);
  }

  /** The first few, one a line, for an assertion's message. */
  summary(lines = 12): string {
    const shown = this.faults
      .slice(0, lines)
      .map(({ kind, detail, atMs }) => `  ${atMs} ms  ${kind}  ${detail}`);
    return [`${this.#count} faults`, ...shown].join("\n");
  }
}
