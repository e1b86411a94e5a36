/**
 * Runs handshakes under valgrind's memcheck: no byte outside its bounds may be read or written, nothing freed
 * twice, and no block of OpenSSL's may be lost. It takes some minutes.
 *
 * `node tools/valgrind.ts [HANDSHAKES]`, by default 10,000; with fewer than 1,000, what is made once looks
 * like a leak. Exits with 1 where something was found.
 *
 * Rules of this file:
 *  1. Values that are not initialised are not looked at: V8's garbage collector reads its stack whole.
 *  2. What is made once, Node and OpenSSL leave behind at their end. What is lost again and again is a leak.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findFaults } from "./valgrind/report.ts";

const HANDSHAKES_DEFAULT = 10_000;
/** Each kind of handshake, of each version, comes once in so many. */
const TURNS_OF_EACH_KIND = 12;
const RUN_MS_MAX = 30 * 60 * 1_000;
const PROGRAM = join(import.meta.dirname, "valgrind", "run-handshakes.ts");

const handshakes = Number(process.argv[2] ?? HANDSHAKES_DEFAULT);
const folder = mkdtempSync(join(tmpdir(), "kakehi-valgrind-"));
try {
  process.exitCode = run(join(folder, "report"));
} finally {
  rmSync(folder, { recursive: true });
}

function run(reportPath: string): number {
  const watching = ["--undef-value-errors=no", "--leak-check=full", "--show-leak-kinds=definite,indirect"];
  const args = [...watching, "--num-callers=30", "--error-limit=no", `--log-file=${reportPath}`];
  const ended = spawnSync("valgrind", [...args, process.execPath, PROGRAM, `${handshakes}`], {
    encoding: "utf8",
    timeout: RUN_MS_MAX,
  });
  if (ended.error !== undefined || ended.status !== 0) {
    console.error(`valgrind did not end well: ${ended.error?.message ?? ended.stderr}`);
    return 1;
  }
  console.log(ended.stdout.trim());
  const faults = findFaults(readFileSync(reportPath, "utf8"), handshakes / TURNS_OF_EACH_KIND);
  for (const fault of faults) console.log(fault);
  console.log(faults.length === 0 ? "nothing found" : `${faults.length} faults`);
  return faults.length === 0 ? 0 : 1;
}
