/**
 * Sōzu's orders on applications (called clusters since 0.14) and their backends.
 */
import { z } from "zod";
import { fail, type Result } from "../../base/result.ts";
import { mustBe } from "../catalogue/fields.ts";
import type { OrderError } from "../errors.ts";
import { changeOf, type Translation, withoutEquivalent } from "./action.ts";
import {
  address,
  type DialectEntries,
  entryOf,
  fieldsOf,
  flag,
  given,
  maybe,
  text,
  wordOf,
} from "./entry.ts";

/** In the order of the numbers that stand for them since 0.14.3. */
const POLICIES = ["round_robin", "random", "least_loaded", "power_of_two"] as const;
const POLICIES_IN_CAPITALS = ["ROUND_ROBIN", "RANDOM", "LEAST_LOADED", "POWER_OF_TWO"] as const;
const PROXY_PROTOCOL = ["EXPECT_HEADER", "SEND_HEADER", "RELAY_HEADER"] as const;

const application = {
  sticky_session: maybe(flag),
  https_redirect: maybe(flag),
  proxy_protocol: maybe(wordOf(PROXY_PROTOCOL)),
  load_balancing: maybe(wordOf(POLICIES).or(wordOf(POLICIES_IN_CAPITALS))),
  answer_503: maybe(text),
  load_metric: maybe(wordOf(["connections", "requests", "connection_time"])),
};

const addApplication = fieldsOf({ app_id: text, ...application });
const addCluster = fieldsOf({ cluster_id: text, ...application });
type Application = Omit<z.infer<typeof addApplication>, "app_id">;

const backendKey = { app_id: maybe(text), cluster_id: maybe(text), backend_id: text, address };
const addBackend = fieldsOf({
  ...backendKey,
  sticky_id: maybe(text),
  load_balancing_parameters: maybe(fieldsOf({ weight: z.int(mustBe("a whole number")) })),
  backup: maybe(flag),
});
const removeBackend = fieldsOf(backendKey);

export const APPLICATION_ENTRIES: DialectEntries = {
  ADD_APPLICATION: entryOf(addApplication, ({ app_id, ...rest }) => addition(app_id, rest)),
  ADD_CLUSTER: entryOf(addCluster, ({ cluster_id, ...rest }) => addition(cluster_id, rest)),
  REMOVE_APPLICATION: entryOf(text, removal),
  REMOVE_CLUSTER: entryOf(
    text.or(fieldsOf({ cluster_id: text }).transform((data) => data.cluster_id)),
    removal,
  ),
  ADD_BACKEND: entryOf(addBackend, (data) => {
    const owner = ownerOf(data);
    if (!owner.ok) return owner;
    const { backend_id, sticky_id, load_balancing_parameters, backup } = data;
    const weight = load_balancing_parameters?.weight;
    const optional = given({ sticky_id, weight, backup });
    return changeOf([
      ["ADD_BACKEND", { cluster_id: owner.value, backend_id, address: data.address, ...optional }],
    ]);
  }),
  REMOVE_BACKEND: entryOf(removeBackend, (data) => {
    const owner = ownerOf(data);
    if (!owner.ok) return owner;
    const { backend_id: backendId } = data;
    return changeOf([["REMOVE_BACKEND", { cluster_id: owner.value, backend_id: backendId }]], {
      expects: [{ kind: "backend", clusterId: owner.value, backendId, address: data.address }],
    });
  }),
};

/** Whose it is: by the word of one era or the other. */
export function ownerOf(data: {
  readonly app_id?: string | null | undefined;
  readonly cluster_id?: string | null | undefined;
}): Result<string, OrderError> {
  const { app_id, cluster_id } = data;
  const owner = app_id ?? cluster_id;
  if (typeof app_id === "string" && typeof cluster_id === "string") {
    const message = "data has app_id and cluster_id, the words of two versions of Sōzu: send one of them";
    return fail({ code: "INVALID_FIELD", message, field: "data.cluster_id" });
  }
  if (typeof owner === "string") return { ok: true, value: owner };
  return fail({ code: "INVALID_FIELD", message: "data.app_id is missing", field: "data.app_id" });
}

function addition(cluster_id: string, data: Application): Translation {
  const { proxy_protocol, answer_503, load_metric, load_balancing, sticky_session, https_redirect } = data;
  if (proxy_protocol === "EXPECT_HEADER" || proxy_protocol === "RELAY_HEADER") {
    const instead = "a PROXY header is expected by a listener (expect_proxy) and sent by an application";
    return fail(withoutEquivalent(`proxy_protocol ${proxy_protocol} of an application`, instead));
  }
  const cluster = given({
    sticky_session,
    https_redirect,
    load_balancing: load_balancing?.toLowerCase(),
    send_proxy_protocol: proxy_protocol === "SEND_HEADER" ? "v2" : undefined,
  });
  const leftOut = [
    ...(answer_503 ? ["answer_503"] : []),
    ...(load_metric === "requests" || load_metric === "connection_time" ? ["load_metric"] : []),
  ];
  return changeOf([["ADD_CLUSTER", { cluster_id, ...cluster }]], { leftOut });
}

function removal(cluster_id: string): Translation {
  return changeOf([["REMOVE_CLUSTER", { cluster_id }]]);
}
