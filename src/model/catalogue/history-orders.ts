/**
 * The catalogue's entries on history: what was changed, and how to go back.
 */
import { z } from "zod";
import { PAGE_LIMIT_DEFAULT } from "../defaults.ts";
import { HISTORY_PAGE_MAX } from "../limits.ts";
import type { CatalogueOf } from "./entry.ts";
import { mustBe, wholeNumberField } from "./fields.ts";
import { drainField } from "./shared-fields.ts";

const REVISION_MAX = Number.MAX_SAFE_INTEGER;

export const HISTORY_ORDERS: CatalogueOf<"HISTORY" | "REVERT"> = {
  HISTORY: {
    summary: "The accepted changes of the configuration, newest first: what, when and by whom.",
    changesState: false,
    right: "read",
    answeredBy: "main",
    schema: z.strictObject(
      {
        since: wholeNumberField(0, REVISION_MAX, "Only what came after this revision.").exactOptional(),
        before: wholeNumberField(
          0,
          REVISION_MAX,
          "Only what came before this revision: the `next` of the answer before.",
        ).exactOptional(),
        limit: wholeNumberField(1, HISTORY_PAGE_MAX, "How many revisions at most.").default(
          PAGE_LIMIT_DEFAULT,
        ),
      },
      mustBe("an object"),
    ),
    example: { since: 6 },
    exampleAnswer: {
      message: "1 revision",
      data: {
        revisions: [
          {
            revision: 7,
            time: "2026-11-22T12:00:00.000Z",
            time_ms: 1_795_348_800_000,
            uid: 1000,
            pid: 4242,
            order_id: "42",
            order: "ADD_CLUSTER",
            orders: [
              {
                type: "ADD_CLUSTER",
                data: {
                  cluster_id: "app",
                  load_balancing: "round_robin",
                  sticky_session: false,
                  https_redirect: false,
                },
              },
            ],
            orders_total: 1,
          },
        ],
        oldest: 0,
        next: null,
      },
    },
    errors: ["HISTORY_DAMAGED"],
  },
  REVERT: {
    summary: "Make the configuration what it was at a revision: only what differs, as one new revision.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: z.strictObject(
      {
        revision: wholeNumberField(0, REVISION_MAX, "The revision to go back to."),
        drain: drainField,
      },
      mustBe("an object"),
    ),
    example: { revision: 5 },
    exampleAnswer: {
      message: "1 object added, 2 removed, 0 updated; back at what revision 5 was",
      data: { changed: true, added: 1, removed: 2, updated: 0, drained_ms: 12 },
    },
    errors: ["REVISION_GONE", "HISTORY_DAMAGED", "ADDRESS_IN_USE", "ADDRESS_REFUSED", "LIMIT_EXCEEDED"],
  },
};

/** The field `at` of what can be asked of the past. */
export const atField: z.ZodExactOptional<z.ZodType<number>> = wholeNumberField(
  0,
  REVISION_MAX,
  "As it was at this revision; without it, as it is.",
).exactOptional();
