/**
 * `kakehi listener`: where the proxy accepts connections.
 */
import type { Command } from "commander";
import { showExample } from "./help.ts";
import type { Listener } from "../model/objects.ts";
import { formatDuration } from "./duration.ts";
import { declareList } from "./list-command.ts";
import { parseDurationMs, parseEach } from "./option-values.ts";
import { type FieldOption, declareChange, declareRemoval, declareUpdate } from "./order-command.ts";
import { FILE_HELP, readPemFile } from "./pem-file.ts";
import type { Column } from "./table.ts";

const REPEATED = "For https only. May be repeated.";
const KEY: FieldOption = { flags: "--address <ip:port>", field: "address" };
const PROTOCOL: FieldOption = { flags: "--protocol <protocol>", field: "protocol", preset: "http" };
const FIELDS: readonly FieldOption[] = [
  { flags: "--front-timeout <duration>", field: "front_timeout_ms", parse: parseDurationMs },
  { flags: "--back-timeout <duration>", field: "back_timeout_ms", parse: parseDurationMs },
  { flags: "--connect-timeout <duration>", field: "connect_timeout_ms", parse: parseDurationMs },
  { flags: "--request-timeout <duration>", field: "request_timeout_ms", parse: parseDurationMs },
  { flags: "--public-address <ip:port>", field: "public_address" },
  { flags: "--accept-proxy-protocol", field: "accept_proxy_protocol" },
  { flags: "--revision-header", field: "revision_header" },
];
/** Of https listeners. */
const TLS_FIELDS: readonly FieldOption[] = [
  {
    flags: "--tls-version <version>",
    field: "tls_versions",
    parse: parseEach,
    help: `A version. ${REPEATED}`,
  },
  { flags: "--cipher-list <ciphers>", field: "cipher_list" },
  { flags: "--alpn <protocol>", field: "alpn", parse: parseEach, help: `A protocol to offer. ${REPEATED}` },
  { flags: "--group <name>", field: "groups", parse: parseEach, help: `A group or curve. ${REPEATED}` },
  { flags: "--strict-sni", field: "strict_sni" },
  { flags: "--default-certificate <sha256>", field: "default_certificate" },
];
const CLIENT_AUTH: readonly FieldOption[] = [
  {
    flags: "--client-auth-ca <file>",
    field: "client_auth.ca",
    parse: (path: string, before: readonly string[] = []) => [...before, readPemFile(path)],
    help: `Ask clients for a certificate that one of these has signed: ${FILE_HELP.toLowerCase()} May be repeated.`,
  },
  { flags: "--client-auth-mode <mode>", field: "client_auth.mode", choices: ["request", "require"] },
];
const NO_STRICT_SNI: FieldOption = {
  flags: "--no-strict-sni",
  field: "strict_sni",
  help: "Serve unknown names with the default certificate.",
};
const NO_PROXY_HEADER: FieldOption = {
  flags: "--no-accept-proxy-protocol",
  field: "accept_proxy_protocol",
  help: "Take connections as they come.",
};

const COLUMNS: readonly Column<Listener>[] = [
  { title: "ADDRESS", cell: (listener) => listener.address },
  { title: "PROTOCOL", cell: (listener) => listener.protocol },
  { title: "PUBLIC ADDRESS", cell: (listener) => listener.public_address },
  { title: "CLIENT AUTH", cell: ({ client_auth: auth }) => auth?.mode },
  { title: "ACCEPTS PROXY", cell: (listener) => listener.accept_proxy_protocol },
  { title: "FRONT", align: "right", cell: (listener) => formatDuration(listener.front_timeout_ms) },
  { title: "BACK", align: "right", cell: (listener) => formatDuration(listener.back_timeout_ms) },
  { title: "CONNECT", align: "right", cell: (listener) => formatDuration(listener.connect_timeout_ms) },
  { title: "REQUEST", align: "right", cell: (listener) => formatDuration(listener.request_timeout_ms) },
];

export function declare(command: Command): void {
  showExample(command, "kakehi listener add 127.0.0.1:8081", "kakehi listener list");
  const common = { positional: ["address"], required: ["address"] };
  declareChange(command, {
    ...common,
    name: "add",
    orderType: "ADD_LISTENER",
    options: [KEY, PROTOCOL, ...FIELDS, ...TLS_FIELDS, ...CLIENT_AUTH],
    examples: [
      "kakehi listener add 127.0.0.1:8081",
      "kakehi listener add '[::1]:8081' --front-timeout 30s",
      "kakehi listener add 127.0.0.1:8443 --protocol https --strict-sni",
      "kakehi listener add 127.0.0.1:8443 --protocol https --client-auth-ca ca.pem",
    ],
  });
  declareUpdate(command, {
    ...common,
    name: "update",
    orderType: "UPDATE_LISTENER",
    options: [KEY, ...FIELDS, NO_PROXY_HEADER, ...TLS_FIELDS, NO_STRICT_SNI, ...CLIENT_AUTH],
    resettable: [...FIELDS.map(({ field }) => field), ...TLS_FIELDS.map(({ field }) => field), "client_auth"],
    examples: [
      "kakehi listener update 127.0.0.1:8081 --back-timeout 2m",
      "kakehi listener update 127.0.0.1:8443 --client-auth-ca old.pem --client-auth-ca new.pem",
      "kakehi listener update 127.0.0.1:8443 --reset client-auth",
    ],
  });
  declareRemoval(command, {
    ...common,
    name: "remove",
    orderType: "REMOVE_LISTENER",
    options: [KEY],
    examples: ["kakehi listener remove 127.0.0.1:8081"],
  });
  declareList(command, COLUMNS, {
    name: "list",
    orderType: "LIST_LISTENERS",
    options: [KEY],
    positional: ["address"],
    required: [],
    examples: ["kakehi listener list"],
  });
}
