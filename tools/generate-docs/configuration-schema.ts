/**
 * The JSON Schema of a configuration file, for editors: made from the schemas that check it. An editor that
 * knows it completes names, and marks what would be refused.
 */
import { CATALOGUE } from "../../src/model/catalogue/catalogue.ts";
import { jsonSchemaOf } from "../../src/model/catalogue/describe.ts";
import { entryFields, type EntryType, fileNameOf, innerTableOf } from "../../src/model/file/entry.ts";
import { TOP_NAMES } from "../../src/model/file/parse-file.ts";
import { ownsSchema, rightSchema, SETTING_SECTIONS } from "../../src/model/file/settings.ts";

interface Schema {
  readonly [keyword: string]: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** Keywords of ours, which say nothing to an editor. */
const OWN_KEYWORDS: ReadonlySet<string> = new Set(["$schema", "takes", "otherwise", "refused"]);

/** The schema's text. */
export function configurationSchema(): string {
  const tables: Readonly<Record<string, Schema>> = {
    owns: cleaned(jsonSchemaOf(ownsSchema) as Schema),
    ...Object.fromEntries(
      Object.entries(SETTING_SECTIONS).map(([name, schema]) => [
        name,
        cleaned(jsonSchemaOf(schema) as Schema),
      ]),
    ),
    rights: listOf(cleaned(jsonSchemaOf(rightSchema) as Schema)),
    listeners: listOf(withNested("ADD_LISTENER", "certificates", "ADD_CERTIFICATE")),
    clusters: listOf(withNested("ADD_CLUSTER", "backends", "ADD_BACKEND")),
    frontends: listOf(entrySchema("ADD_FRONTEND")),
  };
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Kakehi's configuration file",
    type: "object",
    properties: Object.fromEntries(TOP_NAMES.map((name) => [name, tables[name]])),
    additionalProperties: false,
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

function listOf(items: Schema): Schema {
  return { type: "array", items };
}

function withNested(type: EntryType, name: string, nested: EntryType): Schema {
  const schema = entrySchema(type);
  return { ...schema, properties: { ...schema.properties, [name]: listOf(entrySchema(nested)) } };
}

/** An object as a file has it: names of PEM texts are those of their files. */
function entrySchema(type: EntryType): Schema {
  const schema = cleaned(jsonSchemaOf(CATALOGUE[type].schema) as Schema);
  const inner = innerTableOf(type);
  const known = entryFields(type).map(({ name }) => name);
  const isWhole = inner === undefined;
  const named = isWhole ? inFileWords(schema) : schema;
  const properties = Object.entries(named.properties ?? {})
    .filter(([name]) => known.includes(name))
    .map(([name, value]) => [name, name === inner ? inFileWords(value) : value] as const);
  return {
    ...named,
    properties: Object.fromEntries(properties),
    required: (named.required ?? []).filter((name) => known.includes(name)),
  };
}

function inFileWords(schema: Schema): Schema {
  const properties = Object.entries(schema.properties ?? {}).map(([name, value]) => [
    fileNameOf(name),
    value,
  ]);
  const required = schema.required?.map(fileNameOf);
  return { ...schema, properties: Object.fromEntries(properties), ...(required && { required }) };
}

/** Without our own keywords; a default that is one of them is said as one. */
function cleaned(schema: Schema): Schema {
  const kept = Object.entries(schema).filter(([keyword]) => !OWN_KEYWORDS.has(keyword));
  const properties = Object.entries(schema.properties ?? {}).filter(([, each]) => each["refused"] !== true);
  const choices = schema["anyOf"] as readonly Schema[] | undefined;
  return {
    ...Object.fromEntries(kept),
    ...(schema["otherwise"] !== undefined && { default: schema["otherwise"] }),
    ...(schema.properties && { properties: Object.fromEntries(properties.map(([n, p]) => [n, cleaned(p)])) }),
    ...(choices && { anyOf: choices.map(cleaned) }),
    ...(isSchema(schema["items"]) && { items: cleaned(schema["items"]) }),
  };
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null;
}
