/**
 * The catalogue's entries on the whole configuration: what is asked of it, and how it is kept in files.
 */
import { z } from "zod";
import { fail, ok } from "../../base/result.ts";
import { FILE_PATH_CHARS_MAX } from "../limits.ts";
import { drainField } from "./shared-fields.ts";
import { atField } from "./history-orders.ts";
import type { CatalogueOf } from "./entry.ts";
import { addressField, flagField, methodField, mustBe, textField } from "./fields.ts";

const HASH_EXAMPLE = "5b1f0c7a9d3e42c8a6b0f1e2d3c4b5a6";
const TARGET_CHARS_MAX = 8_192;
const HOST_CHARS_MAX = 512;

const nothing = z.strictObject({}, mustBe("an object"));

const filePath = pathField("A file of the machine that the proxy runs on.");
const configurationPath = pathField("A file of that machine; without it, the one that `--config` named.");

const explainSchema = z.strictObject(
  {
    listener: addressField("The listener that the request would come to."),
    method: methodField("The request's method.").default("GET"),
    host: textField({ takes: "a host", about: "The request's host, with or without a port." }, (text) =>
      text.length <= HOST_CHARS_MAX && /^[\x21-\x7e]+$/.test(text)
        ? ok(text)
        : fail(`must be 1 to ${HOST_CHARS_MAX} visible ASCII characters`),
    ),
    path: textField({ takes: "a path", about: "The request's path, with or without a query." }, (text) =>
      text.length <= TARGET_CHARS_MAX && /^\/[\x21-\x7e]*$/.test(text)
        ? ok(text)
        : fail(`must begin with "/" and have at most ${TARGET_CHARS_MAX} visible ASCII characters`),
    ).default("/"),
    at: atField,
  },
  mustBe("an object"),
);

export const QUESTION_ORDERS: CatalogueOf<
  | "STATUS"
  | "EXPLAIN"
  | "DUMP_STATE"
  | "SAVE_STATE"
  | "LOAD_STATE"
  | "RELOAD_CONFIGURATION"
  | "IMPORT_STATE"
  | "QUERY_DRAINS"
