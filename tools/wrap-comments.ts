/**
 * Wraps comment lines that are wider than a page, which the formatter leaves as they are. Part of
 * `npm run format`; `node tools/wrap-comments.ts PATH…` does only those. Touches no line that fits, no
 * drawing between fences, and no code.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { PROJECT_FOLDER, trackedPaths } from "./tracked-files.ts";
import { COLUMNS_MAX } from "./tidy/sizes.ts";

interface CommentLine {
  /** Up to and with the `*` or `//`. */
  readonly margin: string;
  readonly indent: string;
  readonly text: string;
}

const ITEM = /^(?:\d+\. |- )/;

/** The same text with its over-long comment lines broken at words, the rest of each paragraph flowing on. */
export function wrapComments(text: string): string {
  const lines = text.split("\n").flatMap(openOneLiner);
  const wrapped: string[] = [];
  let fenced = false;
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? "";
    const comment = parseCommentLine(line);
    if (comment?.text.startsWith("```") === true) fenced = !fenced;
    if (comment === undefined || fenced || isTableRow(comment) || line.length <= COLUMNS_MAX) {
      wrapped.push(line);
      continue;
    }
    const paragraph = paragraphFrom(comment, lines.slice(index + 1));
    wrapped.push(...fill(comment, paragraph.join(" ")));
    index += paragraph.length - 1;
  }
  return wrapped.join("\n");
}

/** A doc comment in one line that is too wide becomes one of several. */
function openOneLiner(line: string): readonly string[] {
  const match = /^( *)\/\*\* (.*) \*\/$/.exec(line);
  if (match === null || line.length <= COLUMNS_MAX) return [line];
  const margin = match[1] ?? "";
  return [`${margin}/**`, `${margin} * ${match[2]}`, `${margin} */`];
}

function parseCommentLine(line: string): CommentLine | undefined {
  const match = /^( *(?:\*|\/\/))( +)(\S.*)$/.exec(line);
  return match === null
    ? undefined
    : { margin: match[1] ?? "", indent: match[2] ?? "", text: match[3] ?? "" };
}

/** This line's text and that of the lines that go on with it. */
function paragraphFrom(first: CommentLine, following: readonly string[]): readonly string[] {
  const hanging = first.indent + hangOf(first.text);
  const paragraph = [first.text];
  for (const line of following) {
    const next = parseCommentLine(line);
    const goesOn = next !== undefined && next.margin === first.margin && next.indent === hanging;
    if (!goesOn || ITEM.test(next.text) || /^(?:```|@|\|)/.test(next.text)) break;
    paragraph.push(next.text);
  }
  return paragraph;
}

function fill(first: CommentLine, text: string): readonly string[] {
  const filled: string[] = [];
  let line = `${first.margin}${first.indent}`;
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > COLUMNS_MAX) {
      filled.push(line);
      line = `${first.margin}${first.indent}${hangOf(first.text)}`;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...filled, line];
}

function isTableRow(comment: CommentLine): boolean {
  return comment.text.startsWith("|");
}

/** The lines of a list's item stand under its text. */
function hangOf(text: string): string {
  return " ".repeat(ITEM.exec(text)?.[0].length ?? 0);
}

function run(): void {
  const named = process.argv.slice(2);
  const paths = named.length > 0 ? named : trackedPaths();
  for (const path of paths.filter((name) => name.endsWith(".ts"))) {
    const file = isAbsolute(path) ? path : join(PROJECT_FOLDER, path);
    const text = readFileSync(file, "utf8");
    const wrapped = wrapComments(text);
    if (wrapped === text) continue;
    writeFileSync(file, wrapped);
    console.log(`wrapped the comments of ${path}`);
  }
}

if (import.meta.main) run();
