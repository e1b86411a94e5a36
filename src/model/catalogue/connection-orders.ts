/**
 * The catalogue's entries on clients' connections: who is there, and that they go.
 */
import { z } from "zod";
import { CLIENT_TAKES, parseClientAddress } from "../client-address.ts";
import { DEADLINE_MS_MAX } from "../limits.ts";
import type { OrderData } from "../orders.ts";
import type { CatalogueOf } from "./entry.ts";
import {
  addressField,
  choiceField,
  flagField,
  hostnameField,
  mustBe,
  objectIdField,
  textField,
  wholeNumberField,
} from "./fields.ts";
import { CONNECTION_PAGE } from "./page-fields.ts";

const client = textField(
  { takes: CLIENT_TAKES, about: "Those of this client: its IP, or IP and port." },
  parseClientAddress,
);
const host = hostnameField("Whose request in progress, or handshake, was for this host, as far as known.");

const filterFields = {
  listener: addressField("Those that came by this listener.").exactOptional(),
  cluster_id: objectIdField("Those whose request or tunnel this cluster serves.").exactOptional(),
  backend_id: objectIdField("Those that this backend of the cluster serves.").exactOptional(),
  client: client.exactOptional(),
  host: host.exactOptional(),
  protocol: choiceField(["http", "https"], "How the client speaks.").exactOptional(),
  state: choiceField(
    ["idle", "exchange", "tunnel"],
    "What goes on: nothing, a request, or a tunnel (WebSocket).",
  ).exactOptional(),
  older_than_ms: wholeNumberField(0, DEADLINE_MS_MAX, "Those that are at least so old.").exactOptional(),
};

const NEEDS_CLUSTER = { error: "backend_id needs the cluster_id", path: ["cluster_id"] };

function hasItsCluster(data: { cluster_id?: string; backend_id?: string }): boolean {
  return data.backend_id === undefined || data.cluster_id !== undefined;
}

const listSchema = z
  .strictObject({ ...filterFields, ...CONNECTION_PAGE }, mustBe("an object"))
  .refine(hasItsCluster, NEEDS_CLUSTER) as unknown as z.ZodType<OrderData["LIST_CONNECTIONS"]>;

const closeSchema = z
  .strictObject(
    {
      ...filterFields,
      reset: flagField("Cut them at once; without it, what is in progress ends first.").default(false),
    },
    mustBe("an object"),
  )
  .refine(hasItsCluster, NEEDS_CLUSTER)
  .refine((data) => Object.keys(data).length > 1, {
    error: "must say which connections: an order without any field but reset would close all",
  }) as unknown as z.ZodType<OrderData["CLOSE_CONNECTIONS"]>;

export const CONNECTION_ORDERS: CatalogueOf<"LIST_CONNECTIONS" | "CLOSE_CONNECTIONS"> = {
  LIST_CONNECTIONS: {
    summary: "Clients' connections that fit every field given, by worker.",
    changesState: false,
    right: "read",
    answeredBy: "workers",
    schema: listSchema,
    example: { cluster_id: "app", backend_id: "app-1", state: "tunnel" },
    exampleAnswer: {
      message: "1 connection",
      data: {
        items: [
          {
            worker: 0,
            connection: 17,
            state: "tunnel",
            protocol: "http",
            client: "192.0.2.7:51044",
            listener: "127.0.0.1:8080",
            cluster_id: "app",
            backend_id: "app-1",
            age_ms: 86_000,
          },
        ],
        next: null,
      },
    },
    errors: [],
  },
  CLOSE_CONNECTIONS: {
    summary:
      "End clients' connections that fit every field given: after the next response, tunnels at once, or all at once.",
    changesState: false,
    right: "write",
    answeredBy: "workers",
    schema: closeSchema,
    example: { client: "192.0.2.7", older_than_ms: 60_000 },
    exampleAnswer: {
      message: "3 connections closed, or asked to end",
      data: { closed: 3, workers: { "0": 1, "1": 2 } },
    },
    errors: [],
  },
};
