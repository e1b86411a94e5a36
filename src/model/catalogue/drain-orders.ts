/**
 * The catalogue's entries on draining without removing.
 */
import { z } from "zod";
import type { OrderData } from "../orders.ts";
import type { CatalogueOf } from "./entry.ts";
import { addressField, mustBe, objectIdField } from "./fields.ts";
import { drainField, workerNumberField } from "./shared-fields.ts";

const subjectFields = {
  cluster_id: objectIdField("The cluster, or the backend's cluster.").exactOptional(),
  backend_id: objectIdField("The backend; without it, the whole cluster.").exactOptional(),
  address: addressField("The listener.").exactOptional(),
  worker: workerNumberField.exactOptional(),
};

interface SentSubject {
  readonly cluster_id?: string;
  readonly backend_id?: string;
  readonly address?: string;
  readonly worker?: number;
}

const ONE_SUBJECT = {
  error: "must name one thing: cluster_id, cluster_id with backend_id, address, or worker",
};

function namesOne({ cluster_id, backend_id, address, worker }: SentSubject): boolean {
  const named = [cluster_id, address, worker].filter((each) => each !== undefined);
  return named.length === 1 && (backend_id === undefined || cluster_id !== undefined);
}

const drainSchema = z
  .strictObject({ ...subjectFields, drain: drainField }, mustBe("an object"))
  .refine(namesOne, ONE_SUBJECT) as unknown as z.ZodType<OrderData["DRAIN"]>;

const undrainSchema = z
  .strictObject(subjectFields, mustBe("an object"))
  .refine(namesOne, ONE_SUBJECT) as unknown as z.ZodType<OrderData["UNDRAIN"]>;

export const DRAIN_ORDERS: CatalogueOf<"DRAIN" | "UNDRAIN"> = {
  DRAIN: {
    summary:
      "Give a backend, a cluster, a listener or a worker no new use, and report until nothing uses it; it stays.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: drainSchema,
    example: { cluster_id: "app", backend_id: "app-1" },
    errors: ["NOT_FOUND", "UNDRAINED", "UNKNOWN_WORKER", "LAST_WORKER", "WORKER_FAILED", "BUSY", "STOPPING"],
  },
  UNDRAIN: {
    summary: "Take back a DRAIN: it is used again, and its drain ends.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: undrainSchema,
    example: { cluster_id: "app", backend_id: "app-1" },
    errors: ["NOT_FOUND", "ADDRESS_IN_USE", "ADDRESS_REFUSED", "UNKNOWN_WORKER", "BUSY", "STOPPING"],
  },
};
