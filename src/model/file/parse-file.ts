/**
 * A configuration file's text as what it says: the settings of the program, who may do what, and the objects,
 * each still as its table. PEM files that it names are not read here.
 *
 * Rules of this file:
 *  1. What is not known is an error, never ignored. All that is wrong is told at once, each with its place.
 *  2. No text of another file, and so no key, can be in a complaint: none is here.
 */
import { parse, TomlError } from "smol-toml";
import { fail, ok, type Result } from "../../base/result.ts";
import { describeTable } from "../catalogue/describe.ts";
import { pathText } from "../field-path.ts";
import { RIGHTS_MAX } from "../limits.ts";
import type { ObjectKind } from "../objects.ts";
import type { Right } from "../rights.ts";
import { type FileEntry, isTable, type Table } from "./entry.ts";
import { type Complaint, COMPLAINTS_MAX, complaintsOf, type Fault, faultsOf, unknownKey } from "./fault.ts";
import type { ValuePath } from "./position.ts";
import { type FileSettings, OWNED_KINDS, ownsSchema, rightSchema, SETTING_SECTIONS } from "./settings.ts";

/** Tables and lists in each other: what the deepest object needs, and some. */
const DEPTH_MAX = 16;

export interface ConfigurationFile {
  readonly text: string;
  readonly settings: FileSettings;
  /** Absent: whoever can connect may do everything. */
  readonly rights?: readonly Right[];
  /** The kinds of objects that it decides alone. */
  readonly owns: ReadonlySet<ObjectKind>;
  /** In an order in which each finds what it names. */
  readonly entries: readonly FileEntry[];
}

/** The names that a file may have at its top, in the order of the documents. */
export const TOP_NAMES: readonly string[] = [
  "owns",
  ...Object.keys(SETTING_SECTIONS),
  "rights",
  "listeners",
  "clusters",
  "frontends",
];

/** Reads a file's text. `faultsIn` says what is wrong in an entry: of a file that is wrong elsewhere, too. */
export function parseConfigurationFile(
  text: string,
  faultsIn: (entry: FileEntry) => readonly Fault[] = () => [],
): Result<ConfigurationFile, readonly Complaint[]> {
  const document = parseDocument(text);
  if (!document.ok) return fail([document.error]);
  const faults: Fault[] = [];
  const table = document.value;
  for (const name in table) if (!TOP_NAMES.includes(name)) faults.push(unknownKey([], name, TOP_NAMES));
  const settings = readSettings(table, faults);
  const rights = readRights(table, faults);
  const owned = ownsSchema.safeParse(table["owns"] ?? Object.keys(OWNED_KINDS));
  if (!owned.success)
    faults.push(...faultsOf(owned.error.issues, { path: ["owns"], table: table["owns"], knownAt: () => [] }));
  const owns = new Set<ObjectKind>((owned.data ?? []).map((name) => OWNED_KINDS[name]));
  const entries = readEntries(table, faults);
  if (owned.success) faults.push(...entries.flatMap((entry) => unownedFault(entry, owns)));
  if (faults.length > 0) {
    for (const entry of entries) if (faults.length < COMPLAINTS_MAX) faults.push(...faultsIn(entry));
    return fail(complaintsOf(text, faults));
  }
  return ok({ text, settings, ...(rights !== undefined && { rights }), owns, entries });
}

function parseDocument(text: string): Result<Table, Complaint> {
  try {
    return ok(parse(text, { maxDepth: DEPTH_MAX, unsafeKeyBehaviour: "throw" }));
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // Behind its first line it shows the text, which may be another file by mistake: a key.
    const [first = ""] = error.message.split("\n");
    const message = `not TOML: ${first.replace(/^Invalid TOML document: /, "")}`;
    return fail({ line: error.line, column: error.column, message });
  }
}

