/**
 * The catalogue's entries on backends.
 */
import { z } from "zod";
import { BACKEND_DEFAULTS as DEFAULTS } from "../defaults.ts";
import { WEIGHT_MAX } from "../limits.ts";
import { OBJECT_PAGE } from "./page-fields.ts";
import { drainField, drainingField } from "./shared-fields.ts";
import type { CatalogueOf } from "./entry.ts";
import {
  addressField,
  cookieValueField,
  flagField,
  mustBe,
  objectIdField,
  wholeNumberField,
} from "./fields.ts";

const key = {
  cluster_id: objectIdField("The cluster that it belongs to."),
  backend_id: objectIdField("The backend's name, unique in its cluster."),
};
const address = addressField("Where it accepts.");
const weight = wholeNumberField(
  0,
  WEIGHT_MAX,
  "Its share of the requests, relative to the others'. At 0 it takes none while another can.",
);
const backup = flagField("Used only while no other backend of the cluster is available.");
const stickyId = cookieValueField(
  "What the cookie of its clients holds if the cluster's sessions are sticky. Without it, a value is made.",
);

/** What a backend has beside its key. */
export const BACKEND_FIELDS: {
  readonly address: z.ZodType<string>;
  readonly weight: z.ZodType<number>;
  readonly backup: z.ZodType<boolean>;
  readonly sticky_id: z.ZodType<string>;
} = { address, weight, backup, sticky_id: stickyId };

const addSchema = z.strictObject(
  {
    ...key,
    address,
    weight: weight.default(DEFAULTS.weight),
    backup: backup.default(DEFAULTS.backup),
    sticky_id: stickyId.exactOptional(),
    draining: drainingField.exactOptional(),
  },
  mustBe("an object"),
);

const updateSchema = z.strictObject(
  {
    ...key,
    address: address.exactOptional(),
    weight: weight.nullable().exactOptional(),
    backup: backup.nullable().exactOptional(),
    sticky_id: stickyId.nullable().exactOptional(),
    draining: drainingField.nullable().exactOptional(),
  },
  mustBe("an object"),
);

const listSchema = z.strictObject(
  { cluster_id: key.cluster_id.exactOptional(), backend_id: key.backend_id.exactOptional(), ...OBJECT_PAGE },
  mustBe("an object"),
);

export const BACKEND_ORDERS: CatalogueOf<
  "ADD_BACKEND" | "UPDATE_BACKEND" | "REMOVE_BACKEND" | "LIST_BACKENDS"
> = {
  ADD_BACKEND: {
    summary: "Add an address to a cluster; it takes requests from the answer on.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: addSchema,
    example: { cluster_id: "app", backend_id: "app-1", address: "127.0.0.1:9001" },
    errors: ["EXISTS", "UNKNOWN_CLUSTER", "LIMIT_EXCEEDED"],
  },
  UPDATE_BACKEND: {
    summary: "Change a backend's fields; what is left out stays, `null` gives the default.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: updateSchema,
    example: { cluster_id: "app", backend_id: "app-1", weight: 50 },
    errors: ["NOT_FOUND"],
  },
  REMOVE_BACKEND: {
    summary: "Choose a backend no more, and report until the last exchange with it has ended.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: z.strictObject({ ...key, drain: drainField }, mustBe("an object")),
    example: { cluster_id: "app", backend_id: "app-1", drain: { deadline_ms: 30_000, on_deadline: "close" } },
    errors: ["NOT_FOUND"],
  },
  LIST_BACKENDS: {
    summary: "The backends, sorted by `cluster_id` and `backend_id`.",
    changesState: false,
    right: "read",
    answeredBy: "main",
    schema: listSchema,
    example: { cluster_id: "app" },
    errors: [],
  },
};
