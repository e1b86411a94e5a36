/**
 * The catalogue's entries on the processes.
 */
import { z } from "zod";
import { fail, ok } from "../../base/result.ts";
import {
  DEADLINE_MS_MAX,
  FILE_PATH_CHARS_MAX,
  UPGRADE_DEADLINE_MS,
  VERSION_CHARS_MAX,
  WORKERS_MAX,
} from "../limits.ts";
import type { CatalogueOf } from "./entry.ts";
import { mustBe, textField, wholeNumberField } from "./fields.ts";
import { workerNumberField } from "./shared-fields.ts";

const programPath = textField(
  {
    takes: "an absolute path",
    about: "The new program; without it, what stands now where this one was started from.",
  },
  (text) =>
    text.startsWith("/") && text.length <= FILE_PATH_CHARS_MAX && !text.includes("\0")
      ? ok(text)
      : fail(`must be an absolute path of at most ${FILE_PATH_CHARS_MAX} characters`),
);

const programVersion = textField(
  { takes: "a version", about: "The version that the new program must be of." },
  (text) =>
    text.length > 0 && text.length <= VERSION_CHARS_MAX
      ? ok(text)
      : fail(`must be a version of 1 to ${VERSION_CHARS_MAX} characters`),
);

const upgradeDeadline = wholeNumberField(
  0,
  DEADLINE_MS_MAX,
  "How long exchanges in progress, and connections that cannot be handed over, may take to end.",
).default(UPGRADE_DEADLINE_MS);

export const PROCESS_ORDERS: CatalogueOf<
  "SET_WORKERS" | "RESTART_WORKER" | "UPGRADE_WORKER" | "UPGRADE_MAIN" | "UPGRADE" | "SOFT_STOP" | "HARD_STOP"
> = {
  SET_WORKERS: {
    summary: "Run so many workers; those that leave finish their exchanges first.",
    changesState: false,
    right: "admin",
    answeredBy: "workers",
    schema: z.strictObject(
      { count: wholeNumberField(1, WORKERS_MAX, "How many workers are to run.") },
      mustBe("an object"),
    ),
    example: { count: 4 },
    exampleAnswer: { message: "4 workers run", data: { count: 4 } },
    errors: ["WORKER_FAILED", "BUSY", "STOPPING"],
  },
  RESTART_WORKER: {
    summary: "Replace a worker: a new one takes its connections over, then the old one leaves.",
    changesState: false,
    right: "admin",
    answeredBy: "workers",
    schema: z.strictObject({ worker: workerNumberField }, mustBe("an object")),
    example: { worker: 0 },
    exampleAnswer: { message: "worker 2 has taken over from worker 0", data: { worker: 2 } },
    errors: ["UNKNOWN_WORKER", "WORKER_FAILED", "BUSY", "STOPPING"],
  },
  UPGRADE_WORKER: {
    summary:
      "Replace a worker by one of the program as it is now: connections are handed over, none is closed.",
    changesState: false,
    right: "admin",
    answeredBy: "workers",
    schema: z.strictObject(
      {
        worker: workerNumberField,
        program: programPath.exactOptional(),
        version: programVersion.exactOptional(),
        deadline_ms: upgradeDeadline,
      },
      mustBe("an object"),
    ),
    example: { worker: 0, program: "/opt/kakehi-2/bin/kakehi" },
    exampleAnswer: {
      message: "worker 2 (0.2.0) has taken over from worker 0",
      data: { worker: 2, version: "0.2.0", sessions: 12, tunnels: 3, pooled: 4, closed: 1 },
    },
    errors: ["UNKNOWN_WORKER", "UPGRADE_FAILED", "WORKER_FAILED", "BUSY", "STOPPING"],
  },
  UPGRADE_MAIN: {
    summary:
      "Have main become the program as it is now, in the same process; clients of the command socket stay connected.",
    changesState: false,
    right: "admin",
    answeredBy: "main",
    schema: z.strictObject(
      { program: programPath.exactOptional(), version: programVersion.exactOptional() },
      mustBe("an object"),
    ),
    example: { program: "/opt/kakehi-2/bin/kakehi" },
    exampleAnswer: {
      message: "main is version 0.2.0; it was 0.1.0",
      data: { version: "0.2.0", from_version: "0.1.0", pid: 4711 },
    },
    errors: ["UPGRADE_FAILED", "BUSY", "STOPPING"],
  },
  UPGRADE: {
    summary:
      "Have main become the program as it is now, then replace each worker by one of it; if one fails, all go back.",
    changesState: false,
    right: "admin",
    answeredBy: "workers",
    schema: z.strictObject(
      {
        program: programPath.exactOptional(),
        version: programVersion.exactOptional(),
        deadline_ms: upgradeDeadline,
      },
      mustBe("an object"),
    ),
    example: { program: "/opt/kakehi-2/bin/kakehi" },
    exampleAnswer: {
      message: "main and 2 workers are version 0.2.0; they were 0.1.0",
      data: { version: "0.2.0", from_version: "0.1.0", pid: 4711, workers: [2, 0] },
    },
    errors: ["UPGRADE_FAILED", "WORKER_FAILED", "BUSY", "STOPPING"],
  },
  SOFT_STOP: {
    summary: "Accept no more, finish what is in progress, and stop; what is left at the deadline is closed.",
    changesState: false,
    right: "admin",
    answeredBy: "workers",
    schema: z.strictObject(
      {
        deadline_ms: wholeNumberField(
          0,
          DEADLINE_MS_MAX,
          "How long to wait; without it, to the end.",
        ).exactOptional(),
      },
      mustBe("an object"),
    ),
    example: { deadline_ms: 30_000 },
    exampleAnswer: { message: "all workers have finished", data: {} },
    errors: [],
  },
  HARD_STOP: {
    summary: "Stop at once; connections in progress are cut.",
    changesState: false,
    right: "admin",
    answeredBy: "main",
    schema: z.strictObject({}, mustBe("an object")),
    example: {},
    exampleAnswer: { message: "stopping", data: {} },
    errors: [],
  },
};
