/**
 * Marks that say "not finished", "not checked" or "only on my machine", and the header that every file begins
 * with.
 */
import { isSource, isTest, linesOf, type Complaint, type SourceFile } from "./complaint.ts";

interface Mark {
  readonly pattern: RegExp;
  readonly remedy: string;
  readonly where: (path: string) => boolean;
}

const anywhere = (): boolean => true;
const inCode = (path: string): boolean => path.endsWith(".ts");

/** Patterns are put together from pieces, so that this file does not complain about itself. */
const MARKS: readonly Mark[] = [
  mark(
    ["TO", "DO|FIX", "ME|XX", "X\\b|HA", "CK\\b"],
    "finish it, or file an issue and leave no mark",
    anywhere,
  ),
  mark(["\\.on", "ly\\("], "a test that runs alone hides the others", isTest),
  mark(["\\bskip: tr", "ue"], "say the reason: skip takes a sentence", isTest),
  mark(["\\bas a", "ny\\b"], "narrow from unknown instead", inCode),
  mark(["@ts-ig", "nore|@ts-noc", "heck|@ts-expect-er", "ror"], "mend the type instead", inCode),
  mark(["(?:eslint|oxlint)-dis", "able(?!.* -- )"], "say why after ` -- `", inCode),
  mark(
    ["/(?:wo", "rk|tm", "p|ho", "me|ro", "ot)/\\w"],
    "no path of one machine: take a temporary folder",
    anywhere,
  ),
  mark(["https?://(?:regis", "try\\.|[\\w.-]*mir", "ror)"], "name no registry's host", anywhere),
  mark(["\\bdebug", "ger\\b"], "leave no breakpoint behind", inCode),
];

/** Complains about each forbidden mark. */
export function checkMarks(file: SourceFile): readonly Complaint[] {
  const marks = MARKS.filter(({ where }) => where(file.path));
  return linesOf(file).flatMap(([line, text]) =>
    marks.flatMap(({ pattern, remedy }) => {
      const found = pattern.exec(text)?.[0];
      return found === undefined
        ? []
        : [{ rule: "marks", path: file.path, line, message: `"${found}": ${remedy}` }];
    }),
  );
}

/** Every file says at its top what it is. */
export function checkHeader(file: SourceFile): readonly Complaint[] {
  if (!isSource(file.path)) return [];
  const text = file.text.startsWith("#!") ? file.text.slice(file.text.indexOf("\n") + 1) : file.text;
  if (text.startsWith("/**")) return [];
  const message = "begins without a header comment: say what the file is, and what it is not";
  return [{ rule: "header", path: file.path, line: 1, message }];
}

function mark(pieces: readonly string[], remedy: string, where: Mark["where"]): Mark {
  return { pattern: new RegExp(pieces.join("")), remedy, where };
}
