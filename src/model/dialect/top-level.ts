/**
 * Sōzu's orders to main and to the workers, and its questions.
 */
import { z } from "zod";
import { fail, ok } from "../../base/result.ts";
import { mustBe } from "../catalogue/fields.ts";
import { type DialectAction, orderOf, withoutEquivalent } from "./action.ts";
import {
  type DialectEntries,
  type DialectEntry,
  entryOf,
  fieldsOf,
  flag,
  maybe,
  refusedEntry,
  text,
} from "./entry.ts";

const path = fieldsOf({ path: text }).or(text.transform((given) => ({ path: given })));
/** Orders without data may have `null` or `{}`. */
const nothing = z.unknown().refine((data) => isNothing(data), { error: "must be left out: there is none" });

const query = z.discriminatedUnion("type", [
  fieldsOf({
    type: z.literal("APPLICATIONS"),
    data: z.discriminatedUnion("type", [
      fieldsOf({ type: z.literal("APP_ID"), data: text }),
      fieldsOf({ type: z.literal("DOMAIN"), data: fieldsOf({ hostname: text, path_begin: maybe(text) }) }),
    ]),
  }),
  fieldsOf({ type: z.literal("APPLICATIONS_HASHES") }),
  z.looseObject({ type: z.literal("CERTIFICATES") }),
]);

const frontendFilter = fieldsOf({
  http: maybe(flag),
  https: maybe(flag),
  tcp: maybe(flag),
  domain: maybe(text),
});

/** Those that stand in `type` itself. */
export const TOP_LEVEL_ENTRIES: DialectEntries = {
  SAVE_STATE: entryOf(path, (data) => ok({ kind: "save-state", path: data.path })),
  LOAD_STATE: entryOf(path, (data) => ok({ kind: "load-state", path: data.path })),
  DUMP_STATE: plain({ kind: "dump-state" }),
  LIST_WORKERS: plain({ kind: "workers", answer: "WORKERS" }),
  LAUNCH_WORKER: entryOf(text, () => ok({ kind: "launch-worker" })),
  UPGRADE_MAIN: refusedEntry("UPGRADE_MAIN", "version 1 has an order of this name"),
  UPGRADE_MASTER: refusedEntry("UPGRADE_MASTER", "version 1 has UPGRADE_MAIN"),
  UPGRADE_WORKER: entryOf(z.int(mustBe("a worker's number")), (worker) =>
    orderOf("UPGRADE_WORKER", { worker }),
  ),
  SUBSCRIBE_EVENTS: plain({ kind: "events" }),
  RELOAD_CONFIGURATION: refusedEntry("RELOAD_CONFIGURATION", "LOAD_STATE loads a file's difference"),
  LIST_FRONTENDS: entryOf(frontendFilter, ({ http, https, tcp, domain }) => {
    const all = !http && !https && !tcp;
    const filter = { http: all || http === true, https: all || https === true, domain: domain ?? undefined };
    return ok({ kind: "frontends", filter });
  }),
  CONFIGURE_METRICS: refusedEntry("CONFIGURE_METRICS", "metrics are always counted"),
};

/** Those that stand inside of `PROXY`. */
export const PROXY_ENTRIES: DialectEntries = {
  SOFT_STOP: () => orderOf("SOFT_STOP", {}),
  HARD_STOP: () => orderOf("HARD_STOP", {}),
  STATUS: plain({ kind: "alive" }),
  METRICS: plain({ kind: "metrics" }),
  LOGGING: entryOf(text, (filter) => orderOf("LOGGING", { filter })),
  RETURN_LISTEN_SOCKETS: refusedEntry("RETURN_LISTEN_SOCKETS", "listening sockets belong to main"),
  QUERY: entryOf(query, (data) => {
    switch (data.type) {
      case "APPLICATIONS": {
        const { type, data: asked } = data.data;
        const question =
          type === "APP_ID"
            ? ({ by: "id", clusterId: asked } as const)
            : ({ by: "domain", hostname: asked.hostname, pathBegin: asked.path_begin ?? undefined } as const);
        return ok({ kind: "applications", question });
      }
      case "APPLICATIONS_HASHES":
        return fail(
          withoutEquivalent("QUERY APPLICATIONS_HASHES", "STATUS of version 1 has each worker's hash"),
        );
      case "CERTIFICATES":
        return fail(withoutEquivalent("QUERY CERTIFICATES", "LIST_CERTIFICATES of version 1 lists them"));
    }
  }),
};

/** An order without data. */
function plain(action: DialectAction): DialectEntry {
  return entryOf(nothing, () => ok(action));
}

function isNothing(data: unknown): boolean {
  return data === undefined || data === null || (typeof data === "object" && Object.keys(data).length === 0);
}
