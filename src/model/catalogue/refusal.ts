/**
 * From what a schema found wrong to the one error that the answer tells.
 */
import type { z } from "zod";
import type { OrderError, OrderErrorCode } from "../errors.ts";
import { pathText, shortened } from "../field-path.ts";
import type { OrderType } from "../orders.ts";
import { didYouMean } from "../suggest.ts";
import { describeFields, type FieldDescription } from "./describe.ts";

type Issue = z.core.$ZodIssue;

/**
 * The error for the issues of an order's `data`. An unknown field goes first: it explains why another is
 * missing. Of the rest, the first.
 */
export function refusalOf(type: OrderType, issues: readonly Issue[]): OrderError {
  const issue = issues.find((one) => one.code === "unrecognized_keys") ?? issues[0];
  if (issue?.code === "unrecognized_keys") {
    return unknownField(dataPathText(issue.path), issue.keys[0] ?? "", knownNames(type, issue.path));
  }
  const field = dataPathText(issue?.path ?? []);
  return { code: codeOf(issue), message: `${field} ${issue?.message ?? "is invalid"}`, field };
}

/** The error for a field that nothing knows; `known` are the names that it may be meant for. */
export function unknownField(parent: string, name: string, known: readonly string[]): OrderError {
  const field = parent === "" ? shortened(name) : `${parent}.${shortened(name)}`;
  return { code: "UNKNOWN_FIELD", message: `unknown field ${field}${didYouMean(name, known)}`, field };
}

function codeOf(issue: Issue | undefined): OrderErrorCode {
  const code: unknown = issue?.code === "custom" ? issue.params?.["code"] : undefined;
  const isKnown = code === "NOT_SUPPORTED" || code === "UNKNOWN_FIELD" || code === "INVALID_CERTIFICATE";
  return isKnown ? code : "INVALID_FIELD";
}

function dataPathText(path: readonly PropertyKey[]): string {
  return pathText(["data", ...path]);
}

function knownNames(type: OrderType, path: readonly PropertyKey[]): readonly string[] {
  let fields: readonly FieldDescription[] = describeFields(type);
  for (const name of path) fields = fields.find((field) => field.name === name)?.fields ?? [];
  return fields.map((field) => field.name);
}
