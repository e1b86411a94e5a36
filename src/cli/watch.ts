/**
 * `--watch`: what a command shows, asked for again and again until Ctrl-C. On a terminal each look takes the
 * place of the one before; elsewhere they follow one another.
 */
import { setTimeout } from "node:timers/promises";
import type { Command } from "commander";
import { parseTimerMs } from "./option-values.ts";

const EVERY_MS_DEFAULT = 2_000;
/** Home, and all below it away (ECMA-48: CUP, ED). */
const CLEAR = "\u001b[H\u001b[J";

/** Adds the options to a command that shows with `showOrWatch`. */
export function addWatchOptions(command: Command): Command {
  return command
    .option("--watch", "Show it again and again, until Ctrl-C.")
    .option("--every <duration>", "How often --watch asks. [2s]", parseTimerMs);
}

/** Asks and shows once, or with `--watch` until something ends it. */
export async function showOrWatch<Value>(
  command: Command,
  look: () => Promise<Value>,
  show: (value: Value) => void,
): Promise<void> {
  const { watch, every = EVERY_MS_DEFAULT } = command.opts<{ watch?: boolean; every?: number }>();
  for (;;) {
    const value = await look();
    if (watch && process.stdout.isTTY) process.stdout.write(CLEAR);
    show(value);
    if (!watch) return;
    await setTimeout(every);
  }
}
