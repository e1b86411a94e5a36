/**
 * For a frontend, a request that it is there for: one that no more exact rule of its hostname takes, as far
 * as that can be told from the rule alone. By it a forecast says where the rule's requests go, before and
 * after.
 */
import type { Frontend, PathRule } from "../objects.ts";
import { compilePathRegex } from "../path-rule.ts";
import type { RequestPoint } from "./rule-finder.ts";

/** Stands in no hostname, and in no path of a rule: who has it was asked for by nobody else. */
const NOBODYS_LABEL = "~";
const NOBODYS_PATH = "#";

/** `undefined`: no path was found that its regex matches. */
export function requestOf({ listener, hostname, path, method }: Frontend): RequestPoint | undefined {
  const host = hostname.startsWith("*") ? `${NOBODYS_LABEL}${hostname.slice(1)}` : hostname;
  const asked = pathOf(path);
  return asked === undefined ? undefined : { listener, host, path: asked, method };
}

function pathOf(rule: PathRule): string | undefined {
  if ("exact" in rule) return rule.exact;
  if ("prefix" in rule) return `${rule.prefix}${NOBODYS_PATH}`;
  const path = matchOf(rule.regex);
  return path.startsWith("/") && compilePathRegex(rule.regex).test(path) ? path : undefined;
}

/** Letters for the classes that have names. */
const CLASSES: Readonly<Record<string, string>> = { d: "0", w: "a", s: " ", D: "-", W: "-", S: "a" };

/** A class, a group's begin, a choice, a repetition, an escape, or one character. */
const PART = /\[(\^?)((?:[^\]\\]|\\.)*)\]|\((?:\?(?:<\w+>|:))?|\)|\||[*+?]\??|\{\d+,?\d*\}\??|\\(.)|([^])/g;

/**
 * A text that the regex may match: each repetition once, of each choice the first. Many it will not match.
 */
function matchOf(regex: string): string {
  let text = "";
  let depth = 0;
  /** In a choice that is passed over: how deep it stands. */
  let passedAt: number | undefined;
  for (const [part, not, set, escaped, character] of regex.matchAll(PART)) {
    if (part === ")") {
      if (passedAt === depth) passedAt = undefined;
      depth--;
    } else if (part.startsWith("(")) depth++;
    else if (part === "|") passedAt ??= depth;
    if (passedAt !== undefined) continue;
    if (set !== undefined) text += not === "" ? letterOf(set) : otherThan(set);
    else if (escaped !== undefined) text += CLASSES[escaped] ?? escaped;
    else if (character !== undefined && character !== "^" && character !== "$")
      text += character === "." ? NOBODYS_PATH : character;
  }
  return text;
}

function letterOf(set: string): string {
  return set.startsWith("\\") ? (CLASSES[set[1] ?? ""] ?? set[1] ?? "") : (set[0] ?? "");
}

/** One that a negated class does not name, of a few that are likely. */
function otherThan(set: string): string {
  return [NOBODYS_PATH, "a", "0", "-"].find((letter) => !set.includes(letter)) ?? "";
}
