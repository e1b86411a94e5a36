/**
 * Documents, held against the tree: files that they name and pages that they link must be there, so that a
 * document does not go on about what is gone. Symbols are not checked, and neither is what lies on the web.
 */
import { posix } from "node:path";
import { linesOf, type Complaint, type SourceFile } from "./complaint.ts";

const RULE = "documents";
const NAMED_FILE = /`([\w-]+(?:\/[\w.-]+)+\.ts)`/g;
const LINK = /\]\(([^)#\s]+)(?:#[^)]*)?\)/g;

/** Complains about every file named in backticks and every relative link that leads nowhere. */
export function checkDocuments(files: readonly SourceFile[]): readonly Complaint[] {
  const paths = new Set(files.map((file) => file.path));
  const isThere = (path: string): boolean =>
    paths.has(path) || [...paths].some((known) => known.startsWith(`${path.replace(/\/$/, "")}/`));
  return files
    .filter((file) => file.path.endsWith(".md"))
    .flatMap((file) =>
      linesOf(file).flatMap(([line, text]) => [
        ...[...text.matchAll(NAMED_FILE)]
          .map((match) => match[1] ?? "")
          .filter((name) => !isThere(name) && !isThere(`src/${name}`))
          .map((name) => ({
            rule: RULE,
            path: file.path,
            line,
            message: `names ${name}, which is not there`,
          })),
        ...[...text.matchAll(LINK)]
          .map((match) => match[1] ?? "")
          .filter((link) => !/^[a-z]+:/.test(link))
          .filter((link) => !isThere(posix.normalize(posix.join(posix.dirname(file.path), link))))
          .map((link) => ({
            rule: RULE,
            path: file.path,
            line,
            message: `links ${link}, which is not there`,
          })),
      ]),
    );
}
