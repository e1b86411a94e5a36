/**
 * The fields of an order in words, for help and documents: read from the schema that checks them, so that
 * neither can lie.
 */
import { z } from "zod";
import type { OrderType } from "../orders.ts";
import { CATALOGUE } from "./catalogue.ts";

/** One field of an order's `data`, or of an object in it. */
export interface FieldDescription {
  readonly name: string;
  /** What it takes, as in `integer from 0 to 256`. */
  readonly type: string;
  readonly required: boolean;
  /** Absent: no default. */
  readonly default?: unknown;
  readonly description: string;
  /** The values that it takes, where they are few. */
  readonly choices: readonly string[];
  /** The fields of an object. */
  readonly fields: readonly FieldDescription[];
}

/** The part of JSON Schema that our schemas come out as. */
interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  /** Ours: a default that JSON Schema cannot show, because the field is transformed. */
  readonly otherwise?: unknown;
  /** Ours: what it takes, in words. */
  readonly takes?: string;
  /** Ours: known, but never accepted. */
  readonly refused?: boolean;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

const described: Map<OrderType, readonly FieldDescription[]> = new Map();

/**
 * The fields that an order may have, in the order of the documents. Those that are never accepted are left
 * out.
 */
export function describeFields(type: OrderType): readonly FieldDescription[] {
  const known = described.get(type);
  if (known !== undefined) return known;
  const fields = describeTable(CATALOGUE[type].schema);
  described.set(type, fields);
  return fields;
}

/** The fields that an object of this schema may have. */
export function describeTable(schema: z.ZodType): readonly FieldDescription[] {
  return fieldsOf(jsonSchemaOf(schema) as JsonSchema);
}

/** The JSON Schema (2020-12) of what a person writes. */
export function jsonSchemaOf(schema: z.ZodType): Readonly<Record<string, unknown>> {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
}

function fieldsOf(schema: JsonSchema): readonly FieldDescription[] {
  const accepted = Object.entries(schema.properties ?? {}).filter(([, field]) => field.refused !== true);
  return accepted.map(([name, field]) =>
    describeField(name, field, schema.required?.includes(name) ?? false),
  );
}

function describeField(name: string, schema: JsonSchema, required: boolean): FieldDescription {
  const value = schema.anyOf?.find((choice) => choice.type !== "null") ?? schema;
  const initial = schema.default ?? schema.otherwise;
  const isNullable = schema.anyOf?.some((choice) => choice.type === "null") ?? false;
  return {
    name,
    type: isNullable ? `${typeOf(value)}, or null` : typeOf(value),
    required,
    ...(initial === undefined ? {} : { default: initial }),
    description: schema.description ?? value.description ?? "",
    choices: (value.enum ?? []).map(String),
    fields: fieldsOf(value),
  };
}

function typeOf(schema: JsonSchema): string {
  if (schema.takes !== undefined) return schema.takes;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((choice) => JSON.stringify(choice)).join(" or ");
  if (schema.type === "integer") return `integer from ${schema.minimum} to ${schema.maximum}`;
  return schema.type ?? "any";
}
