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
import { ORDER_TYPES } from "../../src/model/catalogue/catalogue.ts";
import type { OrderType } from "../../src/model/orders.ts";

/** Orders whose commands are written by hand, because an order is only a part of what they do. */
export const ORDERS_BY_HAND: Readonly<Partial<Record<OrderType, string>>> = {
  STATUS: "status",
  METRICS: "metrics",
  SUBSCRIBE_EVENTS: "events",
  WAIT_REVISION: "wait",
  EXPLAIN: "explain",
  TRANSACTION: "transaction",
  SWAP_BACKENDS: "swap",
  HISTORY: "history",
  REVERT: "revert",
  QUERY_DRAINS: "drains",
  SOFT_STOP: "stop",
  HARD_STOP: "stop",
  UPGRADE: "upgrade",
  UPGRADE_MAIN: "upgrade main",
};

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
  /** Those that it sends. */
  readonly orderTypes: readonly OrderType[];
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
  const path = pathOf(command);
  const order = findOrder(command)?.orderType;
  return {
    path,
    usage: command.usage(),
    summary: command.description() || command.summary(),
    examples: examplesOf(command),
    arguments: command.registeredArguments
      .filter(({ description }) => description !== "")
      .map((argument) => ({ name: argument.name(), help: argument.description })),
    options: command.options.filter(({ hidden }) => !hidden).map(describeOption),
    orderTypes: order === undefined ? ordersByHand(path) : [order],
    verbs: command.commands.map(describe),
  };
}

function ordersByHand(path: string): readonly OrderType[] {
  return ORDER_TYPES.filter((type) => path === `kakehi ${ORDERS_BY_HAND[type]}`);
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
