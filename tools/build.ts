/**
 * `npm run build`: compiles `src/` to `dist/`, JavaScript and declarations, for publishing. Development needs
 * no build: Node runs the TypeScript as it is.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "./tracked-files.ts";

rmSync(join(PROJECT_FOLDER, "dist"), { recursive: true, force: true });
const compiler = join(PROJECT_FOLDER, "node_modules", ".bin", "tsc");
const result = spawnSync(compiler, ["-p", "tsconfig.build.json"], { cwd: PROJECT_FOLDER, stdio: "inherit" });
process.exitCode = result.status ?? 1;
