/**
 * What a main that becomes another program takes along beside its state, as the document has it
 * (`upgrade-document.ts`). Types only. Times are milliseconds since 1970, descriptors are numbers of this
 * process.
 */
import type { LoggedEvent } from "./events.ts";
import type { TlsSecrets } from "./channel.ts";
import type { OrderError } from "./errors.ts";
import type { FileSettings } from "./file/settings.ts";
import type { MetricValues } from "./metric-values.ts";
import type { DrainKind } from "./objects.ts";
import type { OrderData } from "./orders.ts";
import type { Right } from "./rights.ts";

/** A client of the command socket. Bytes in base64. */
export interface CarriedSession {
  readonly fd: number;
  /** Absent: by the command socket. */
  readonly via?: "read";
  /** What it has sent, and was not taken: orders, and the beginning of one. */
  readonly unread: string;
  /** Answers that the kernel has not taken. */
  readonly unsent: string;
  /** Its orders that are not answered. */
  readonly orders: readonly {
    readonly id: string;
    /** How its answers are written, where it is one of Sōzu's. */
    readonly form?: CarriedForm;
    readonly order: CarriedOrder;
  }[];
}

/** The form of answers to an order of Sōzu (`dialect/answer-form.ts`). */
export interface CarriedForm {
  readonly id?: string;
  readonly is_versioned: boolean;
  readonly field: "data" | "content" | "either";
}

/** An order that goes on. */
export type CarriedOrder =
  | CarriedDrainWait
  | {
      readonly kind: "wait-revision";
      readonly revision: number;
      readonly until_ms: number;
      readonly timeout_ms: number;
    }
  /** `place`: the last event that was told. */
  | { readonly kind: "subscription"; readonly place: number }
  | CarriedSwap
  | CarriedUpgrade
  /** One of Sōzu's that became this one; `remark` is the message of its OK. */
  | { readonly kind: "dialect"; readonly remark: string; readonly order: CarriedOrder }
  /** The same, and of events it is told those that Sōzu tells. */
  | { readonly kind: "dialect-events"; readonly order: CarriedOrder };

/** A removal that waits for its drains. */
export interface CarriedDrainWait {
  readonly kind: "drain";
  readonly drains: readonly number[];
  /** Of the same order, but not waited for. */
  readonly unwaited: readonly number[];
  readonly since_ms: number;
  readonly deadlines: readonly {
    readonly at_ms: number;
    readonly on_deadline: "close" | "keep";
    /** Whose it is. */
    readonly drains: readonly number[];
  }[];
  readonly progress_ms: number;
  readonly message: string;
  readonly revision: number;
  /** What the final answer has beside what drains add. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** A swap whose new backends are asked: nothing is changed yet. */
export interface CarriedSwap {
  readonly kind: "swap-backends";
  readonly swap: OrderData["SWAP_BACKENDS"];
  /** It is refused at any other. */
  readonly if_revision?: number;
  /** They have time until then. */
  readonly until_ms: number;
}

/** The upgrade itself: it is answered by the program that main has become. */
export interface CarriedUpgrade {
  readonly kind: "upgrade";
  /** What main was before: its version, and the real path of its program where that is known. */
  readonly from_version: string;
  readonly from_program?: string;
  /** And the path that it was started by, which may be a link to another program by now. */
  readonly from_command?: string;
  /** Of `UPGRADE`: the workers come next, with what it asks for. */
  readonly workers?: { readonly program?: string; readonly version?: string; readonly deadline_ms: number };
  /** Main has gone back to what it was: the order has failed with this. */
  readonly failure?: OrderError;
}

/** Something that drains. */
export interface CarriedDrain {
  readonly drain: number;
  readonly order: string;
  readonly kind: DrainKind;
  readonly key: string;
  /** It was not removed. */
  readonly stays?: true;
  readonly since_ms: number;
  /** What still uses it then is closed, though no order waits for that. */
  readonly close_at_ms?: number;
}

/** The events that are kept, and the numbers of this run. */
export interface CarriedEvents {
  readonly first: number;
  readonly next: number;
  readonly events: readonly LoggedEvent[];
}

/** What the configuration file said: the next program does not read it again. */
export interface CarriedFile {
  /** Absent: main was started without one. */
  readonly path?: string;
  readonly settings?: FileSettings;
  readonly rights?: readonly Right[];
}

export interface CarriedMain {
  readonly revision: number;
  readonly hash: string;
  /** A memory file: the state, as a state file has it. */
  readonly state_fd: number;
  /** The journal's length, where the state is kept. */
  readonly journal_bytes?: number;
  /** A memory file: the history, where it is not kept on disk. */
  readonly history_fd?: number;
  readonly socket_lock_fd: number;
  readonly state_lock_fd?: number;
  readonly command_socket_fd: number;
  /** The socket on which nothing can be changed. */
  readonly read_socket_fd?: number;
  readonly sessions: readonly CarriedSession[];
  /** Orders that nobody waits for, as a signal's: they are answered in the log. */
  readonly own_orders: readonly { readonly type: string; readonly order: CarriedOrder }[];
  readonly listeners: readonly { readonly address: string; readonly fd: number }[];
  readonly workers: number;
  readonly drains: { readonly last: number; readonly lasting: readonly CarriedDrain[] };
  readonly secrets: TlsSecrets;
  readonly events: CarriedEvents;
  readonly counters: Readonly<Record<string, number>>;
  /** What workers that are gone have counted. */
  readonly former_totals: MetricValues;
  readonly started_ms: number;
  /** The path by which main was first started; absent where nobody said. */
  readonly program?: string;
  /** Main's before it stood back behind the workers, to start as another program; absent if it did not. */
  readonly niceness?: number;
  /** Keeps the demo's backends alive. */
  readonly demo_fd?: number;
  readonly configuration_file?: CarriedFile;
}
