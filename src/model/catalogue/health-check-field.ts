/**
 * The field `health_check` of a cluster: how each of its backends is asked whether it can take requests.
 */
import { z } from "zod";
import { fail, ok, type Result } from "../../base/result.ts";
import { HEALTH_CHECK_DEFAULTS as DEFAULTS } from "../defaults.ts";
import {
  HEALTH_COUNT_MAX,
  HEALTH_INTERVAL_MS_MIN,
  HEALTH_STATUSES_MAX,
  PATH_CHARS_MAX,
  TIMEOUT_MS_MAX,
} from "../limits.ts";
import type { HealthCheck } from "../objects.ts";
import { mustBe, textField, wholeNumberField } from "./fields.ts";

/** A final status; an interim one (1xx) ends no response. */
const STATUS_MIN = 200;
const STATUS_MAX = 599;
const STATUS_TAKES = `a status from ${STATUS_MIN} to ${STATUS_MAX}, or a list of 1 to ${HEALTH_STATUSES_MAX}`;

const status: z.ZodType<readonly number[]> = z
  .custom<number | readonly number[]>(isStatusOrList, mustBe(STATUS_TAKES))
  .transform((given) => [...new Set([given].flat())].sort((one, other) => one - other))
  .meta({ description: "The statuses that pass; without it, any from 200 to 299.", takes: STATUS_TAKES });

const schema = z.strictObject(
  {
    path: textField(
      { takes: 'a path, with its query if there is one, such as "/health"', about: "What is asked for." },
      parseTarget,
    ),
    interval_ms: wholeNumberField(
      HEALTH_INTERVAL_MS_MIN,
      TIMEOUT_MS_MAX,
      "How often each worker asks each backend.",
    ).default(DEFAULTS.interval_ms),
    timeout_ms: wholeNumberField(
      1,
      TIMEOUT_MS_MAX,
      "How long one check may take, from connecting to the response's head.",
    ).default(DEFAULTS.timeout_ms),
    healthy: wholeNumberField(
      1,
      HEALTH_COUNT_MAX,
      "So many checks in a row must pass before what is down takes requests again.",
    ).default(DEFAULTS.healthy),
    unhealthy: wholeNumberField(
      1,
      HEALTH_COUNT_MAX,
      "So many checks in a row must fail before a backend takes no requests.",
    ).default(DEFAULTS.unhealthy),
    status: status.exactOptional(),
  },
  mustBe('an object such as {"path": "/health"}'),
);

/** With its defaults filled in. Replaced as a whole by an update. */
export const healthCheckField: z.ZodType<HealthCheck> = schema.meta({
  description:
    "Ask every backend now and then whether it can take requests; without it, nobody is asked. Changed as a whole.",
}) as z.ZodType<HealthCheck>;

/** Visible ASCII but `#`, which is no part of a request target (RFC 9112 section 3.2). */
const TARGET = /^\/[\x21\x22\x24-\x7e]*$/;

/** A request target in origin form (RFC 9112 section 3.2.1). */
function parseTarget(text: string): Result<string, string> {
  if (text.length > PATH_CHARS_MAX) return fail(`must have at most ${PATH_CHARS_MAX} characters`);
  if (!text.startsWith("/")) return fail('must begin with "/"');
  if (!TARGET.test(text)) return fail('must hold only visible ASCII characters, and no "#"');
  return ok(text);
}

function isStatusOrList(given: unknown): boolean {
  if (!Array.isArray(given)) return isStatus(given);
  return given.length > 0 && given.length <= HEALTH_STATUSES_MAX && given.every(isStatus);
}

function isStatus(given: unknown): boolean {
  return Number.isInteger(given) && Number(given) >= STATUS_MIN && Number(given) <= STATUS_MAX;
}
