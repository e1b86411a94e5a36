/**
 * `npm run check`: everything that can be said of the project without running it. Every step runs, also after
 * one that failed, so that one look shows all. CI runs the same steps.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PROJECT_FOLDER } from "./tracked-files.ts";

/** One step: what it proves, and the program that proves it. */
export interface Step {
  readonly name: string;
  readonly command: readonly string[];
}

const STEP_MS_MAX = 120_000;
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

export const STEPS: readonly Step[] = [
  { name: "types", command: ["tsc", "-b", "--pretty", "false"] },
  { name: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "format", command: ["oxfmt", "--check"] },
  { name: "layers, sizes, words", command: ["node", "tools/tidy.ts"] },
  { name: "dead code", command: ["knip"] },
  { name: "dead code in production", command: ["knip", "--production", "--config", "knip.production.json"] },
  { name: "documents current", command: ["node", "tools/generate-docs.ts", "--check"] },
  { name: "package builds", command: ["node", "tools/build.ts"] },
  { name: "package is publishable", command: ["publint", "--strict"] },
];

/** Runs one step; gives what it printed when it failed, `undefined` when all is well. */
export function runStep(step: Step): string | undefined {
  const [program = "", ...args] = step.command;
  const path = program === "node" ? process.execPath : join(PROJECT_FOLDER, "node_modules", ".bin", program);
  const result = spawnSync(path, args, {
    cwd: PROJECT_FOLDER,
    encoding: "utf8",
    timeout: STEP_MS_MAX,
    maxBuffer: OUTPUT_BYTES_MAX,
    env: { ...process.env, NO_COLOR: "1" },
  });
  if (result.status === 0) return undefined;
  return `${result.stdout}${result.stderr}${result.error?.message ?? ""}`.trim();
}

function run(): void {
  if (!existsSync(join(PROJECT_FOLDER, "node_modules"))) {
    console.log("check: no node_modules; run `npm ci` first");
    process.exitCode = 1;
    return;
  }
  for (const step of STEPS) {
    const started = performance.now();
    const failure = runStep(step);
    const seconds = ((performance.now() - started) / 1_000).toFixed(1);
    console.log(`${failure === undefined ? "ok  " : "FAIL"} ${step.name} (${seconds} s)`);
    if (failure === undefined) continue;
    console.log(failure.replaceAll(/^/gm, "    "));
    process.exitCode = 1;
  }
}

if (import.meta.main) run();
