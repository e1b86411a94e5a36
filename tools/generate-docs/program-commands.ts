/**
 * The program's commands with the words of the catalogue, as pages about them need them: plain data. What
 * depends on the machine that looks is said for all machines.
 */
import { availableParallelism } from "node:os";
import type { Command, Option } from "commander";
import { describeFromCatalogue } from "../../src/cli/catalogue-help.ts";
import { findOrder } from "../../src/cli/order-command.ts";
import { COMMANDS, createProgram } from "../../src/cli/program.ts";
import { defaultSocketPath } from "../../src/client/socket-path.ts";
import type { OrderType } from "../../src/model/orders.ts";

export interface DescribedCommand {
  /** As it is called, as in `kakehi backend add`. */
  readonly path: string;
  /** What stands behind that, as in `<cluster-id> [options]`. */
  readonly usage: string;
  /** A sentence. */
  readonly summary: string;
  readonly examples: readonly string[];
  /** Arguments that are no options. */
  readonly arguments: readonly DescribedArgument[];
  readonly options: readonly DescribedOption[];
  /** The order behind it, where it sends just one. */
  readonly orderType?: OrderType;
  readonly verbs: readonly DescribedCommand[];
}

export interface DescribedArgument {
  readonly name: string;
  readonly help: string;
}

export interface DescribedOption {
  /** As in `--weight <count>`. */
  readonly flags: string;
  readonly help: string;
  readonly choices: readonly string[];
  /** The variable of the environment that can give it, too. */
  readonly variable?: string;
}

/** The program; its verbs are the commands, in the order of its help. */
export async function describeProgram(): Promise<DescribedCommand> {
  const program = createProgram([]);
  for (const { name, load } of COMMANDS) {
    const command = program.commands.find((each) => each.name() === name)!;
    await (await load()).declare(command);
  }
  describeFromCatalogue(program);
  return describe(program);
}

function describe(command: Command): DescribedCommand {
  const order = findOrder(command);
  return {
    path: pathOf(command),
    usage: command.usage(),
    summary: command.description() || command.summary(),
    examples: examplesOf(command),
    arguments: command.registeredArguments
      .filter(({ description }) => description !== "")
      .map((argument) => ({ name: argument.name(), help: argument.description })),
    options: command.options.filter(({ hidden }) => !hidden).map(describeOption),
    ...(order !== undefined && { orderType: order.orderType }),
    verbs: command.commands.map(describe),
  };
}

function pathOf(command: Command): string {
  const { parent } = command;
  return parent === null ? command.name() : `${pathOf(parent)} ${command.name()}`;
}

function describeOption({ flags, description, argChoices, envVar }: Option): DescribedOption {
  return {
    flags,
    help: ofAnyMachine(description),
    choices: argChoices ?? [],
    ...(envVar !== undefined && { variable: envVar }),
  };
}

function ofAnyMachine(text: string): string {
  return text
    .replace(` [${defaultSocketPath()}]`, "")
    .replace(`[${availableParallelism()}: as many as processors]`, "[as many as processors]");
}

/** What its help begins with. */
function examplesOf(command: Command): readonly string[] {
  let help = "";
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  const [title = "", ...lines] = help.split("\n");
  if (!/^Examples?:$/.test(title)) return [];
  return lines
    .slice(
      0,
      lines.findIndex((line) => !line.startsWith("  ")),
    )
    .map((line) => line.trim());
}
