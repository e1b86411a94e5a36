/**
 * `npm run build [-- FOLDER]`: makes `dist/`, or FOLDER, of `src/` for publishing: few large files instead of
 * hundreds of small ones, because starts happen beside traffic (`docs/decisions/one-file-a-process.md`), and
 * the declarations of the client library. Development needs no build: Node runs the TypeScript as it is.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build, type BuildOptions } from "esbuild";
import { PROJECT_FOLDER } from "./tracked-files.ts";

const DIST = resolve(process.argv[2] ?? join(PROJECT_FOLDER, "dist"));

/** What a process begins with. */
const ENTRIES = [
  "cli/entry",
  "worker/entry",
  "main/rehearse-entry",
  "main/read-file-entry",
  "main/demo-backends",
];
const CLIENT = "client/client";
/** Becomes part of our files, and goes out under its own licence. */
const BUNDLED = ["commander", "smol-toml", "zod"];
/** Loads a native library that lies beside it. */
const NOT_BUNDLED = ["koffi"];

/** For all; not made smaller, so that traces and profiles can be read. */
const OPTIONS: BuildOptions = {
  absWorkingDir: PROJECT_FOLDER,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node24",
  outdir: DIST,
  outbase: join(PROJECT_FOLDER, "src"),
  sourcemap: "linked",
  sourcesContent: true,
  external: NOT_BUNDLED,
  logLevel: "warning",
};

rmSync(DIST, { recursive: true, force: true });
// What several processes load, and what a command needs only sometimes, becomes a file in `chunks`: as deep
// as the entries, so that a path beside `import.meta.url` is right in both.
await build({
  ...OPTIONS,
  entryPoints: ENTRIES.map(sourceOf),
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
});
// The client library is one file that depends on nothing.
await build({ ...OPTIONS, entryPoints: [sourceOf(CLIENT)], platform: "neutral", external: ["node:*"] });
writeFileSync(join(DIST, "LICENSES.txt"), BUNDLED.map(licenseOf).join("\n\n"));
const compiler = join(PROJECT_FOLDER, "node_modules", ".bin", "tsc");
const declarations = spawnSync(compiler, ["-p", "tsconfig.build.json", "--outDir", DIST], {
  cwd: PROJECT_FOLDER,
  stdio: "inherit",
});
process.exitCode = declarations.status ?? 1;

function sourceOf(entry: string): string {
  return join("src", `${entry}.ts`);
}

function licenseOf(name: string): string {
  return `${name}\n\n${readFileSync(join(PROJECT_FOLDER, "node_modules", name, "LICENSE"), "utf8")}`;
}
