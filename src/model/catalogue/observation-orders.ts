/**
 * The catalogue's entries for who watches: what is counted, what happens, and when a change is everywhere.
 */
import { z } from "zod";
import { WAIT_MS_MAX } from "../limits.ts";
import type { CatalogueOf } from "./entry.ts";
import { mustBe, wholeNumberField } from "./fields.ts";

const WAIT_MS_DEFAULT = 10_000;

export const OBSERVATION_ORDERS: CatalogueOf<"METRICS" | "SUBSCRIBE_EVENTS" | "WAIT_REVISION"> = {
  METRICS: {
    summary: "All counters, gauges and histograms, summed and by worker.",
    changesState: false,
    right: "read",
    answeredBy: "workers",
    schema: z.strictObject({}, mustBe("an object")),
    example: {},
    exampleAnswer: {
      message: "45 metrics of 2 workers",
      data: {
        metrics: {
          requests: {
            type: "counter",
            help: "Requests whose head was read.",
            value: 120_300,
            workers: { "0": 60_100, "1": 60_190 },
            former: 10,
          },
          responses: {
            type: "counter",
            help: "Final responses to clients, our own included.",
            label: "class",
            value: { "1xx": 0, "2xx": 120_000, "3xx": 0, "4xx": 290, "5xx": 10 },
            workers: {
              "0": { "1xx": 0, "2xx": 59_995, "3xx": 0, "4xx": 100, "5xx": 5 },
              "1": { "1xx": 0, "2xx": 59_995, "3xx": 0, "4xx": 190, "5xx": 5 },
            },
            former: { "1xx": 0, "2xx": 10, "3xx": 0, "4xx": 0, "5xx": 0 },
          },
          revision: {
            type: "gauge",
            help: "How many changes of the configuration were accepted.",
            value: 7,
          },
        },
      },
    },
    errors: [],
  },
  SUBSCRIBE_EVENTS: {
    summary: "Everything that changes or happens, as it does, until the connection is closed.",
    changesState: false,
    right: "read",
    answeredBy: "main",
    isEndless: true,
    schema: z.strictObject(
      {
        since: wholeNumberField(
          0,
          Number.MAX_SAFE_INTEGER,
          "The last sequence that is known: it goes on after it. 0 for all that is kept of this run; without it, what is to come.",
        ).exactOptional(),
      },
      mustBe("an object"),
    ),
    example: { since: 1_764_000_000_000_041 },
    exampleAnswer: {
      message: "revision 7 by ADD_BACKEND: 1 object",
      data: {
        sequence: 1_764_000_000_000_042,
        time_ms: 1_764_000_060_000,
        event: "CHANGED",
        revision: 7,
        order: "ADD_BACKEND",
        uid: 1000,
        pid: 4242,
        order_id: "42",
        changes: [{ action: "add", kind: "backend", key: "app app-1" }],
        total: 1,
      },
    },
    errors: ["LIMIT_EXCEEDED"],
  },
  WAIT_REVISION: {
    summary: "Wait until every worker has a revision, also one that is yet to come.",
    changesState: false,
    right: "read",
    answeredBy: "workers",
    schema: z.strictObject(
      {
        revision: wholeNumberField(0, Number.MAX_SAFE_INTEGER, "The revision."),
        timeout_ms: wholeNumberField(0, WAIT_MS_MAX, "How long to wait.").default(WAIT_MS_DEFAULT),
      },
      mustBe("an object"),
    ),
    example: { revision: 7, timeout_ms: 5_000 },
    exampleAnswer: { message: "every worker has revision 7", data: { revision: 7 } },
    errors: ["TIMED_OUT"],
  },
};
