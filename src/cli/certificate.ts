/**
 * `kakehi certificate`: what https listeners show their clients. PEM comes from files or from standard input;
 * what is in it is the proxy's to judge.
 */
import type { Command } from "commander";
import type { CertificateSummary } from "../model/answer-data.ts";
import { contextOf } from "./context.ts";
import { dayOf, describeExpiry } from "./expiry.ts";
import { UsageError } from "./exit-codes.ts";
import { showExample } from "./help.ts";
import { declareList, listAll } from "./list-command.ts";
import { suggestNames } from "./live-names.ts";
import { parseEach, parseTime } from "./option-values.ts";
import { declareChange, declareRemoval, declareReplacement, type FieldOption } from "./order-command.ts";
import { FILE_HELP, readPemFile } from "./pem-file.ts";
import { print, printJson } from "./output.ts";
import { withClient } from "./proxy.ts";
import { type Column, formatTable } from "./table.ts";

const LISTENER: FieldOption = { flags: "--listener <ip:port>", field: "listener" };
const FINGERPRINT: FieldOption = { flags: "--fingerprint <sha256>", field: "fingerprint" };
const SENT: readonly FieldOption[] = [
  LISTENER,
  { flags: "--certificate <file>", field: "certificate", parse: readPemFile, help: FILE_HELP },
  {
    flags: "--chain <file>",
    field: "chain",
    parse: (path: string, before: readonly string[] = []) => [...before, readPemFile(path)],
    help: `${FILE_HELP} May be repeated.`,
  },
  { flags: "--key <file>", field: "key", parse: readPemFile, help: FILE_HELP },
  {
    flags: "--name <hostname>",
    field: "names",
    parse: parseEach,
    help: "A host name that it serves; without it, those of the certificate. May be repeated.",
  },
  { flags: "--reject-expired", field: "reject_expired" },
];
const OLD: FieldOption = { flags: "--old-fingerprint <sha256>", field: "old_fingerprint" };
const FILTERS: readonly FieldOption[] = [
  LISTENER,
  FINGERPRINT,
  { flags: "--name <hostname>", field: "name" },
  {
    flags: "--expires-before <time>",
    field: "expires_before_ms",
    parse: parseTime,
    help: "Those that expire before a day such as 2027-01-31, or within a duration such as 720h.",
  },
];

const COLUMNS: readonly Column<CertificateSummary>[] = [
  { title: "LISTENER", cell: (certificate) => certificate.listener },
  { title: "NAMES", cell: ({ names }) => names.join(" ") },
  { title: "KEY", cell: (certificate) => certificate.key_type },
  { title: "EXPIRES", cell: (certificate) => describeExpiry(certificate.not_after_ms) },
  { title: "FINGERPRINT", cell: (certificate) => certificate.fingerprint },
];

export function declare(command: Command): void {
  const files = "--certificate fullchain.pem --key key.pem";
  showExample(
    command,
    `kakehi certificate add --listener 127.0.0.1:8443 ${files}`,
    "kakehi certificate list --expires-before 720h",
  );
  declareChange(command, {
    name: "add",
    orderType: "ADD_CERTIFICATE",
    options: SENT,
    required: ["listener", "certificate", "key"],
    examples: [`kakehi certificate add --listener 127.0.0.1:8443 ${files}`],
  });
  declareReplacement(command, {
    name: "replace",
    orderType: "REPLACE_CERTIFICATE",
    options: [...SENT, OLD],
    required: ["listener", "certificate", "key", "old_fingerprint"],
    examples: [`kakehi certificate replace --listener 127.0.0.1:8443 ${files} --old-fingerprint 5b1f…`],
  });
  declareRemoval(command, {
    name: "remove",
    orderType: "REMOVE_CERTIFICATE",
    options: [LISTENER, FINGERPRINT],
    positional: ["listener", "fingerprint"],
    required: ["listener", "fingerprint"],
    examples: ["kakehi certificate remove 127.0.0.1:8443 5b1f…"],
  });
  declareList(command, COLUMNS, {
    name: "list",
    orderType: "LIST_CERTIFICATES",
    options: FILTERS,
    required: [],
    examples: ["kakehi certificate list", "kakehi certificate list --name www.example.com"],
  });
  declareShow(command);
}

/** One certificate, wherever it serves, a field a line. */
function declareShow(parent: Command): void {
  const command = parent.command("show").argument("<fingerprint>", "The SHA-256 of its DER.");
  command.summary("One certificate, without its key.").description("One certificate, without its key.");
  showExample(command, "kakehi certificate show 5b1f…");
  command.action(async (fingerprint: string) => {
    const context = contextOf(command);
    const items = await withClient(context, async (client) => {
      const found = await listAll<CertificateSummary>(context, client, "LIST_CERTIFICATES", { fingerprint });
      if (found.length > 0) return found;
      const suggestion = await suggestNames(client, "certificate show", { fingerprint });
      throw new UsageError(`no certificate has this fingerprint${suggestion}`);
    });
    if (context.json) return printJson({ items });
    for (const item of items) print(formatTable(FIELD_COLUMNS, fieldsOf(item)));
  });
}

interface Field {
  readonly name: string;
  readonly value: string;
}

const FIELD_COLUMNS: readonly Column<Field>[] = [
  { title: "FIELD", cell: (field) => field.name },
  { title: "VALUE", cell: (field) => field.value },
];

function fieldsOf(certificate: CertificateSummary): readonly Field[] {
  return [
    { name: "fingerprint", value: certificate.fingerprint },
    { name: "listener", value: certificate.listener },
    ...certificate.names.map((name) => ({ name: "name", value: name })),
    { name: "key", value: certificate.key_type },
    { name: "valid from", value: dayOf(certificate.not_before_ms) },
    { name: "valid to", value: describeExpiry(certificate.not_after_ms) },
  ];
}
