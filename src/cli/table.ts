/**
 * Tables for people: columns as wide as they need to be, two spaces between them, no lines.
 */
import { styleText, stripVTControlCharacters } from "node:util";

/** What a cell may hold; `undefined` is shown as `-`. */
export type Cell = string | number | boolean | undefined;

export interface Column<Row> {
  readonly title: string;
  /** Numbers stand at the right of their column. */
  readonly align?: "right";
  cell(row: Row): Cell;
}

/**
 * A table with its title line; each line ends in a newline. Nothing but the titles when there are no rows.
 */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const titles = columns.map((column) => styleText("bold", column.title));
  const lines = [titles, ...rows.map((row) => columns.map((column) => textOf(column.cell(row))))];
  const widths = columns.map((_, index) =>
    lines.reduce((widest, line) => Math.max(widest, widthOf(line[index]!)), 0),
  );
  return lines.map((line) => `${line.map(aligned).join("  ").trimEnd()}\n`).join("");

  function aligned(text: string, index: number): string {
    const padding = " ".repeat(widths[index]! - widthOf(text));
    return columns[index]!.align === "right" ? padding + text : text + padding;
  }
}

function textOf(cell: Cell): string {
  if (cell === undefined) return "-";
  return typeof cell === "boolean" ? (cell ? "yes" : "no") : printable(String(cell));
}

/** A value of the configuration never steers the terminal. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, "\u{fffd}");
}

function widthOf(text: string): number {
  return stripVTControlCharacters(text).length;
}
