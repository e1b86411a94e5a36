/**
 * The sections of a configuration file that are about the program itself, and not about what it serves. What
 * is left out is decided by whoever uses them: a flag, the environment, or a default.
 */
import { z } from "zod";
import { fail, ok } from "../../base/result.ts";
import { choiceField, mustBe, textField, wholeNumberField } from "../catalogue/fields.ts";
import {
  CLUSTER_PATTERN_CHARS_MAX,
  FILE_PATH_CHARS_MAX,
  FRAME_BYTES_MAX,
  RIGHT_PATTERNS_MAX,
  UID_MAX,
  WORKERS_MAX,
} from "../limits.ts";
import { RIGHT_LEVELS } from "../right-level.ts";
import type { Right } from "../rights.ts";
import type { ObjectKind } from "../objects.ts";

const SECOND_MS = 1_000;
const DAY_MS = 24 * 60 * 60 * SECOND_MS;
const GIGABYTE = 1_024 * 1_024 * 1_024;

/** The kinds of objects as a file calls them. */
export const OWNED_KINDS: Readonly<Record<OwnedKind, ObjectKind>> = {
  listeners: "listener",
  clusters: "cluster",
  backends: "backend",
  frontends: "frontend",
  certificates: "certificate",
};

export type OwnedKind = "listeners" | "clusters" | "backends" | "frontends" | "certificates";

/** What the sections say. One that is not there is empty. */
export interface FileSettings {
  readonly processes: { readonly workers?: number; readonly io?: "auto" | "uring" | "node" };
  readonly socket: {
    readonly path?: string;
    /** As text, as in `0660`. */
    readonly mode?: string;
    readonly read_path?: string;
    readonly read_mode?: string;
  };
  readonly state: { readonly path?: string };
  readonly log: {
    readonly level?: "debug" | "info" | "warning" | "error" | "silent";
    readonly file?: string;
  };
  readonly limits: Readonly<Partial<Record<FileLimit, number>>>;
}

/** The limits that a file may set. */
export type FileLimit =
  | "connections_max"
  | "connections_per_user_max"
  | "orders_in_flight_max"
  | "unread_bytes_max"
  | "frame_bytes_max"
  | "events_max"
  | "subscriptions_max"
  | "swap_backends_max"
  | "journal_bytes_max"
  | "history_revisions_max"
  | "history_bytes_max"
  | "signal_stop_ms"
  | "ticket_key_ms"
  | "expiry_near_ms";

const kindNames = Object.keys(OWNED_KINDS) as OwnedKind[];

const mode = (about: string): z.ZodType<string> =>
  textField({ takes: 'permissions such as "0660"', about }, (text) =>
    /^0?[0-7]{3}$/.test(text) ? ok(text) : fail('must be permissions such as "0660"'),
  );

const path = (about: string): z.ZodType<string> =>
  textField(
    { takes: "a path", about: `${about} A relative path begins at the folder of this file.` },
    (text) =>
      text.length > 0 && text.length <= FILE_PATH_CHARS_MAX && !text.includes("\0")
        ? ok(text)
        : fail(`must be a path of 1 to ${FILE_PATH_CHARS_MAX} characters`),
  );

const processes = z
  .strictObject(
    {
      workers: wholeNumberField(1, WORKERS_MAX, "How many workers.").exactOptional(),
      io: choiceField(["auto", "uring", "node"], "How workers talk to the kernel.").exactOptional(),
    },
    mustBe("a table"),
  )
  .meta({ description: "The workers." });

const socket = z
  .strictObject(
    {
      path: path("The command socket.").exactOptional(),
      mode: mode("The command socket's permissions.").exactOptional(),
      read_path: path("A second socket, on which nothing can be changed.").exactOptional(),
      read_mode: mode("Its permissions.").exactOptional(),
    },
    mustBe("a table"),
  )
  .meta({ description: "Where orders are taken." });

const state = z
  .strictObject(
    { path: path("Where the configuration is kept over restarts.").exactOptional() },
    mustBe("a table"),
  )
  .meta({ description: "What is kept on disk." });

const log = z
  .strictObject(
    {
      level: choiceField(["debug", "info", "warning", "error", "silent"], "What is logged.").exactOptional(),
      file: path("The log; without it, it goes to stderr.").exactOptional(),
    },
    mustBe("a table"),
  )
  .meta({ description: "The log." });

