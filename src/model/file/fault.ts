/**
 * What is wrong in a configuration file: found by the path of a value, told by line and column.
 */
import type { z } from "zod";
import { didYouMean } from "../suggest.ts";
import { pathText, shortened } from "../field-path.ts";
import { findPosition, type Position, type ValuePath } from "./position.ts";

/** Of one file, so many complaints are told. */
export const COMPLAINTS_MAX = 20;

/** The message names the value; it never shows one that came from another file. */
export interface Fault {
  readonly path: ValuePath;
  readonly message: string;
}

export interface Complaint extends Position {
  readonly message: string;
}

/** The first faults with their places in the text, from top to bottom. */
export function complaintsOf(text: string, faults: readonly Fault[]): readonly Complaint[] {
  return faults
    .slice(0, COMPLAINTS_MAX)
    .map(({ path, message }) => ({ ...findPosition(text, path), message }))
    .sort((one, other) => one.line - other.line || one.column - other.column);
}

/**
 * What a schema found wrong in the table at `path`. `knownAt` gives the names that a table in it may have.
 */
export function faultsOf(
  issues: readonly z.core.$ZodIssue[],
  { path, table, knownAt }: IssueSurroundings,
): readonly Fault[] {
  return issues.flatMap((issue) => {
    const inner = issue.path as ValuePath;
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((name) => unknownKey([...path, ...inner], name, knownAt(inner)));
    }
    const at = [...path, ...inner];
    return [{ path: at, message: `${pathText(at)} ${issue.message}${hintOf(issue, table)}` }];
  });
}

interface IssueSurroundings {
  readonly path: ValuePath;
  readonly table: unknown;
  readonly knownAt: (path: ValuePath) => readonly string[];
}

export function unknownKey(table: ValuePath, name: string, known: readonly string[]): Fault {
  const place = table.length === 0 ? "" : ` in ${pathText(table)}`;
  const message = `unknown key ${JSON.stringify(shortened(name))}${place}${didYouMean(name, known)}`;
  return { path: [...table, name], message };
}

/** Of a word that is none of those that there are: the nearest one. */
function hintOf(issue: z.core.$ZodIssue, table: unknown): string {
  if (issue.code !== "invalid_value") return "";
  const value = valueAt(table, issue.path as ValuePath);
  if (typeof value !== "string") return "";
  return didYouMean(value.toLowerCase(), issue.values.map(String));
}

function valueAt(value: unknown, path: ValuePath): unknown {
  return path.reduce<unknown>(
    (inner, name) =>
      typeof inner === "object" && inner !== null
        ? (inner as Record<string | number, unknown>)[name]
        : undefined,
    value,
  );
}
