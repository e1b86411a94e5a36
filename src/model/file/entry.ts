/**
 * One object of a configuration file, and the order that adds it. A file says what an order says, with three
 * differences: backends stand in their cluster and certificates in their listener; PEM texts are named by
 * their files; and there is nothing that only the proxy can know.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import { CATALOGUE } from "../catalogue/catalogue.ts";
import { describeFields, type FieldDescription } from "../catalogue/describe.ts";
import { pathText } from "../field-path.ts";
import type { ChangeOrder } from "../orders.ts";
import { type Fault, faultsOf, unknownKey } from "./fault.ts";
import type { ValuePath } from "./position.ts";

export type EntryType = "ADD_LISTENER" | "ADD_CLUSTER" | "ADD_BACKEND" | "ADD_FRONTEND" | "ADD_CERTIFICATE";

export type Table = Readonly<Record<string, unknown>>;

/** A table of the file that stands for an object. */
export interface FileEntry {
  readonly type: EntryType;
  readonly table: Table;
  readonly path: ValuePath;
  /** What the table around it gives it. */
  readonly implied: Table;
}

/** Gives the text of a PEM file that a configuration file names, or a sentence's end that says why not. */
export type ReadPem = (file: string) => Result<string, string>;

/** What an order calls a PEM text, and what a file calls the file that holds it. */
const FILE_NAMES: Readonly<Record<string, string>> = {
  certificate: "certificate_file",
  key: "key_file",
  chain: "chain_files",
  ca: "ca_files",
};

/** The table inside an object that names PEM files, where it is not the object itself. */
const INNER_TABLES: Readonly<Partial<Record<EntryType, string>>> = {
  ADD_LISTENER: "client_auth",
  ADD_CLUSTER: "tls",
};

/** Of an order, but not of a file: what the proxy finds out itself, and what is of the moment. */
const NOT_OF_FILES: ReadonlySet<string> = new Set([
  "fingerprint",
  "key_type",
  "not_before_ms",
  "not_after_ms",
  "draining",
]);

/** Tables in an object's table that are objects of their own. */
const NESTED: Readonly<Partial<Record<EntryType, string>>> = {
  ADD_LISTENER: "certificates",
  ADD_CLUSTER: "backends",
};

/** What the table around gives, so that it cannot be given again. */
const IMPLIED: Readonly<Partial<Record<EntryType, string>>> = {
  ADD_BACKEND: "cluster_id",
  ADD_CERTIFICATE: "listener",
};

/**
 * The order that adds the object, complete but for what its certificates hold; or all that is wrong with it.
 */
export function readEntry(entry: FileEntry, readPem: ReadPem): Result<ChangeOrder, readonly Fault[]> {
  const { type, path, implied } = entry;
  const known = entryFields(type).map(({ name }) => name);
  const strange = Object.keys(entry.table).filter((name) => !known.includes(name));
  const faults: Fault[] = strange.map((name) => unknownKey(path, name, known));
  const { [NESTED[type] ?? ""]: _nested, ...own } = Object.fromEntries(
    Object.entries(entry.table).filter(([name]) => known.includes(name)),
  );
  const table = withPem(type, own, { readPem, path, faults });
  const parsed = CATALOGUE[type].schema.safeParse({ ...table, ...implied });
  if (!parsed.success) {
    const knownAt = (inner: ValuePath): readonly string[] => namesAt(entryFields(type), inner);
    // A mistyped name explains why another is missing.
    const isMistyped =
      faults.length > 0 || parsed.error.issues.some(({ code }) => code === "unrecognized_keys");
    const issues = parsed.error.issues.filter(
      ({ path: [name = ""], message }) => !(name in implied) && !(isMistyped && message === "is missing"),
    );
    const found = faultsOf(
      issues.map((issue) => ({ ...issue, path: inFileWords(issue.path as ValuePath) as PropertyKey[] })),
      { path, table: entry.table, knownAt },
    );
    for (const fault of found) if (!faults.some((one) => isAround(one.path, fault.path))) faults.push(fault);
  }
  if (faults.length > 0) return fail(faults);
  // What is wrong with it is wrong with the table around, and told there.
  if (!parsed.success) return fail([]);
  return ok({ type, data: parsed.data } as ChangeOrder);
}

