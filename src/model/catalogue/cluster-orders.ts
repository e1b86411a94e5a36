/**
 * The catalogue's entries on clusters.
 */
import { z } from "zod";
import { CLUSTER_DEFAULTS as DEFAULTS } from "../defaults.ts";
import { clusterTlsField } from "./cluster-tls-field.ts";
import { healthCheckField } from "./health-check-field.ts";
import { OBJECT_PAGE } from "./page-fields.ts";
import { drainField, drainingField } from "./shared-fields.ts";
import type { CatalogueOf } from "./entry.ts";
import { choiceField, flagField, mustBe, objectIdField } from "./fields.ts";

const clusterId = objectIdField("The cluster's name.");
const loadBalancing = choiceField(
  ["round_robin", "random", "least_loaded", "power_of_two", "hash"],
  "How a backend is chosen for each request.",
);
const stickySession = flagField(
  "Each client goes back to the backend that served it before, by the cookie `KAKEHI_STICKY`.",
);
const httpsRedirect = flagField(
  "A request that came without TLS is answered by a redirect to `https://` and the same host and target.",
);
const sendProxyProtocol = choiceField(
  ["v1", "v2"],
  "Begin each connection to a backend with a PROXY protocol header of its client.",
);

const addSchema = z.strictObject(
  {
    cluster_id: clusterId,
    load_balancing: loadBalancing.default(DEFAULTS.load_balancing),
    sticky_session: stickySession.default(DEFAULTS.sticky_session),
    https_redirect: httpsRedirect.default(DEFAULTS.https_redirect),
    send_proxy_protocol: sendProxyProtocol.exactOptional(),
    health_check: healthCheckField.exactOptional(),
    tls: clusterTlsField.exactOptional(),
    draining: drainingField.exactOptional(),
  },
  mustBe("an object"),
);

const updateSchema = z.strictObject(
  {
    cluster_id: clusterId,
    load_balancing: loadBalancing.nullable().exactOptional(),
    sticky_session: stickySession.nullable().exactOptional(),
    https_redirect: httpsRedirect.nullable().exactOptional(),
    send_proxy_protocol: sendProxyProtocol.nullable().exactOptional(),
    health_check: healthCheckField.nullable().exactOptional(),
    tls: clusterTlsField.nullable().exactOptional(),
    draining: drainingField.nullable().exactOptional(),
  },
  mustBe("an object"),
);

const removeSchema = z.strictObject(
  {
    cluster_id: clusterId,
    cascade: flagField("Remove the frontends that name it, too.").default(false),
    drain: drainField,
  },
  mustBe("an object"),
);

export const CLUSTER_ORDERS: CatalogueOf<
  "ADD_CLUSTER" | "UPDATE_CLUSTER" | "REMOVE_CLUSTER" | "LIST_CLUSTERS"
> = {
  ADD_CLUSTER: {
    summary: "Add an application, still without backends.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: addSchema,
    example: { cluster_id: "app" },
    errors: ["INVALID_CERTIFICATE", "KEY_MISMATCH", "EXISTS", "LIMIT_EXCEEDED"],
  },
  UPDATE_CLUSTER: {
    summary: "Change a cluster's fields; what is left out stays, `null` gives the default.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: updateSchema,
    example: { cluster_id: "app", load_balancing: "least_loaded" },
    errors: ["INVALID_CERTIFICATE", "KEY_MISMATCH", "NOT_FOUND"],
  },
  REMOVE_CLUSTER: {
    summary: "Remove a cluster with its backends, and report until the last exchange with them has ended.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: removeSchema,
    example: { cluster_id: "app", cascade: true },
    errors: ["NOT_FOUND", "IN_USE"],
  },
  LIST_CLUSTERS: {
    summary: "The clusters, sorted by `cluster_id`.",
    changesState: false,
    right: "read",
    answeredBy: "main",
    schema: z.strictObject({ cluster_id: clusterId.exactOptional(), ...OBJECT_PAGE }, mustBe("an object")),
    example: {},
    errors: [],
  },
};