> = {
  STATUS: {
    summary: "What runs: version, revision, the configuration's hash, and each worker.",
    changesState: false,
    right: "read",
    answeredBy: "main",
    schema: nothing,
    example: {},
    exampleAnswer: {
      message: "2 workers run",
      data: {
        version: "0.1.0",
        pid: 4100,
        uptime_ms: 86_400_000,
        revision: 7,
        hash: HASH_EXAMPLE,
        workers: [
          {
            worker: 0,
            pid: 4101,
            state: "running",
            revision: 7,
            hash: HASH_EXAMPLE,
            connections: 12,
            io: "uring",
            tls_handles: {
              contexts: 1,
              certificates: 40,
              ticket_keys: 1,
              machines: 12,
              sessions: 0,
              bios: 0,
            },
          },
          {
            worker: 1,
            pid: 4102,
            state: "running",
            revision: 7,
            hash: HASH_EXAMPLE,
            connections: 9,
            io: "uring",
            tls_handles: {
              contexts: 1,
              certificates: 31,
              ticket_keys: 1,
              machines: 9,
              sessions: 1,
              bios: 2,
            },
          },
        ],
      },
    },
    errors: [],
  },
  EXPLAIN: {
    summary:
      "Where a request would go: the rule, those that nearly matched, the cluster, its backends, the certificate.",
    changesState: false,
    right: "read",
    answeredBy: "workers",
    schema: explainSchema,
    example: { listener: "127.0.0.1:8080", method: "GET", host: "example.com", path: "/cart" },
    exampleAnswer: {
      message: "example.com prefix / goes to cluster app",
      data: {
        frontend: {
          listener: "127.0.0.1:8080",
          hostname: "example.com",
          path: { prefix: "/" },
          cluster_id: "app",
          tags: {},
        },
        because: "the longest prefix that takes it goes first",
        tried: [
          { hostname: "example.com", outcome: "chosen" },
          { hostname: "*.com", outcome: "no frontend has this hostname" },
          { hostname: "*", outcome: "not asked any more" },
        ],
        nearly: [
          {
            frontend: {
              listener: "127.0.0.1:8080",
              hostname: "example.com",
              path: { exact: "/cart" },
              method: "POST",
              cluster_id: "shop",
              tags: {},
            },
            reason: "it takes the method POST, not GET",
            failed: "method",
          },
        ],
        cluster: {
          cluster_id: "app",
          load_balancing: "round_robin",
          sticky_session: false,
          https_redirect: false,
        },
        certificate: null,
        backends: [
          {
            backend_id: "app-1",
            address: "127.0.0.1:9001",
            state: "up",
            connections: 3,
            idle: 5,
            weight: 100,
            backup: false,
            eligible: true,
            workers: { "0": "up", "1": "up" },
          },
        ],
      },
    },
    errors: ["UNKNOWN_LISTENER", "WORKER_FAILED", "REVISION_GONE", "HISTORY_DAMAGED"],
  },
  DUMP_STATE: {
    summary: "The orders that make this configuration from nothing.",
    changesState: false,
    right: "read",
    answeredBy: "main",
    schema: z.strictObject(
      {
        keys: flagField("With the private keys of certificates, without which nobody can add them.").default(
          false,
        ),
        at: atField,
      },
      mustBe("an object"),
    ),
    example: {},
    errors: ["REVISION_GONE", "HISTORY_DAMAGED"],
  },
  SAVE_STATE: {
    summary:
      "Write the configuration to a file for LOAD_STATE; an old file stays whole until the new one is.",
    changesState: false,
    right: "admin",
    answeredBy: "main",
    schema: z.strictObject({ path: filePath }, mustBe("an object")),
    example: { path: "/var/lib/kakehi/saved.state" },
    exampleAnswer: { message: "4 orders saved to /var/lib/kakehi/saved.state", data: { orders: 4 } },
    errors: ["STATE_FILE_UNWRITABLE"],
  },
  LOAD_STATE: {
    summary: "Make the configuration that of a file: only what differs is changed, all at one moment.",
    changesState: true,
    right: "admin",
    answeredBy: "workers",
    schema: z.strictObject({ path: filePath, drain: drainField }, mustBe("an object")),
    example: { path: "/var/lib/kakehi/saved.state" },
    exampleAnswer: {
      message: "2 objects added, 1 removed, 0 updated",
      data: { changed: true, added: 2, removed: 1, updated: 0, drained_ms: 12 },
    },
    errors: [
      "STATE_FILE_UNREADABLE",
      "STATE_FILE_INVALID",
      "STATE_FILE_NEWER",
      "INVALID_CERTIFICATE",
      "KEY_MISMATCH",
      "ADDRESS_IN_USE",
      "ADDRESS_REFUSED",
      "LIMIT_EXCEEDED",
    ],
  },
  RELOAD_CONFIGURATION: {
    summary:
      "Make the configuration that of a configuration file: only what differs is changed, all at one moment.",
    changesState: true,
    right: "admin",
    answeredBy: "workers",
    schema: z.strictObject(
      { path: configurationPath.exactOptional(), drain: drainField },
      mustBe("an object"),
    ),
    example: {},
    exampleAnswer: {
      message: "2 objects added, 1 removed, 0 updated; processes.workers takes a restart",
      data: {
        changed: true,
        added: 2,
        removed: 1,
        updated: 0,
        connections: 0,
        drained_ms: 12,
        needs_restart: ["processes.workers"],
      },
    },
    errors: [
      "CONFIGURATION_UNREADABLE",
      "CONFIGURATION_INVALID",
      "ADDRESS_IN_USE",
      "ADDRESS_REFUSED",
      "LIMIT_EXCEEDED",
    ],
  },
  IMPORT_STATE: {
    summary: "Add what a state file of Sōzu holds to the configuration: all of it, or nothing.",
    changesState: true,
    right: "admin",
    answeredBy: "workers",
    schema: z.strictObject(
      {
        path: filePath,
        partial: flagField("Take what has an equivalent, and list the records that have none.").default(
          false,
        ),
      },
      mustBe("an object"),
    ),
    example: { path: "/var/lib/sozu/state.json" },
    exampleAnswer: {
      message: "4 objects added, 0 removed, 0 updated, from 5 records",
      data: {
        changed: true,
        added: 4,
        removed: 0,
        updated: 0,
        records: 5,
        left_out: [],
        left_out_total: 0,
        unused_fields: ["answer_404"],
      },
    },
    errors: [
      "STATE_FILE_UNREADABLE",
      "STATE_FILE_INVALID",
      "NOT_SUPPORTED",
      "ADDRESS_IN_USE",
      "ADDRESS_REFUSED",
      "LIMIT_EXCEEDED",
    ],
  },
  QUERY_DRAINS: {
    summary: "What was removed and is still in use.",
    changesState: false,
    right: "read",
    answeredBy: "main",
    schema: nothing,
    example: {},
    exampleAnswer: {
      message: "1 drain goes on",
      data: {
        drains: [
          {
            order: "REMOVE_BACKEND",
            object: { kind: "backend", key: "app app-1" },
            connections: 3,
            workers: { "0": 1, "1": 2 },
            since_ms: 1_500,
            deadline_ms: null,
          },
        ],
      },
    },
    errors: [],
  },
};

function pathField(about: string): z.ZodType<string> {
  return textField({ takes: "a file's path", about }, (text) =>
    text.length > 0 && text.length <= FILE_PATH_CHARS_MAX && !text.includes("\0")
      ? ok(text)
      : fail(`must be a file's path of 1 to ${FILE_PATH_CHARS_MAX} characters`),
  );
}
