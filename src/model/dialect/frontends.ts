/**
 * Sōzu's orders on frontends: by host name and path prefix until 0.13, with rules and routes since 0.14.
 */
import { z } from "zod";
import { fail, ok, type Result } from "../../base/result.ts";
import { mustBe } from "../catalogue/fields.ts";
import type { OrderError } from "../errors.ts";
import type { PathRule, Protocol } from "../objects.ts";
import type { FrontendKey } from "../orders.ts";
import { changeOf, type Translation, withoutEquivalent } from "./action.ts";
import { ownerOf } from "./applications.ts";
import {
  address,
  anything,
  type DialectEntries,
  entryOf,
  fieldsOf,
  given,
  maybe,
  text,
  wordOf,
} from "./entry.ts";

const PATH_KINDS = ["PREFIX", "REGEX", "EQUALS"] as const;
/** By the numbers that stand for them since 0.14.3. */
const POSITIONS = ["PRE", "POST", "TREE"] as const;

const front = fieldsOf({ app_id: text, address, hostname: text, path_begin: maybe(text) });

const numberedPath = fieldsOf({ kind: wordOf(PATH_KINDS), value: text });
const namedPath = z
  .record(z.enum(PATH_KINDS), text)
  .or(z.partialRecord(z.enum(PATH_KINDS), text))
  .refine((rule) => Object.keys(rule).length === 1);
const frontend = fieldsOf({
  cluster_id: maybe(text),
  route: maybe(z.literal("DENY").or(fieldsOf({ CLUSTER_ID: text }))),
  address,
  hostname: text,
  path: maybe(z.union([numberedPath, namedPath], mustBe('an object such as {"PREFIX": "/"}'))),
  method: maybe(text),
  position: maybe(wordOf(POSITIONS)),
  tags: maybe(anything),
});

const tcpFront = fieldsOf({ app_id: maybe(text), cluster_id: maybe(text), address, tags: maybe(anything) });

type Verb = "ADD" | "REMOVE";
type Frontend = z.infer<typeof frontend>;
type TcpFront = z.infer<typeof tcpFront>;

export const FRONTEND_ENTRIES: DialectEntries = {
  ADD_HTTP_FRONT: entryOf(front, (data) => frontChange("ADD", "http", data)),
  REMOVE_HTTP_FRONT: entryOf(front, (data) => frontChange("REMOVE", "http", data)),
  ADD_HTTPS_FRONT: entryOf(front, (data) => frontChange("ADD", "https", data)),
  REMOVE_HTTPS_FRONT: entryOf(front, (data) => frontChange("REMOVE", "https", data)),
  ADD_HTTP_FRONTEND: entryOf(frontend, (data) => frontendChange("ADD", "http", data)),
  REMOVE_HTTP_FRONTEND: entryOf(frontend, (data) => frontendChange("REMOVE", "http", data)),
  ADD_HTTPS_FRONTEND: entryOf(frontend, (data) => frontendChange("ADD", "https", data)),
  REMOVE_HTTPS_FRONTEND: entryOf(frontend, (data) => frontendChange("REMOVE", "https", data)),
  ADD_TCP_FRONT: entryOf(tcpFront, tcpAddition),
  ADD_TCP_FRONTEND: entryOf(tcpFront, tcpAddition),
  REMOVE_TCP_FRONT: entryOf(tcpFront, tcpRemoval),
  REMOVE_TCP_FRONTEND: entryOf(tcpFront, tcpRemoval),
};

function frontChange(verb: Verb, protocol: Protocol, data: z.infer<typeof front>): Translation {
  const path = { prefix: withSlash(data.path_begin ?? "") };
  const key = { listener: data.address, hostname: data.hostname, path };
  return change(verb, protocol, key, { cluster_id: data.app_id });
}

