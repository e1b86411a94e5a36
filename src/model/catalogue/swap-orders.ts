/**
 * The catalogue's entry on swapping backends: a deployment in one order.
 */
import { z } from "zod";
import { BACKEND_DEFAULTS as DEFAULTS } from "../defaults.ts";
import { DEADLINE_MS_MAX, SWAP_BACKENDS_MAX, SWAP_TIMEOUT_MS } from "../limits.ts";
import type { OrderData } from "../orders.ts";
import { BACKEND_FIELDS } from "./backend-orders.ts";
import type { CatalogueOf } from "./entry.ts";
import { mustBe, objectIdField, wholeNumberField } from "./fields.ts";
import { drainField } from "./shared-fields.ts";

type Swap = OrderData["SWAP_BACKENDS"];

const ADD_TAKES = `a list of 1 to ${SWAP_BACKENDS_MAX} backends, each with backend_id and address`;
const REMOVE_TAKES = `a list of at most ${SWAP_BACKENDS_MAX} backends' ids`;

const { address, weight, backup, sticky_id } = BACKEND_FIELDS;

const newBackend = z.strictObject(
  {
    backend_id: objectIdField("The backend's name, unique in its cluster."),
    address,
    weight: weight.default(DEFAULTS.weight),
    backup: backup.default(DEFAULTS.backup),
    sticky_id: sticky_id.exactOptional(),
  },
  mustBe("a backend"),
);

const when = z
  .strictObject(
    {
      healthy: wholeNumberField(
        1,
        SWAP_BACKENDS_MAX,
        "So many of the new ones must answer; without it, all.",
      ).exactOptional(),
      timeout_ms: wholeNumberField(1, DEADLINE_MS_MAX, "How long to wait for that.").default(SWAP_TIMEOUT_MS),
    },
    mustBe("an object"),
  )
  .meta({ description: "When traffic moves." })
  .default(() => ({ timeout_ms: SWAP_TIMEOUT_MS }));

const schema = z
  .strictObject(
    {
      cluster_id: objectIdField("The cluster whose backends are swapped."),
      add: z
        .array(newBackend, mustBe(ADD_TAKES))
        .min(1, mustBe(ADD_TAKES))
        .max(SWAP_BACKENDS_MAX, mustBe(ADD_TAKES))
        .meta({ description: "The new backends, each as `ADD_BACKEND` has it.", takes: ADD_TAKES }),
      remove: z
        .array(objectIdField("A backend's name."), mustBe(REMOVE_TAKES))
        .max(SWAP_BACKENDS_MAX, mustBe(REMOVE_TAKES))
        .meta({ description: "The old ones, by `backend_id`.", takes: REMOVE_TAKES })
        .default(() => []),
      when,
      drain: drainField,
    },
    mustBe("an object"),
  )
  .superRefine(({ add, remove, when: { healthy = 1 } }, context) => {
    const twice = findRepeated(remove);
    if (twice !== undefined) {
      context.addIssue({ code: "custom", path: ["remove"], message: `names "${twice}" twice` });
    }
    const taken = findRepeated([...new Set(remove), ...add.map(({ backend_id }) => backend_id)]);
    if (taken !== undefined) {
      const message = `names "${taken}", which is taken; a new backend needs an id of its own`;
      context.addIssue({ code: "custom", path: ["add"], message });
    }
    if (healthy > add.length) {
      const message = `must be at most ${add.length}: so many are added`;
      context.addIssue({ code: "custom", path: ["when", "healthy"], message });
    }
  }) as unknown as z.ZodType<Swap>;

export const SWAP_ORDERS: CatalogueOf<"SWAP_BACKENDS"> = {
  SWAP_BACKENDS: {
    summary:
      "Add backends and remove others in one moment, once the new ones answer; then report until the old ones are unused.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema,
    example: {
      cluster_id: "app",
      add: [{ backend_id: "app-2", address: "127.0.0.1:9002" }],
      remove: ["app-1"],
      when: { timeout_ms: 60_000 },
    },
    exampleAnswer: {
      message: "1 backend added to cluster app, 1 removed",
      data: { changed: true, added: 1, removed: 1, updated: 0, connections: 0, drained_ms: 12 },
    },
    errors: ["UNKNOWN_CLUSTER", "EXISTS", "NOT_FOUND", "BACKEND_UNHEALTHY", "CONFLICT", "LIMIT_EXCEEDED"],
  },
};

function findRepeated(ids: readonly string[]): string | undefined {
  return ids.find((id, index) => ids.indexOf(id) !== index);
}
