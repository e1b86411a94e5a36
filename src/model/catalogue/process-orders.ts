/**
 * The catalogue's entries on the processes.
 */
import { z } from "zod";
import { DEADLINE_MS_MAX, WORKERS_MAX } from "../limits.ts";
import type { CatalogueOf } from "./entry.ts";
import { mustBe, wholeNumberField } from "./fields.ts";

const WORKER_NUMBER_MAX = 65_535;

export const PROCESS_ORDERS: CatalogueOf<"SET_WORKERS" | "RESTART_WORKER" | "SOFT_STOP" | "HARD_STOP"> = {
  SET_WORKERS: {
    summary: "Run so many workers; those that leave finish their exchanges first.",
    changesState: false,
    answeredBy: "workers",
    schema: z.strictObject(
      { count: wholeNumberField(1, WORKERS_MAX, "How many workers are to run.") },
      mustBe("an object"),
    ),
    example: { count: 4 },
    exampleAnswer: { message: "4 workers run", data: { count: 4 } },
    errors: ["WORKER_FAILED", "STOPPING"],
  },
  RESTART_WORKER: {
    summary: "Replace a worker: a new one takes over first, then the old one finishes and leaves.",
    changesState: false,
    answeredBy: "workers",
    schema: z.strictObject(
      { worker: wholeNumberField(0, WORKER_NUMBER_MAX, "Its number, as STATUS has it.") },
      mustBe("an object"),
    ),
    example: { worker: 0 },
    exampleAnswer: { message: "worker 2 has taken over from worker 0", data: { worker: 2 } },
    errors: ["UNKNOWN_WORKER", "WORKER_FAILED", "STOPPING"],
  },
  SOFT_STOP: {
    summary: "Accept no more, finish what is in progress, and stop; what is left at the deadline is closed.",
    changesState: false,
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
    answeredBy: "main",
    schema: z.strictObject({}, mustBe("an object")),
    example: {},
    exampleAnswer: { message: "stopping", data: {} },
    errors: [],
  },
};
