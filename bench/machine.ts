/**
 * The machine as the results name it, and whether it is quiet enough to be believed.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { setTimeout as wait } from "node:timers/promises";

/** Share of one core that others may use before a measurement. */
const BUSY_SHARE_MAX = 0.1;
const LOOK_MS = 300;
const QUIET_MS_MAX = 20_000;

/** Lines for the table's head: processor, kernel, versions. */
export function describeMachine(): readonly string[] {
  return [
    `${cpus()[0]?.model.trim() ?? "unknown processor"}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `Linux ${release()}`,
    `Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`,
    versionOf("haproxy", ["-v"]),
    versionOf("nginx", ["-v"]),
    versionOf("wrk", ["-v"]),
  ];
}

/**
 * Waits until hardly anybody else computes; the share of one core that others still use, when it gave up
 * waiting.
 */
export async function waitForQuiet(): Promise<number> {
  const until = performance.now() + QUIET_MS_MAX;
  for (;;) {
    const share = await busyShare();
    if (share <= BUSY_SHARE_MAX || performance.now() > until) return share;
  }
}

/** True when a share is small enough for a fair comparison. */
export function isQuiet(share: number): boolean {
  return share <= BUSY_SHARE_MAX;
}

/** Processor time that the whole machine uses at this moment, in cores. */
async function busyShare(): Promise<number> {
  const before = readBusySeconds();
  await wait(LOOK_MS);
  return (readBusySeconds() - before) / (LOOK_MS / 1_000);
}

/** The first line of `/proc/stat`: user, nice, system, (idle, iowait), irq, softirq, steal (proc_stat(5)). */
function readBusySeconds(): number {
  const fields = readFileSync("/proc/stat", "utf8").split("\n")[0]?.split(/\s+/).slice(1).map(Number) ?? [];
  const idle = (fields[3] ?? 0) + (fields[4] ?? 0);
  return (fields.slice(0, 8).reduce((sum, field) => sum + field, 0) - idle) / 100;
}

function versionOf(program: string, args: readonly string[]): string {
  const result = spawnSync(program, args, { encoding: "utf8" });
  const said = `${result.stdout ?? ""}${result.stderr ?? ""}`.split("\n")[0] ?? "";
  return said === "" ? `${program}: not installed` : said.replace(/ - https.*| Copyright.*/, "");
}
