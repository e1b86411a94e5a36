/**
 * The catalogue's entries on draining without removing.
 */
import { z } from "zod";
import type { DrainSubject, OrderData } from "../orders.ts";
import type { CatalogueOf } from "./entry.ts";
import { addressField, mustBe, objectIdField } from "./fields.ts";
import { drainField } from "./shared-fields.ts";

const subjectFields = {
  cluster_id: objectIdField("The cluster, or the backend's cluster.").exactOptional(),
  backend_id: objectIdField("The backend; without it, the whole cluster.").exactOptional(),
  address: addressField("The listener.").exactOptional(),
};

const ONE_SUBJECT = {
  error: "must name one thing: cluster_id, cluster_id with backend_id, or address",
};

function namesOne(data: { cluster_id?: string; backend_id?: string; address?: string }): boolean {
  const isOfCluster = data.cluster_id !== undefined;
  return isOfCluster !== (data.address !== undefined) && (isOfCluster || data.backend_id === undefined);
}

const drainSchema = z
  .strictObject({ ...subjectFields, drain: drainField }, mustBe("an object"))
  .refine(namesOne, ONE_SUBJECT) as unknown as z.ZodType<OrderData["DRAIN"]>;

const undrainSchema = z
  .strictObject(subjectFields, mustBe("an object"))
  .refine(namesOne, ONE_SUBJECT) as unknown as z.ZodType<DrainSubject>;

export const DRAIN_ORDERS: CatalogueOf<"DRAIN" | "UNDRAIN"> = {
  DRAIN: {
    summary:
      "Give a backend, a cluster or a listener no new use, and report until nothing uses it; it stays.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: drainSchema,
    example: { cluster_id: "app", backend_id: "app-1" },
    errors: ["NOT_FOUND", "UNDRAINED"],
  },
  UNDRAIN: {
    summary: "Take back a DRAIN: it is used again, and its drain ends.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: undrainSchema,
    example: { cluster_id: "app", backend_id: "app-1" },
    errors: ["NOT_FOUND", "ADDRESS_IN_USE", "ADDRESS_REFUSED"],
  },
};
