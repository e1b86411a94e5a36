/**
 * Preloaded (`--import`) into the Node processes that are measured: has them collect their garbage when
 * SIGUSR1 asks for it, and say so by a file. Otherwise they run as they always do. Who asks is
 * `collect-garbage.ts`.
 */
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** One collection leaves what only the next can see to be free. */
const COLLECTIONS = 3;
/** A worker that beats every half second has beaten by then. */
const BREATH_MS = 600;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as (options: object) => void;
/** As when memory is short: what a normal collection keeps for the next objects goes, too. */
const ALL = { type: "major", execution: "sync", flavor: "last-resort" };
setFlagsFromString("--no-expose-gc");

// In turns of their own: of a large heap they take a second together, and main kills who gives no sign of
// life.
async function collectAll(): Promise<void> {
  for (let count = 0; count < COLLECTIONS; count++) {
    collect(ALL);
    await wait(BREATH_MS);
  }
  writeFileSync(join(tmpdir(), `kakehi-bench-collected-${process.pid}`), "");
}

process.on("SIGUSR1", () => void collectAll());