function frontendChange(verb: Verb, protocol: Protocol, data: Frontend): Translation {
  const { position, method, tags } = data;
  if (position === "PRE" || position === "POST") {
    return fail(withoutEquivalent(`position ${position}`, "the more exact host name and path come first"));
  }
  const target = targetOf(data);
  if (!target.ok) return target;
  const path = pathOf(data.path ?? { PREFIX: "" });
  if (!path.ok) return path;
  const key = { listener: data.address, hostname: data.hostname, path: path.value, ...given({ method }) };
  return change(verb, protocol, key as FrontendKey, { ...target.value, ...given({ tags }) });
}

/** A frontend and where it leads. */
function change(
  verb: Verb,
  protocol: Protocol,
  key: FrontendKey,
  rest: { readonly cluster_id?: string; readonly deny?: true; readonly tags?: unknown },
): Translation {
  if (verb === "ADD") {
    const expects = [{ kind: "listener", address: key.listener, protocol }] as const;
    return changeOf([["ADD_FRONTEND", { ...key, ...rest }]], { expects });
  }
  const translated = changeOf([["REMOVE_FRONTEND", key]]);
  if (!translated.ok || translated.value.kind !== "change") return translated;
  const [removal] = translated.value.orders;
  if (removal?.type !== "REMOVE_FRONTEND") return translated;
  const expects = [{ kind: "frontend", protocol, key: removal.data, clusterId: rest.cluster_id }] as const;
  return ok({ ...translated.value, expects });
}

function targetOf({
  route,
  cluster_id,
}: Frontend): Result<{ readonly cluster_id?: string; readonly deny?: true }, OrderError> {
  if (typeof cluster_id === "string" && route !== undefined && route !== null) {
    const message = "data has route and cluster_id, the words of two versions of Sōzu: send one of them";
    return fail({ code: "INVALID_FIELD", message, field: "data.cluster_id" });
  }
  if (route === "DENY") return ok({ deny: true });
  const owner = route?.CLUSTER_ID ?? cluster_id;
  if (typeof owner === "string") return ok({ cluster_id: owner });
  return fail({ code: "INVALID_FIELD", message: "data.route is missing", field: "data.route" });
}

function pathOf(given: NonNullable<Frontend["path"]>): Result<PathRule, OrderError> {
  const [kind, value] =
    "kind" in given ? [given.kind, given.value] : (Object.entries(given)[0] as [string, string]);
  if (kind === "EQUALS") return ok({ exact: value });
  if (kind === "PREFIX") return ok({ prefix: withSlash(value) });
  if (isWhole(value)) return ok({ regex: value });
  const instead = "write it so that it says the whole path, as in ^/a/.*$";
  return fail(withoutEquivalent("a regular expression for a part of a path", instead));
}

/** A path begins with a slash; who leaves it out means it. */
function withSlash(prefix: string): string {
  return prefix.startsWith("/") ? prefix : `/${prefix}`;
}

/**
 * Whether an expression says itself that it is for the whole path: one that does not would mean something
 * else here, where all are. A choice outside of a group begins or ends anew.
 */
function isWhole(source: string): boolean {
  if (!source.startsWith("^") || !source.endsWith("$") || source.endsWith("\\$")) return false;
  let depth = 0;
  for (const [part] of source.matchAll(/\\.|\[(?:\\.|[^\]\\])*\]|[^]/g)) {
    if (part === "(") depth++;
    if (part === ")") depth--;
    if (part === "|" && depth === 0) return false;
  }
  return true;
}

function tcpAddition(data: TcpFront): Translation {
  const owner = ownerOf(data);
  if (!owner.ok) return owner;
  return changeOf([["ADD_TCP_FRONTEND", { listener: data.address, cluster_id: owner.value }]]);
}

function tcpRemoval(data: TcpFront): Translation {
  const owner = ownerOf(data);
  if (!owner.ok) return owner;
  const expects = [{ kind: "tcp-frontend", clusterId: owner.value, address: data.address }] as const;
  return changeOf([], { expects });
}
