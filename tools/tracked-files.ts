/**
 * The files that belong to the project: what git tracks and is still on disk. Tools look at these and nothing
 * else, so that what lies about in a working tree disturbs nobody.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** Where `package.json` is. */
export const PROJECT_FOLDER: string = dirname(import.meta.dirname);

/** Paths relative to the project's folder. */
export function trackedPaths(): readonly string[] {
  const list = execFileSync("git", ["ls-files", "-z"], { cwd: PROJECT_FOLDER, encoding: "utf8" });
  return list.split("\0").filter((path) => path !== "" && existsSync(join(PROJECT_FOLDER, path)));
}
