/**
 * What every command that changes the configuration can be told beside its order's data: only to say what
 * would change, and to change nothing that is not as expected.
 */
import type { Command } from "commander";
import { parseCount } from "./option-values.ts";

/** What stands beside `data` in a change. */
export interface ChangeFrame {
  readonly if_revision?: number;
  readonly dry_run?: true;
}

/** Adds the options to a command that sends with `changeFrameOf`. */
export function addChangeOptions(command: Command): Command {
  return command
    .option("--dry-run", "Say what would change, and change nothing.")
    .option("--if-revision <revision>", "Only if the configuration is still at this revision.", parseCount);
}

/** What was given of them. */
export function changeFrameOf(command: Command): ChangeFrame {
  const { dryRun, ifRevision } = command.opts<{ dryRun?: boolean; ifRevision?: number }>();
  return { ...(ifRevision !== undefined && { if_revision: ifRevision }), ...(dryRun && { dry_run: true }) };
}