const limits = z
  .strictObject(
    {
      connections_max: wholeNumberField(
        1,
        65_536,
        "Clients of the command socket at a time; root and main's own user have as many beside them.",
      ).exactOptional(),
      connections_per_user_max: wholeNumberField(
        1,
        65_536,
        "The same of one user who is neither root nor main's own.",
      ).exactOptional(),
      orders_in_flight_max: wholeNumberField(1, 65_536, "One client's unanswered orders.").exactOptional(),
      unread_bytes_max: wholeNumberField(65_536, GIGABYTE, "One client's unread answers.").exactOptional(),
      frame_bytes_max: wholeNumberField(4_096, FRAME_BYTES_MAX, "The largest order.").exactOptional(),
      events_max: wholeNumberField(16, 1_000_000, "Events kept for who reads them later.").exactOptional(),
      subscriptions_max: wholeNumberField(1, 65_536, "Clients that are told events.").exactOptional(),
      swap_backends_max: wholeNumberField(
        1,
        65_536,
        "New backends that all swaps together ask at a time.",
      ).exactOptional(),
      journal_bytes_max: wholeNumberField(
        65_536,
        GIGABYTE,
        "The journal is folded when it is larger.",
      ).exactOptional(),
      history_revisions_max: wholeNumberField(
        0,
        1_000_000_000,
        "So many changes can be gone back.",
      ).exactOptional(),
      history_bytes_max: wholeNumberField(
        0,
        64 * GIGABYTE,
        "What they may take: of disk where the configuration is kept, else of memory.",
      ).exactOptional(),
      signal_stop_ms: wholeNumberField(0, DAY_MS, "The deadline of a stop by signal.").exactOptional(),
      ticket_key_ms: wholeNumberField(
        SECOND_MS,
        7 * DAY_MS,
        "How long one key seals TLS session tickets.",
      ).exactOptional(),
      expiry_near_ms: wholeNumberField(
        SECOND_MS,
        365 * DAY_MS,
        "So long before its end a certificate is warned of.",
      ).exactOptional(),
    },
    mustBe("a table"),
  )
  .meta({ description: "Sizes, counts and times that bound main." });

const pattern = textField(
  { takes: 'a pattern such as "app-*"', about: "A `*` stands for any characters." },
  (text) =>
    text.length > 0 && text.length <= CLUSTER_PATTERN_CHARS_MAX
      ? ok(text)
      : fail(`must be a pattern of 1 to ${CLUSTER_PATTERN_CHARS_MAX} characters`),
);

/** One entry of `rights`. */
export const rightSchema: z.ZodType<Right> = z
  .strictObject(
    {
      uid: wholeNumberField(0, UID_MAX, "The user id of the clients."),
      may: choiceField(RIGHT_LEVELS, "What they may do; each includes the one before."),
      clusters: z
        .array(pattern, mustBe("a list of patterns"))
        .min(1, mustBe("a list of patterns, and not empty"))
        .max(RIGHT_PATTERNS_MAX, mustBe(`a list of at most ${RIGHT_PATTERNS_MAX} patterns`))
        .meta({
          description: "Change only clusters whose id matches one of these, and what belongs to them.",
        })
        .exactOptional(),
    },
    mustBe("a table"),
  )
  .superRefine(({ may, clusters }, context) => {
    if (clusters === undefined || may === "write") return;
    context.addIssue({ code: "custom", path: ["clusters"], message: 'goes with may = "write" only' });
  })
  .meta({ description: "Who may connect, and what each may do." }) as z.ZodType<Right>;

export const ownsSchema: z.ZodType<readonly OwnedKind[]> = z
  .array(choiceField(kindNames, "A kind of objects."), mustBe("a list of kinds of objects"))
  .meta({
    description:
      "The kinds of objects that this file decides alone: one that is not in it is removed by a reload. " +
      "The others are left to orders. Without this, all.",
  });

/** The tables of settings, by name. */
export const SETTING_SECTIONS: {
  readonly [Name in keyof FileSettings]: z.ZodType<FileSettings[Name]>;
} = { processes, socket, state, log, limits };
