/**
 * Frontends that no request can reach, because rules of the same hostname that go before take all of theirs.
 * Only what is certain: where a regex that takes everything with a certain beginning, or an exact path, goes
 * before. Whether one regex takes all that any other does is not asked.
 */
import { frontendKey } from "../keys.ts";
import type { Frontend, PathRule } from "../objects.ts";
import { regexGroupAt } from "../regex-order.ts";
import type { State } from "../state.ts";

/** What a rule takes, where it can be said so plainly: one path, or all that begin with one. */
interface Reach {
  readonly text: string;
  readonly isOnePath: boolean;
}

/**
 * The frontend that takes all that `key` would; `undefined` if something may reach it, or it is not there.
 */
export function findShadow(state: State, key: string): string | undefined {
  const frontend = state.frontends.get(key);
  const reach = frontend === undefined ? undefined : widestReachOf(frontend.path);
  if (frontend === undefined || reach === undefined || "exact" in frontend.path) return undefined;
  const { listener, hostname, method } = frontend;
  if ("regex" in frontend.path && reach.isOnePath) {
    const path = { exact: reach.text };
    for (const each of method === undefined ? [{}] : [{ method }, {}]) {
      const exact = frontendKey({ listener, hostname, path, ...each });
      if (state.frontends.has(exact)) return exact;
    }
  }
  return findRegexBefore(state, key, frontend, reach);
}

function findRegexBefore(state: State, key: string, frontend: Frontend, reach: Reach): string | undefined {
  for (const other of state.regexKeysOf(regexGroupAt(frontend))) {
    const before = state.frontends.get(other)!;
    // Frontends of one regex share their place: that of the first.
    if (other === key || isSameRegex(before.path, frontend.path)) return undefined;
    if (before.method !== undefined && before.method !== frontend.method) continue;
    const taken = wholeReachOf(before.path);
    if (taken !== undefined && covers(taken, reach)) return other;
  }
  return undefined;
}

function isSameRegex(one: PathRule, other: PathRule): boolean {
  return "regex" in one && "regex" in other && one.regex === other.regex;
}

function covers(taken: Reach, wanted: Reach): boolean {
  if (taken.isOnePath) return wanted.isOnePath && taken.text === wanted.text;
  return wanted.text.startsWith(taken.text);
}

/** A regex that is plain text, or plain text and then anything. Each part: a character, or an escaped one. */
const PLAIN = /^\^?((?:[^\\^$.*+?()[\]{}|]|\\[^0-9A-Za-z])*)(\.\*)?\$?$/;
/**
 * The plain text that a regex begins with; what follows it, or repeats its last character, is not looked at.
 */
const BEGINNING = /^\^?((?:(?:[^\\^$.*+?()[\]{}|]|\\[^0-9A-Za-z])(?![*+?{]))*)/;

/** All that a rule takes, if that can be said; `undefined` else. */
function wholeReachOf(rule: PathRule): Reach | undefined {
  if ("exact" in rule) return { text: rule.exact, isOnePath: true };
  if ("prefix" in rule) return { text: rule.prefix, isOnePath: false };
  const [, text, rest] = PLAIN.exec(rule.regex) ?? [];
  if (text === undefined || (text === "" && rest === undefined)) return undefined;
  // Every path begins with a slash: what takes everything takes all that begin so.
  return { text: plainTextOf(text) || "/", isOnePath: rest === undefined };
}

/** At least all that a rule takes. */
function widestReachOf(rule: PathRule): Reach | undefined {
  const whole = wholeReachOf(rule);
  if (whole !== undefined || !("regex" in rule)) return whole;
  if (rule.regex.includes("|")) return { text: "/", isOnePath: false };
  const [, text = ""] = BEGINNING.exec(rule.regex) ?? [];
  return { text: plainTextOf(text) || "/", isOnePath: false };
}

function plainTextOf(source: string): string {
  return source.replaceAll(/\\(.)/g, "$1");
}
