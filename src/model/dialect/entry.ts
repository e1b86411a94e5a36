/**
 * How one order of Sōzu is understood: its data checked by a schema in its own words, then translated. The
 * pieces that their schemas are made of.
 */
import { z } from "zod";
import { addressOf } from "../../base/address.ts";
import { fail } from "../../base/result.ts";
import { canonicalAddress, mustBe } from "../catalogue/fields.ts";
import { pathText, shortened } from "../field-path.ts";
import type { OrderError } from "../errors.ts";
import { type Translation, withoutEquivalent } from "./action.ts";

/** Reads an order's data. */
export type DialectEntry = (data: unknown) => Translation;

export type DialectEntries = Readonly<Record<string, DialectEntry>>;

/** An order whose data `schema` checks. Fields that the schema does not know are refused. */
export function entryOf<Data>(schema: z.ZodType<Data>, translate: (data: Data) => Translation): DialectEntry {
  return (data) => {
    const parsed = schema.safeParse(data);
    return parsed.success ? translate(parsed.data) : fail(faultOf(parsed.error.issues));
  };
}

/** An order that we have nothing like. */
export function refusedEntry(type: string, instead?: string): DialectEntry {
  return () => fail(withoutEquivalent(type, instead));
}

export const text: z.ZodType<string> = z.string(mustBe("a text"));
export const flag: z.ZodType<boolean> = z.boolean(mustBe("true or false"));
export const seconds: z.ZodType<number> = z.int(mustBe("a whole number of seconds"));
export const texts: z.ZodType<string[]> = z.array(z.string(mustBe("a text")), mustBe("a list of texts"));
export const anything: z.ZodType<unknown> = z.unknown();

const ADDRESS_TAKES = 'an address such as "127.0.0.1:8080"';

/** As text, or as numbers, which state files since 1.0 have. */
export const address: z.ZodType<string> = z.unknown().transform((given, context) => {
  const found = canonicalAddress(typeof given === "string" ? given : (addressText(given) ?? ""));
  if (found !== undefined) return found;
  const message = given === undefined ? "is missing" : `must be ${ADDRESS_TAKES}`;
  context.issues.push({ code: "custom", message, input: given });
  return z.NEVER;
});

/** One of some words, or the number that stands for it: its place in the list. */
export function wordOf<const Word extends string>(words: readonly Word[]): z.ZodType<Word> {
  const takes = words.map((word) => `"${word}"`).join(" or ");
  return z.unknown().transform((given, context) => {
    const found = typeof given === "number" ? words[given] : words.find((word) => word === given);
    if (found !== undefined) return found;
    context.issues.push({ code: "custom", message: `must be ${takes}`, input: given });
    return z.NEVER;
  }) as unknown as z.ZodType<Word>;
}

/** Fields that may be missing or `null`. */
export function maybe<Value>(schema: z.ZodType<Value>): z.ZodOptional<z.ZodNullable<z.ZodType<Value>>> {
  return schema.nullable().optional();
}

/** The given fields without those that are missing or `null`. */
export function given<Fields extends object>(fields: Fields): Partial<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined && value !== null),
  ) as Partial<Fields>;
}

/** `data` must be an object with these fields and no others. */
export function fieldsOf<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  return z.strictObject(shape, mustBe("an object"));
}

function addressText(value: unknown): string | undefined {
  const parsed = NUMBERED_ADDRESS.safeParse(value);
  if (!parsed.success) return undefined;
  const { ip, port } = parsed.data;
  const number = ip.inner.V4;
  const bytes = Uint8Array.of(number >>> 24, (number >>> 16) & 0xff, (number >>> 8) & 0xff, number & 0xff);
  return addressOf(bytes, port).text;
}

const NUMBERED_ADDRESS = z.strictObject({
  ip: z.strictObject({ inner: z.strictObject({ V4: z.int().min(0).max(0xffff_ffff) }) }),
  port: z.int().min(0).max(0xffff),
});

function faultOf(issues: readonly z.core.$ZodIssue[]): OrderError {
  const issue = issues.find((one) => one.code === "unrecognized_keys") ?? issues[0];
  const place = pathText(["data", ...(issue?.path ?? [])]);
  if (issue?.code !== "unrecognized_keys")
    return { code: "INVALID_FIELD", message: `${place} ${issue?.message ?? "is invalid"}`, field: place };
  const field = `${place}.${shortened(issue.keys[0] ?? "")}`;
  return { code: "UNKNOWN_FIELD", message: `this order of Sōzu has no field ${field}`, field };
}
