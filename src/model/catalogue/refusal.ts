/**
 * From what a schema found wrong to the one error that the answer tells.
 */
import type { z } from "zod";
import type { OrderError, OrderErrorCode } from "../errors.ts";
import type { OrderType } from "../orders.ts";
import { didYouMean } from "../suggest.ts";
import { describeFields, type FieldDescription } from "./describe.ts";

const NAME_SHOWN_CHARS_MAX = 64;

type Issue = z.core.$ZodIssue;

/**
 * The error for the issues of an order's `data`. An unknown field goes first: it explains why another is
 * missing. Of the rest, the first.
 */
export function refusalOf(type: OrderType, issues: readonly Issue[]): OrderError {
  const issue = issues.find((one) => one.code === "unrecognized_keys") ?? issues[0];
  if (issue?.code === "unrecognized_keys") {
    return unknownField(pathText(issue.path), issue.keys[0] ?? "", knownNames(type, issue.path));
  }
  const field = pathText(issue?.path ?? []);
  return { code: codeOf(issue), message: `${field} ${issue?.message ?? "is invalid"}`, field };
}

/** The error for a field that nothing knows; `known` are the names that it may be meant for. */
export function unknownField(parent: string, name: string, known: readonly string[]): OrderError {
  const field = parent === "" ? shortened(name) : `${parent}.${shortened(name)}`;
  return { code: "UNKNOWN_FIELD", message: `unknown field ${field}${didYouMean(name, known)}`, field };
}

/** A name from outside, short enough to be shown. */
export function shortened(name: string): string {
  return name.length <= NAME_SHOWN_CHARS_MAX ? name : `${name.slice(0, NAME_SHOWN_CHARS_MAX)}…`;
}

function codeOf(issue: Issue | undefined): OrderErrorCode {
  const code: unknown = issue?.code === "custom" ? issue.params?.["code"] : undefined;
  const isKnown = code === "NOT_SUPPORTED" || code === "UNKNOWN_FIELD" || code === "INVALID_CERTIFICATE";
  return isKnown ? code : "INVALID_FIELD";
}

function pathText(path: readonly PropertyKey[]): string {
  return ["data", ...path].map(String).join(".");
}

function knownNames(type: OrderType, path: readonly PropertyKey[]): readonly string[] {
  let fields: readonly FieldDescription[] = describeFields(type);
  for (const name of path) fields = fields.find((field) => field.name === name)?.fields ?? [];
  return fields.map((field) => field.name);
}
