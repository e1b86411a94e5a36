/**
 * Fields that several orders share: how a removal reports, what drains, which worker.
 */
import { z } from "zod";
import { DRAIN_DEFAULTS, REPLACEMENT_DRAIN_DEFAULTS } from "../defaults.ts";
import { DEADLINE_MS_MAX, PROGRESS_MS_MAX, PROGRESS_MS_MIN } from "../limits.ts";
import type { DrainOptions } from "../orders.ts";
import { choiceField, flagField, mustBe, wholeNumberField } from "./fields.ts";

/** The optional field `drain` of a removal. */
export const drainField: z.ZodDefault<z.ZodType<DrainOptions>> = drainFieldOf(
  DRAIN_DEFAULTS,
  "`false`: answer at once, with the connections that are left.",
  "How the removal reports what is still in use.",
);

/** The same of a replacement, which does not wait unless it is asked to. */
export const replacementDrainField: z.ZodDefault<z.ZodType<DrainOptions>> = drainFieldOf(
  REPLACEMENT_DRAIN_DEFAULTS,
  "`true`: report until the last connection on the old one has ended.",
  "How the replacement reports what is still in use of the old one.",
);

function drainFieldOf(
  defaults: DrainOptions,
  aboutWait: string,
  about: string,
): z.ZodDefault<z.ZodType<DrainOptions>> {
  const schema = z.strictObject(
    {
      wait: flagField(aboutWait).default(defaults.wait),
      deadline_ms: wholeNumberField(
        0,
        DEADLINE_MS_MAX,
        "How long to wait; without it, to the end.",
      ).exactOptional(),
      on_deadline: choiceField(
        ["close", "keep"],
        "What then happens to the connections that are left.",
      ).default(defaults.on_deadline),
      progress_ms: wholeNumberField(
        PROGRESS_MS_MIN,
        PROGRESS_MS_MAX,
        "The least time between two `PROCESSING` answers.",
      ).default(defaults.progress_ms),
    },
    mustBe("an object"),
  );
  return schema.meta({ description: about }).default(() => defaults) as unknown as z.ZodDefault<
    z.ZodType<DrainOptions>
  >;
}

/** Whether an object drains, in the orders that add and change it. */
export const drainingField: z.ZodType<true> = z.literal(true, mustBe("true")).meta({
  description: "It drains. It need not be sent: `DRAIN` sets it, and `UNDRAIN` takes it away.",
  takes: "true",
});

const WORKER_NUMBER_MAX = 65_535;

export const workerNumberField: z.ZodType<number> = wholeNumberField(
  0,
  WORKER_NUMBER_MAX,
  "The worker's number, as STATUS has it.",
);
