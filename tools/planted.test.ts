/**
 * Plants what the compiler and the linter must refuse, in a copy of the house with empty rooms, and expects
 * the refusal. A checker that is not seen to complain may be checking nothing.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { ROOMS } from "./rooms.ts";

const PROJECT_FOLDER = dirname(import.meta.dirname);

interface Planted {
  readonly path: string;
  readonly text: string;
  readonly complaint: RegExp;
}

const FOR_COMPILER: readonly Planted[] = [
  planted(
    "base/upward.ts",
    'import { ground } from "../model/ground.ts";\nexport const a: number = ground;',
    /TS6307/,
  ),
  planted(
    "http1/sideways.ts",
    'import { ground } from "../routing/ground.ts";\nexport const a: number = ground;',
    /TS6307/,
  ),
  planted(
    "main/other-process.ts",
    'import { ground } from "../worker/ground.ts";\nexport const a: number = ground;',
    /TS6307/,
  ),
  planted("engine/names-process.ts", "export const a: number = process.pid;", /TS2591.*process/),
  planted(
    "engine/imports-net.ts",
    'import { connect } from "node:net";\nexport const a: unknown = connect;',
    /TS2591.*node:net/,
  ),
  planted("http/names-buffer.ts", "export const a: unknown = Buffer.alloc(1);", /TS2591.*Buffer/),
  planted("model/sets-timer.ts", "setTimeout(() => {}, 1);\nexport {};", /TS2304.*setTimeout/),
  planted("routing/prints.ts", 'console.log("x");\nexport {};', /TS2584.*console/),
  planted("balancing/has-enum.ts", "export enum Colour { Red }", /TS1294/),
];

const FOR_LINTER: readonly Planted[] = [
  planted("engine/asks-time.ts", "export const a: number = Date.now();", /no-restricted-properties/),
  planted("engine/makes-date.ts", "export const a: Date = new Date(0);", /no-restricted-globals/),
  planted("balancing/draws.ts", "export const a: number = Math.random();", /no-restricted-properties/),
  planted(
    "io/native.ts",
    'import koffi from "koffi";\nexport const a: unknown = koffi;',
    /no-restricted-imports/,
  ),
  planted(
    "cli/native.ts",
    'import { load } from "koffi";\nexport const a: unknown = load;',
    /no-restricted-imports/,
  ),
  planted("main/prints.ts", 'console.log("x");', /no-console/),
  planted(
    "worker/floats.ts",
    "async function f(): Promise<void> {}\nexport function g(): void {\n  f();\n}",
    /no-floating-promises/,
  ),
  planted(
    "worker/misused.ts",
    "export function g(list: number[]): void {\n  list.forEach(async () => await Promise.resolve());\n}",
    /no-misused-promises/,
  ),
  planted(
    "engine/forgets-case.ts",
    'export function g(x: "a" | "b"): number {\n  switch (x) {\n    case "a":\n      return 1;\n  }\n  return 0;\n}',
    /switch-exhaustiveness-check/,
  ),
];

suite("what is planted in the house is found", () => {
  let folder = "";
  before(() => (folder = buildEmptyHouse()));
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("the compiler refuses upward imports, a named world and what cannot be erased", () => {
    const output = withPlanted(folder, FOR_COMPILER, () =>
      runTool(folder, "tsc", ["-b", "--pretty", "false"]),
    );
    expectComplaints(output, FOR_COMPILER);
  });

  test("the linter refuses time, chance and native code where they do not belong, and promises left alone", () => {
    const args = ["--type-aware", "--format", "unix", "src"];
    const output = withPlanted(folder, FOR_LINTER, () => runTool(folder, "oxlint", args));
    expectComplaints(output, FOR_LINTER);
  });

  test("an empty house has nothing to complain about, so the complaints come from what was planted", () => {
    assert.equal(runTool(folder, "tsc", ["-b", "--pretty", "false"]), "");
    assert.match(runTool(folder, "oxlint", ["--type-aware", "--format", "unix", "src"]), /^\s*(?:Found 0|$)/);
  });
});

function planted(path: string, text: string, complaint: RegExp): Planted {
  return { path: `src/${path}`, text: `${text}\n`, complaint };
}

/** All rooms with their real projects, and one file in each. */
function buildEmptyHouse(): string {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-planted-"));
  for (const name of ["tsconfig.base.json", "tsconfig.pure.json", "tsconfig.node.json", ".oxlintrc.json"]) {
    cpSync(join(PROJECT_FOLDER, name), join(folder, name));
  }
  for (const room of Object.keys(ROOMS)) {
    mkdirSync(join(folder, "src", room), { recursive: true });
    cpSync(join(PROJECT_FOLDER, "src", room, "tsconfig.json"), join(folder, "src", room, "tsconfig.json"));
    writeFileSync(join(folder, "src", room, "ground.ts"), "export const ground: number = 1;\n");
  }
  const references = Object.keys(ROOMS).map((room) => ({ path: `./src/${room}` }));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ files: [], references }));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  symlinkSync(join(PROJECT_FOLDER, "node_modules"), join(folder, "node_modules"));
  return folder;
}

function withPlanted(folder: string, files: readonly Planted[], action: () => string): string {
  for (const file of files) writeFileSync(join(folder, file.path), file.text);
  try {
    return action();
  } finally {
    for (const file of files) rmSync(join(folder, file.path));
  }
}

function runTool(folder: string, name: string, args: readonly string[]): string {
  const tool = join(PROJECT_FOLDER, "node_modules", ".bin", name);
  const result = spawnSync(tool, args, { cwd: folder, encoding: "utf8", timeout: 60_000 });
  assert.equal(result.error, undefined);
  return `${result.stdout}${result.stderr}`;
}

function expectComplaints(output: string, files: readonly Planted[]): void {
  for (const file of files) {
    const lines = output.split("\n").filter((line) => line.includes(file.path));
    assert.ok(
      lines.some((line) => file.complaint.test(line)),
      `expected ${file.complaint} about ${file.path}, found:\n${lines.join("\n") || output}`,
    );
  }
}
