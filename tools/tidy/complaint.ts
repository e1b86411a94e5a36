/**
 * What the tidy rules speak in: a file as they see it, and what they find. Not the rules themselves.
 */

/** One tracked file, its path relative to the project's folder with `/` between parts. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** One thing that is not as it should be. `line` counts from 1. */
export interface Complaint {
  readonly rule: string;
  readonly path: string;
  readonly line?: number;
  readonly message: string;
}

/** Looks at one file. */
export type FileRule = (file: SourceFile) => readonly Complaint[];

/** TypeScript that is no test: what is shipped, and what tests and tools are made of. */
export function isSource(path: string): boolean {
  return path.endsWith(".ts") && !isTest(path);
}

/** A test file of node:test. */
export function isTest(path: string): boolean {
  return path.endsWith(".test.ts");
}

/** Every line with its number, counting from 1. */
export function linesOf(file: SourceFile): readonly (readonly [number, string])[] {
  return file.text.split("\n").map((text, index) => [index + 1, text] as const);
}

/** As a person and an editor read it: `path:line: message (rule)`. */
export function formatComplaint(complaint: Complaint): string {
  const where = complaint.line === undefined ? complaint.path : `${complaint.path}:${complaint.line}`;
  return `${where}: ${complaint.message} (${complaint.rule})`;
}
