/**
 * The catalogue's entry on transactions. The schema sees that the orders are objects, and no more: each is
 * read by its own entry (`read-transaction.ts`).
 */
import { z } from "zod";
import { TRANSACTION_ORDERS_MAX } from "../limits.ts";
import type { ChangeOrder } from "../orders.ts";
import type { CatalogueOf } from "./entry.ts";
import { mustBe } from "./fields.ts";

const ORDERS_TAKE = "a list of orders, each with `type` and `data`";

const orders = z.array(z.custom<ChangeOrder>(isObject, mustBe("an order")), mustBe(ORDERS_TAKE)).meta({
  description: `The orders, at most ${TRANSACTION_ORDERS_MAX}: those that add, update, replace, remove, drain or undrain. Each removal has its own \`drain\`.`,
  takes: ORDERS_TAKE,
});

export const TRANSACTION_ORDERS: CatalogueOf<"TRANSACTION"> = {
  TRANSACTION: {
    summary: "Do several orders as one: all of them or none, in one revision, visible at one moment.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: z.strictObject({ orders }, mustBe("an object")),
    example: {
      orders: [
        {
          type: "ADD_BACKEND",
          data: { cluster_id: "app", backend_id: "app-2", address: "127.0.0.1:9002" },
        },
        { type: "REMOVE_BACKEND", data: { cluster_id: "app", backend_id: "app-1" } },
      ],
    },
    exampleAnswer: {
      message: "1 object added, 1 removed, 0 updated",
      data: { changed: true, added: 1, removed: 1, updated: 0, connections: 0, drained_ms: 12 },
    },
    errors: [
      "EXISTS",
      "NOT_FOUND",
      "UNKNOWN_LISTENER",
      "UNKNOWN_CLUSTER",
      "IN_USE",
      "LIMIT_EXCEEDED",
      "ADDRESS_IN_USE",
      "ADDRESS_REFUSED",
      "INVALID_CERTIFICATE",
      "KEY_MISMATCH",
    ],
  },
};

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
