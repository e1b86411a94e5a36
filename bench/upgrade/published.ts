/**
 * The program as it is published: compiled, and without the sources, whose types Node would have to strip at
 * each start. Starts are what an upgrade is made of.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "../../tools/tracked-files.ts";

const BUILD = join(PROJECT_FOLDER, "tools", "build.ts");

/** Compiles it into a folder of its own, once for each `folder`. Gives its path. */
export function publishedProgram(folder: string): string {
  const own = join(folder, "published");
  const program = join(own, "bin", "kakehi");
  if (existsSync(program)) return program;
  const { status } = spawnSync(process.execPath, [BUILD], { stdio: "inherit" });
  if (status !== 0) throw new Error("it does not compile");
  for (const name of ["bin", "dist", "package.json"])
    cpSync(join(PROJECT_FOLDER, name), join(own, name), { recursive: true });
  symlinkSync(join(PROJECT_FOLDER, "node_modules"), join(own, "node_modules"));
  return program;
}
