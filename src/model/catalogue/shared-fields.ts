/**
 * Fields that several orders share: how a removal reports, how a list is paged.
 */
import { z } from "zod";
import { DRAIN_DEFAULTS, PAGE_LIMIT_DEFAULT } from "../defaults.ts";
import {
  AFTER_CHARS_MAX,
  DEADLINE_MS_MAX,
  PAGE_ITEMS_MAX,
  PROGRESS_MS_MAX,
  PROGRESS_MS_MIN,
} from "../limits.ts";
import type { DrainOptions } from "../orders.ts";
import { choiceField, flagField, mustBe, wholeNumberField } from "./fields.ts";

const drainSchema = z.strictObject(
  {
    wait: flagField("`false`: answer at once, with the connections that are left.").default(
      DRAIN_DEFAULTS.wait,
    ),
    deadline_ms: wholeNumberField(
      0,
      DEADLINE_MS_MAX,
      "How long to wait; without it, to the end.",
    ).exactOptional(),
    on_deadline: choiceField(
      ["close", "keep"],
      "What then happens to the connections that are left.",
    ).default(DRAIN_DEFAULTS.on_deadline),
    progress_ms: wholeNumberField(
      PROGRESS_MS_MIN,
      PROGRESS_MS_MAX,
      "The least time between two `PROCESSING` answers.",
    ).default(DRAIN_DEFAULTS.progress_ms),
  },
  mustBe("an object"),
);

/** The optional field `drain` of a removal. */
export const drainField: z.ZodDefault<z.ZodType<DrainOptions>> = drainSchema
  .meta({ description: "How the removal reports what is still in use." })
  .default(() => DRAIN_DEFAULTS) as z.ZodDefault<z.ZodType<DrainOptions>>;

/** The fields `limit` and `after` of a list. */
export const pageFields: {
  readonly limit: z.ZodDefault<z.ZodType<number>>;
  readonly after: z.ZodExactOptional<z.ZodType<string>>;
} = {
  limit: wholeNumberField(1, PAGE_ITEMS_MAX, "How many items at most.").default(PAGE_LIMIT_DEFAULT),
  after: z
    .string(mustBe("the `next` of an answer"))
    .max(AFTER_CHARS_MAX, mustBe("the `next` of an answer"))
    .meta({
      description: "Go on after this: the `next` of the answer before.",
      takes: "the `next` of an answer",
    })
    .exactOptional(),
};
