/**
 * The style guide as a check: reads every tracked file and complains about what is not as CONTRIBUTING.md
 * says. Each rule has a test that plants the fault and expects the complaint (`tidy.test.ts`). Types, lint
 * and format have tools of their own.
 *
 * `node tools/tidy.ts` exits 1 when there is a complaint; `--report` also lists logic files without a test
 * beside them.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER, trackedPaths } from "./tracked-files.ts";
import { ALLOWED, type Allowed } from "./tidy/allow-list.ts";
import { formatComplaint, type Complaint, type FileRule, type SourceFile } from "./tidy/complaint.ts";
import { checkDocuments } from "./tidy/documents.ts";
import { checkLayers } from "./tidy/layers.ts";
import { checkHeader, checkMarks } from "./tidy/marks.ts";
import { checkReferences } from "./tidy/references.ts";
import { checkColumns, checkFileSize, checkFunctionSize } from "./tidy/sizes.ts";
import { withoutTestBeside } from "./tidy/tests-beside.ts";
import { checkWords, parseRefusedWords } from "./tidy/words.ts";

const FILE_RULES: readonly FileRule[] = [
  checkLayers,
  checkFileSize,
  checkFunctionSize,
  checkColumns,
  checkMarks,
  checkHeader,
];
/** Data and lock files that other tools write. */
const UNCHECKED = /^(?:package-lock\.json|LICENSE|.*\.(?:png|svg|pem))$/;

/**
 * All complaints about `files`, those excused by `allowed` left out, and one for each excuse that excuses
 * nothing.
 */
export function tidy(
  files: readonly SourceFile[],
  allowed: readonly Allowed[] = ALLOWED,
): readonly Complaint[] {
  const lexicon = files.find((file) => file.path === "LEXICON.md")?.text ?? "";
  const refused = parseRefusedWords(lexicon);
  const found = [
    ...files.flatMap((file) => FILE_RULES.flatMap((rule) => rule(file))),
    ...files.flatMap((file) => checkWords(file, refused)),
    ...checkReferences(files),
    ...checkDocuments(files),
  ];
  const excuses = (entry: Allowed, complaint: Complaint): boolean =>
    entry.rule === complaint.rule && entry.path === complaint.path;
  const left = found.filter((complaint) => !allowed.some((entry) => excuses(entry, complaint)));
  const unused = allowed.filter((entry) => !found.some((complaint) => excuses(entry, complaint)));
  return [...left, ...unused.map(({ rule, path }) => uselessExcuse(rule, path))];
}

/** The project's tracked files as they are on disk. */
function readTrackedFiles(): readonly SourceFile[] {
  return trackedPaths()
    .filter((path) => !UNCHECKED.test(path))
    .map((path) => ({ path, text: readFileSync(join(PROJECT_FOLDER, path), "utf8") }));
}

function uselessExcuse(rule: string, path: string): Complaint {
  return {
    rule: "allow-list",
    path,
    message: `is excused from ${rule} and needs it no more: remove the entry`,
  };
}

function run(): void {
  const files = readTrackedFiles();
  if (process.argv.includes("--report")) {
    for (const path of withoutTestBeside(files)) console.log(`${path}: no test beside it`);
  }
  const complaints = tidy(files);
  for (const complaint of complaints) console.log(formatComplaint(complaint));
  console.log(
    complaints.length === 0 ? `tidy: ${files.length} files` : `tidy: ${complaints.length} complaints`,
  );
  process.exitCode = complaints.length === 0 ? 0 : 1;
}

if (import.meta.main) run();