/** The fields of an object's table, in the order of the documents. */
export function entryFields(type: EntryType): readonly FieldDescription[] {
  const inner = innerTableOf(type);
  const fields = describeFields(type)
    .filter(({ name }) => !NOT_OF_FILES.has(name) && name !== IMPLIED[type])
    .map((field) => {
      if (field.name === inner) return { ...field, fields: field.fields.map(inFile) };
      return inner === undefined ? inFile(field) : field;
    });
  const nested = NESTED[type];
  if (nested === undefined) return fields;
  const nestedType = nested === "backends" ? "ADD_BACKEND" : "ADD_CERTIFICATE";
  return [
    ...fields,
    {
      name: nested,
      type: "list of tables",
      required: false,
      description: CATALOGUE[nestedType].summary,
      choices: [],
      fields: entryFields(nestedType),
    },
  ];
}

/** What a file calls a field that an order gives as PEM. */
export function fileNameOf(field: string): string {
  return FILE_NAMES[field] ?? field;
}

/** The table inside an object that names PEM files; `undefined`: the object itself. */
export function innerTableOf(type: EntryType): string | undefined {
  return INNER_TABLES[type];
}

function inFile(field: FieldDescription): FieldDescription {
  const name = fileNameOf(field.name);
  if (name === field.name) return field;
  const isList = name.endsWith("s");
  return { ...field, name, type: isList ? "list of paths" : "path" };
}

function inFileWords(path: ValuePath): ValuePath {
  return path.map((name) => (typeof name === "string" ? fileNameOf(name) : name));
}

function namesAt(fields: readonly FieldDescription[], path: ValuePath): readonly string[] {
  const inner = path.reduce((all, name) => all.find((field) => field.name === name)?.fields ?? [], fields);
  return inner.map(({ name }) => name);
}

/** Two complaints about one value are one too many. */
function isAround(outer: ValuePath, inner: ValuePath): boolean {
  return outer.every((name, index) => name === inner[index]);
}

interface Reading {
  readonly readPem: ReadPem;
  readonly path: ValuePath;
  /** What is wrong is added here. */
  readonly faults: Fault[];
}

/** The table with the texts of the files that it names. */
function withPem(type: EntryType, table: Table, reading: Reading): Table {
  const inner = innerTableOf(type);
  if (inner === undefined) return type === "ADD_CERTIFICATE" ? withTexts(table, reading) : table;
  const value = table[inner];
  if (!isTable(value)) return table;
  return { ...table, [inner]: withTexts(value, { ...reading, path: [...reading.path, inner] }) };
}

function withTexts(table: Table, { readPem, path, faults }: Reading): Table {
  const texts: Record<string, unknown> = { ...table };
  const read = (file: unknown, at: ValuePath): unknown => {
    if (typeof file !== "string") return file;
    const text = readPem(file);
    if (text.ok) return text.value;
    faults.push({ path: at, message: `${pathText(at)}: ${text.error}` });
    return undefined;
  };
  for (const [name, fileName] of Object.entries(FILE_NAMES)) {
    const at = [...path, fileName];
    const given = table[fileName];
    if (name in table) {
      const message = `${pathText([...path, name])} is read from a file: name it by ${fileName}`;
      faults.push({ path: [...path, name], message });
    }
    delete texts[name];
    if (!(fileName in table)) continue;
    delete texts[fileName];
    texts[name] = Array.isArray(given)
      ? given.map((file, index) => read(file, [...at, index]))
      : read(given, at);
  }
  return texts;
}

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !("toISOString" in value);
}
