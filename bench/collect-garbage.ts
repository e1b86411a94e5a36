/**
 * Has a running Node process collect its garbage, so that its memory is what it holds and not what it has not
 * thrown away yet. The process was started with `collectible.ts` preloaded.
 */
import { existsSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as wait } from "node:timers/promises";

const COLLECT_MS_MAX = 20_000;
const LOOK_EVERY_MS = 50;

/** For `NODE_OPTIONS` of a program whose processes are to collect. */
export const COLLECTIBLE: string = `--import=${fileURLToPath(new URL("collectible.ts", import.meta.url))}`;

/** Resolves when the process has collected. */
export async function collectGarbage(pid: number): Promise<void> {
  const collected = join(tmpdir(), `kakehi-bench-collected-${pid}`);
  rmSync(collected, { force: true });
  process.kill(pid, "SIGUSR1");
  const until = performance.now() + COLLECT_MS_MAX;
  while (!existsSync(collected)) {
    if (performance.now() > until) throw new Error(`the garbage of process ${pid} is not collected`);
    await wait(LOOK_EVERY_MS);
  }
  rmSync(collected);
}
