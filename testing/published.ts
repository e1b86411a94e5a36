/**
 * The program as it is published: built, without the sources, in a folder of its own. It starts in half the
 * time that a checkout takes, and starts are what an upgrade is made of.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../tools/tracked-files.ts";

const BUILD = join(PROJECT_FOLDER, "tools", "build.ts");

/** Builds it below `folder`, once for each. Gives its path. */
export function publishedProgram(folder: string): string {
  const own = join(folder, "published");
  const program = join(own, "bin", "kakehi");
  if (existsSync(program)) return program;
  const { status } = spawnSync(process.execPath, [BUILD, join(own, "dist")], { stdio: "inherit" });
  if (status !== 0) throw new Error("it cannot be built");
  for (const name of ["bin", "package.json"])
    cpSync(join(PROJECT_FOLDER, name), join(own, name), { recursive: true });
  symlinkSync(join(PROJECT_FOLDER, "node_modules"), join(own, "node_modules"));
  return program;
}
