/**
 * Trees for people: each branch on a line of its own, under what it belongs to. Pure.
 */
import { styleText } from "node:util";
import { printable } from "./table.ts";

export interface Branch {
  readonly text: string;
  /** Whether it was taken; absent: that is no question. */
  readonly taken?: boolean | undefined;
  readonly branches?: readonly Branch[];
}

/** What lines are drawn with. */
export interface Signs {
  readonly inner: string;
  readonly last: string;
  readonly past: string;
  readonly taken: string;
  readonly passed: string;
}

export const DRAWN: Signs = { inner: "├─ ", last: "└─ ", past: "│  ", taken: "✓ ", passed: "✗ " };
/** For logs, pipes and terminals that know ASCII only. */
export const PLAIN: Signs = { inner: "|- ", last: "`- ", past: "|  ", taken: "[x] ", passed: "[ ] " };

/** Signs outside ASCII that our own texts have. */
const SPELLED: Readonly<Record<string, string>> = { "→": "->", "…": "..." };

/**
 * The signs for a stream in these surroundings: drawn only on a terminal whose locale is UTF-8 (locale(7)).
 */
export function signsFor(
  { isTTY }: { readonly isTTY?: boolean },
  environment: Readonly<Record<string, string | undefined>>,
): Signs {
  const locale = environment["LC_ALL"] || environment["LC_CTYPE"] || environment["LANG"] || "";
  return isTTY && /utf-?8/i.test(locale) ? DRAWN : PLAIN;
}

/** The tree as lines, each ending in a newline; its root is a title. */
export function formatTree({ text, branches = [] }: Branch, signs: Signs): string {
  return `${styleText("bold", written(text, signs))}\n${linesOf(branches, signs, "").join("")}`;
}

function linesOf(branches: readonly Branch[], signs: Signs, before: string): string[] {
  return branches.flatMap((branch, index) => {
    const isLast = index === branches.length - 1;
    const below = before + (isLast ? " ".repeat(signs.past.length) : signs.past);
    return [
      `${before}${isLast ? signs.last : signs.inner}${lineOf(branch, signs)}\n`,
      ...linesOf(branch.branches ?? [], signs, below),
    ];
  });
}

function lineOf({ text, taken }: Branch, signs: Signs): string {
  const words = written(text, signs);
  if (taken === undefined) return words;
  return taken ? styleText("green", signs.taken + words) : signs.passed + words;
}

function written(text: string, signs: Signs): string {
  const safe = printable(text);
  return signs === PLAIN ? safe.replaceAll(/[→…]/g, (sign) => SPELLED[sign]!) : safe;
}
