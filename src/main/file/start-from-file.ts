/**
 * What a configuration file means to a start. A new configuration begins with what the file says. One that
 * was kept over a restart, with all that orders have changed, goes on as it was: a crash must not undo
 * orders. That the file says something else is told, and a reload makes it so.
 */
import { setTimeout } from "node:timers/promises";
import { fail, ok, type Result } from "../../base/result.ts";
import { DRAIN_DEFAULTS } from "../../model/defaults.ts";
import type { OrderError } from "../../model/errors.ts";
import { ownAuthor } from "../author.ts";
import type { Control } from "../control.ts";
import { changeToFile, differencesTo } from "../orders/reload-configuration.ts";
import type { ReadConfiguration } from "./read-configuration.ts";

const ATTEMPTS_MAX = 20;
const RETRY_MS = 50;

/** The error is a sentence for the user. */
export async function startFromFile(
  control: Control,
  read: ReadConfiguration,
): Promise<Result<void, string>> {
  const { configuration, log } = control;
  for (const warning of read.warnings) log.warning("configuration file", { path: read.path, warning });
  if (configuration.revision > 0) {
    const differences = differencesTo(control, read);
    if (differences === 0) return ok(undefined);
    log.warning("what was kept goes on, and the configuration file says something else; SIGHUP applies it", {
      path: read.path,
      ...(differences !== undefined && { differences }),
    });
    return ok(undefined);
  }
  for (let attempt = 1; ; attempt++) {
    const begun = await begin(control, read);
    // After a crash of main, the workers of the one before may hold an address for a moment more.
    if (begun.ok || begun.error.code !== "ADDRESS_IN_USE" || attempt === ATTEMPTS_MAX)
      return begun.ok ? begun : fail(`${read.path}: ${begun.error.message}`);
    await setTimeout(RETRY_MS);
  }
}

function begin(control: Control, read: ReadConfiguration): Promise<Result<void, OrderError>> {
  const options = {
    ifRevision: undefined,
    dryRun: false,
    order: "RELOAD_CONFIGURATION",
    drain: DRAIN_DEFAULTS,
  };
  return new Promise((resolve) => {
    control.inTurn(() =>
      changeToFile(control, read, options, {
        author: ownAuthor(),
        via: "signal",
        processing: () => undefined,
        hasRoom: true,
        onRoom: () => undefined,
        ok: (message) => {
          control.log.info(`configuration file: ${message}`, { path: read.path });
          resolve(ok(undefined));
        },
        refuse: (error) => resolve(fail(error)),
        carry: () => undefined,
        lasts: () => undefined,
        onGone: () => undefined,
      }),
    );
  });
}
