/**
 * Sizes: of files, of functions, of lines. A reader's attention is the limit, so what is too long is split,
 * not excused. Functions are measured by indentation, which the formatter guarantees; no compiler is needed.
 */
import { isSource, isTest, linesOf, type Complaint, type SourceFile } from "./complaint.ts";

const SOURCE_LINES_MAX = 400;
const TEST_LINES_MAX = 800;
const FUNCTION_LINES_MAX = 70;
export const COLUMNS_MAX = 110;
/** A line may be longer for one literal that cannot be broken. */
const LITERAL_COLUMNS = 50;

/** A file longer than its kind may be. */
export function checkFileSize(file: SourceFile): readonly Complaint[] {
  if (!file.path.endsWith(".ts")) return [];
  const lines = file.text.split("\n").length - 1;
  const max = isTest(file.path) ? TEST_LINES_MAX : SOURCE_LINES_MAX;
  if (lines <= max) return [];
  return [
    { rule: "file-size", path: file.path, message: `${lines} lines, at most ${max}: split it by noun` },
  ];
}

/** A line wider than a page, except where one literal or a table's row in a comment makes it so. */
export function checkColumns(file: SourceFile): readonly Complaint[] {
  if (!isSource(file.path)) return [];
  return linesOf(file).flatMap(([line, text]) => {
    if (text.length <= COLUMNS_MAX || holdsLongLiteral(text) || isTableRow(text)) return [];
    const message = `${text.length} columns, at most ${COLUMNS_MAX}`;
    return [{ rule: "columns", path: file.path, line, message }];
  });
}

function holdsLongLiteral(text: string): boolean {
  const literals = text.match(/"(?:[^"\\]|\\.)*"|`[^`]*`?|\/(?:[^/\\]|\\.)+\/[a-z]*/g) ?? [];
  return !/^\s*(\*|\/\/)/.test(text) && literals.some((literal) => literal.length >= LITERAL_COLUMNS);
}

function isTableRow(text: string): boolean {
  return /^\s*\* \|.*\|$/.test(text);
}

/**
 * A function longer than it may be. What tests/ holds are sentences with their stories, and is not
 * measured.
 */
export function checkFunctionSize(file: SourceFile): readonly Complaint[] {
  if (!isSource(file.path) || file.path.startsWith("tests/")) return [];
  return functionsOf(file.text).flatMap(({ name, line, lines }) => {
    if (lines <= FUNCTION_LINES_MAX) return [];
    const message = `${name} has ${lines} lines, at most ${FUNCTION_LINES_MAX}: let it call what it does by name`;
    return [{ rule: "function-size", path: file.path, line, message }];
  });
}

interface Measured {
  readonly name: string;
  readonly line: number;
  readonly lines: number;
}

const FUNCTION_HEAD = /^(?:export )?(?:default )?(?:async )?function\*? (\w+)/;
const ARROW_HEAD =
  /^(?:export )?const (\w+)(?:: [^=]+)? = (?:async )?(?:\([^)]*\)?|\w+)(?:: [^=]+)?(?: =>|$)/;
const METHOD_HEAD = /^(?:(?:static|async|override|private|protected|public|get|set) )*\*?(#?\w+)(?:<.*>)?\(/;
const NO_METHOD = new Set(["if", "for", "while", "switch", "catch", "return", "super", "function"]);

/**
 * Every function whose body stands on lines of its own, with its length from its head to its closing brace.
 */
export function functionsOf(text: string): readonly Measured[] {
  const lines = text.split("\n");
  return lines.flatMap((head, index) => {
    const indent = head.length - head.trimStart().length;
    const name = nameOfHead(head.trimStart());
    if (name === undefined) return [];
    const end = endOf(lines, index, " ".repeat(indent));
    return end === undefined ? [] : [{ name, line: index + 1, lines: end - index + 1 }];
  });
}

function nameOfHead(head: string): string | undefined {
  const name = (FUNCTION_HEAD.exec(head) ?? ARROW_HEAD.exec(head) ?? METHOD_HEAD.exec(head))?.[1];
  return name === undefined || NO_METHOD.has(name) ? undefined : name;
}

/**
 * The line of the brace that closes the body: the first at the head's own indentation, once a body was opened
 * there. `undefined` for a call or a signature, which opens none.
 */
function endOf(lines: readonly string[], start: number, indent: string): number | undefined {
  let opened = false;
  for (let index = start; index < lines.length; index++) {
    const line = lines[index] ?? "";
    if (line.startsWith(`${indent}}`)) return opened ? index : undefined;
    const atHead = index === start || line.startsWith(`${indent})`);
    if (!atHead && line.startsWith(indent) && line.charAt(indent.length) !== " " && line.trim() !== "")
      return undefined;
    if (atHead && line.endsWith("{")) opened = true;
    if (atHead && !opened && line.endsWith(";")) return undefined;
  }
  return undefined;
}
