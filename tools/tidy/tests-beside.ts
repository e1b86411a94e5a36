/**
 * Which source files of the logic rooms have no test of their own beside them. A report, not a complaint:
 * some files are types only, and some are proved by their neighbour's test.
 */
import { ROOMS, roomOf } from "../rooms.ts";
import { isSource, type SourceFile } from "./complaint.ts";

/** Paths of files in pure rooms that define functions or classes and have no `x.test.ts` beside them. */
export function withoutTestBeside(files: readonly SourceFile[]): readonly string[] {
  const paths = new Set(files.map((file) => file.path));
  return files
    .filter((file) => isSource(file.path) && isLogic(file))
    .map((file) => file.path)
    .filter((path) => !paths.has(path.replace(/\.ts$/, ".test.ts")));
}

function isLogic(file: SourceFile): boolean {
  const room = roomOf(file.path);
  return (
    room !== undefined && ROOMS[room]?.kind === "pure" && /^(?:export )?(?:function|class)\b/m.test(file.text)
  );
}