function readSettings(table: Table, faults: Fault[]): FileSettings {
  const read = Object.entries(SETTING_SECTIONS).map(([name, schema]) => {
    const given = table[name] ?? {};
    const parsed = schema.safeParse(given);
    if (parsed.success) return [name, parsed.data];
    const knownAt = (): readonly string[] => describeTable(schema).map((field) => field.name);
    faults.push(...faultsOf(parsed.error.issues, { path: [name], table: given, knownAt }));
    return [name, {}];
  });
  return Object.fromEntries(read) as FileSettings;
}

function readRights(table: Table, faults: Fault[]): readonly Right[] | undefined {
  if (table["rights"] === undefined) return undefined;
  const rights: Right[] = [];
  const entries = listAt(table, ["rights"], faults);
  if (entries.length > RIGHTS_MAX)
    faults.push({
      path: ["rights"],
      message: `rights has ${entries.length} entries, of at most ${RIGHTS_MAX}`,
    });
  for (const [index, entry] of entries.slice(0, RIGHTS_MAX).entries()) {
    const path = ["rights", index];
    const parsed = rightSchema.safeParse(entry);
    if (!parsed.success) {
      const knownAt = (): readonly string[] => describeTable(rightSchema).map((field) => field.name);
      faults.push(...faultsOf(parsed.error.issues, { path, table: entry, knownAt }));
    } else if (rights.some(({ uid }) => uid === parsed.data.uid)) {
      const message = `rights[${index}].uid ${parsed.data.uid} has an entry already: one user has one`;
      faults.push({ path: [...path, "uid"], message });
    } else rights.push(parsed.data);
  }
  return rights;
}

function readEntries(table: Table, faults: Fault[]): readonly FileEntry[] {
  const listeners = listAt(table, ["listeners"], faults);
  const clusters = listAt(table, ["clusters"], faults);
  const inner = (
    tables: readonly Table[],
    [around, name]: readonly [string, string],
    key: string,
    to: string,
  ) =>
    tables.flatMap((outer, at) =>
      listAt(outer, [around, at, name], faults).map((each, index) => ({
        table: each,
        path: [around, at, name, index] as const,
        implied: { [to]: outer[key] },
      })),
    );
  const backends = inner(clusters, ["clusters", "backends"], "cluster_id", "cluster_id");
  const certificates = inner(listeners, ["listeners", "certificates"], "address", "listener");
  const top = (tables: readonly Table[], name: string) =>
    tables.map((each, index) => ({ table: each, path: [name, index] as const, implied: {} }));
  return [
    ...top(listeners, "listeners").map((entry) => ({ type: "ADD_LISTENER" as const, ...entry })),
    ...top(clusters, "clusters").map((entry) => ({ type: "ADD_CLUSTER" as const, ...entry })),
    ...backends.map((entry) => ({ type: "ADD_BACKEND" as const, ...entry })),
    ...top(listAt(table, ["frontends"], faults), "frontends").map((entry) => ({
      type: "ADD_FRONTEND" as const,
      ...entry,
    })),
    ...certificates.map((entry) => ({ type: "ADD_CERTIFICATE" as const, ...entry })),
  ];
}

/** The tables of a list; none where it is not there, or is something else. */
function listAt(table: Table, path: ValuePath, faults: Fault[]): readonly Table[] {
  const value = table[String(path.at(-1))];
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every(isTable)) return value;
  faults.push({ path, message: `${pathText(path)} must be a list of tables, each begun by [[…]]` });
  return [];
}

const KIND_OF = {
  ADD_LISTENER: "listeners",
  ADD_CLUSTER: "clusters",
  ADD_BACKEND: "backends",
  ADD_FRONTEND: "frontends",
  ADD_CERTIFICATE: "certificates",
} as const;

/** An object of a kind that is left to orders: the file would add it once, and never again. */
function unownedFault({ type, path }: FileEntry, owns: ReadonlySet<ObjectKind>): readonly Fault[] {
  const name = KIND_OF[type];
  if (owns.has(OWNED_KINDS[name])) return [];
  return [{ path, message: `${pathText(path)} is one of the ${name}, which \`owns\` leaves to orders` }];
}
