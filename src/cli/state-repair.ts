/**
 * `kakehi state repair`: what a start refuses as damaged, looked at and made usable again. It works on the
 * files themselves, while no proxy uses them.
 */
import { resolve } from "node:path";
import type { Command } from "commander";
import { examineState, type ExaminedState } from "../main/store/repair.ts";
import type { Salvage } from "../main/store/salvage.ts";
import { EXIT, StartError, UsageError } from "./exit-codes.ts";
import { showExample } from "./help.ts";
import { print, printJson } from "./output.ts";

const DROPPED_SHOWN_MAX = 50;

interface RepairOptions {
  readonly yes?: boolean;
  readonly output?: string;
  readonly json?: boolean;
}

/** What was done about the damage. */
type Done =
  | { readonly kind: "nothing" }
  | { readonly kind: "replaced"; readonly kept: readonly string[] }
  | { readonly kind: "written"; readonly path: string };

export function declareRepair(command: Command): void {
  const summary = "Say what is damaged in a state file and its journal, and repair it.";
  command.summary(summary).description(summary);
  showExample(
    command,
    "kakehi state repair kakehi.state",
    "kakehi state repair kakehi.state --yes",
    "kakehi state repair kakehi.state --output saved.state",
  );
  command
    .argument("<path>", "The file that a proxy was started with as --state. None may be using it.")
    .option("--yes", "Replace the damaged files; they are kept beside, with their time in the name.")
    .option("--output <file>", "Leave the damaged files alone, and write what can be saved to a new one.")
    .action(async (path: string) => {
      const options = command.optsWithGlobals<RepairOptions>();
      if (options.yes && options.output !== undefined) {
        throw new UsageError("--output leaves the damaged files alone: leave --yes out");
      }
      await repair(resolve(path), options);
    });
}

async function repair(path: string, options: RepairOptions): Promise<void> {
  const examined = await examineState(path);
  if (!examined.ok) throw new StartError(examined.error);
  const { found } = examined.value;
  try {
    const done = await act(examined.value, options);
    const isWhole = found.damage.length === 0;
    if (options.json) printJson(asJson(found, done));
    else print(describe(path, found, done));
    if (!isWhole && done.kind === "nothing") process.exitCode = EXIT.refused;
  } finally {
    examined.value.release();
  }
}

async function act(examined: ExaminedState, { yes, output }: RepairOptions): Promise<Done> {
  if (output !== undefined) {
    const path = resolve(output);
    const written = await examined.writeTo(path);
    if (!written.ok) throw new StartError(written.error);
    return { kind: "written", path };
  }
  if (!yes || examined.found.damage.length === 0) return { kind: "nothing" };
  const replaced = await examined.replace();
  if (!replaced.ok) throw new StartError(replaced.error);
  return { kind: "replaced", kept: replaced.value };
}

function asJson({ damage, dropped, torn, state, revision }: Salvage, done: Done): object {
  return { damage, dropped, ...(torn !== undefined && { torn }), revision, kept: state.sizes(), done };
}

function describe(path: string, { damage, dropped, torn, state, revision }: Salvage, done: Done): string {
  const kept = Object.entries(state.sizes()).map(([kind, count]) => `${count} ${kind}`);
  const more = dropped.length - DROPPED_SHOWN_MAX;
  return [
    ...(damage.length === 0 ? [`${path} and its journal are whole`] : damage),
    ...(torn === undefined ? [] : [`${torn}; it was never answered, and the next start cuts it off`]),
    `kept, as revision ${revision}: ${kept.join(", ")}`,
    ...(dropped.length === 0 ? [] : [`left out: ${dropped.length}`]),
    ...dropped.slice(0, DROPPED_SHOWN_MAX).map((line) => `  ${line}`),
    ...(more > 0 ? [`  … and ${more} more; --json shows all`] : []),
    ...describeDone(path, damage.length > 0, done),
  ].join("\n");
}

function describeDone(path: string, isDamaged: boolean, done: Done): string[] {
  switch (done.kind) {
    case "nothing":
      return isDamaged ? [`nothing was changed; to do it: kakehi state repair ${path} --yes`] : [];
    case "replaced":
      return [`repaired; what was there is kept as ${done.kept.join(" and ")}`];
    case "written":
      return [`written to ${done.path}; the damaged files are as they were`];
  }
}
