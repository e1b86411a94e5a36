/**
 * A command that sends one order of the catalogue: its options are the order's fields, its help the
 * catalogue's words. What the fields may hold is the proxy's to say.
 */
import { Argument, type Command, InvalidArgumentError, Option } from "commander";
import type { OrderType } from "../model/orders.ts";
import { addChangeOptions, changeFrameOf } from "./change-options.ts";
import { contextOf } from "./context.ts";
import { UsageError } from "./exit-codes.ts";
import { showExample } from "./help.ts";
import { parseDurationMs } from "./option-values.ts";
import { sendAndShow } from "./proxy.ts";

/** One field of an order as an option. */
export interface FieldOption {
  /** As commander writes them: `--weight <count>`. */
  readonly flags: string;
  /** Where its value stands in `data`, as in `weight` or `path.prefix`. */
  readonly field: string;
  /** From text to value, and the value before where an option may be repeated. */
  readonly parse?: (text: string, before?: never) => unknown;
  readonly choices?: readonly string[];
  /** In words, where the catalogue's do not fit an option; without it, the catalogue is asked. */
  readonly help?: string;
  /** Sent where the option is not given, and the protocol has no default. */
  readonly preset?: unknown;
}

export interface OrderCommand {
  /** The verb, as in `add`. */
  readonly name: string;
  readonly orderType: OrderType;
  readonly options: readonly FieldOption[];
  /** Fields that may also be given without their option's name, in this order. */
  readonly positional?: readonly string[];
  /** Fields that the order cannot do without. */
  readonly required: readonly string[];
  readonly examples: readonly string[];
}

const ORDERS: WeakMap<Command, OrderCommand> = new WeakMap();

/** No field of an order: the option that names fields which get their defaults back. */
const RESET = "(reset)";
const RESET_HELP = "Give an option its default back. May be repeated.";

type OptionValues = Readonly<Record<string, unknown>>;

const WAIT = "Wait until nothing uses it any more";
const NO_WAIT = "Return at once, and say how many connections are left";

/** `waits`: what happens where neither is given. */
function waitOptions(waits: boolean): readonly FieldOption[] {
  const preset = ": so it is without this.";
  return [
    { flags: "--wait", field: "drain.wait", help: `${WAIT}${waits ? preset : "."}` },
    { flags: "--no-wait", field: "drain.wait", help: `${NO_WAIT}${waits ? "." : preset}` },
  ];
}

const DRAIN_OPTIONS: readonly FieldOption[] = [
  { flags: "--deadline <duration>", field: "drain.deadline_ms", parse: parseDurationMs },
  { flags: "--on-deadline <what>", field: "drain.on_deadline", choices: ["close", "keep"] },
  {
    flags: "--progress <duration>",
    field: "drain.progress_ms",
    parse: parseDurationMs,
    help: "The least time between two lines of progress. [1s]",
  },
];

/** Adds a command below `parent` that sends a change of the configuration, and shows how it goes. */
export function declareChange(parent: Command, change: OrderCommand): Command {
  const command = addChangeOptions(declareOrder(parent, change));
  return command.action(async () => {
    const data = dataOf(command, change);
    await sendAndShow(contextOf(command), { type: change.orderType, data, ...changeFrameOf(command) });
  });
}

/**
 * As `declareChange`, for an order that updates: the fields of `resettable` can be given their defaults back.
 */
export function declareUpdate(
  parent: Command,
  update: OrderCommand & { readonly resettable: readonly string[] },
): Command {
  const names = update.resettable.map((field) => [nameOf(field, update), field] as const);
  const parse = (name: string, fields: readonly string[] = []): readonly string[] => {
    const field = new Map(names).get(name);
    if (field === undefined) {
      throw new InvalidArgumentError(`It must be one of ${names.map(([each]) => each).join(", ")}.`);
    }
    return [...fields, field];
  };
  return declareChange(parent, {
    ...update,
    options: [...update.options, { flags: "--reset <option>", field: RESET, parse, help: RESET_HELP }],
  });
}

/** As `declareChange`, for an order that removes: it waits for the drain. */
export function declareRemoval(parent: Command, removal: OrderCommand): Command {
  const options = [...removal.options, ...waitOptions(true), ...DRAIN_OPTIONS];
  return declareChange(parent, { ...removal, options });
}

/** As `declareChange`, for an order that replaces: it waits for the drain of the old one if it is told to. */
export function declareReplacement(parent: Command, replacement: OrderCommand): Command {
  const options = [...replacement.options, ...waitOptions(false), ...DRAIN_OPTIONS];
  return declareChange(parent, { ...replacement, options });
}

/**
 * Adds a command below `parent` with an order's fields as its arguments and options; the caller gives it its
 * action.
 */
export function declareOrder(parent: Command, order: OrderCommand): Command {
  const command = parent.command(order.name);
  for (const option of order.options) command.addOption(optionOf(option));
  for (const field of order.positional ?? []) command.addArgument(argumentOf(field, order));
  const usage = (order.positional ?? []).map((field) => {
    return order.required.includes(field) ? `<${dashed(field)}>` : `[${dashed(field)}]`;
  });
  command.usage([...usage, "[options]"].join(" "));
  showExample(command, ...order.examples);
  ORDERS.set(command, order);
  return command;
}

/** The order behind a command that was made here. */
export function findOrder(command: Command): OrderCommand | undefined {
  return ORDERS.get(command);
}

/**
 * The order's `data`, from the arguments and options that were given. Throws `UsageError` where a needed one
 * is missing.
 */
export function dataOf(command: Command, order: OrderCommand): Record<string, unknown> {
  const values: OptionValues = command.opts();
  const data: Record<string, unknown> = {};
  for (const option of order.options) {
    const value = values[optionOf(option).attributeName()] ?? option.preset;
    if (option.field === RESET) {
      for (const field of (value ?? []) as readonly string[]) data[field] = null;
    } else if (value !== undefined) {
      place(data, option.field.split("."), value);
    }
  }
  for (const [index, field] of (order.positional ?? []).entries()) {
    const argument: unknown = command.processedArgs[index];
    if (argument === undefined) continue;
    if (data[field] !== undefined && data[field] !== argument) {
      throw new UsageError(
        `${field} is given twice: ${JSON.stringify(data[field])} and ${JSON.stringify(argument)}`,
      );
    }
    data[field] = argument;
  }
  const missing = order.required.filter((field) => data[field] === undefined);
  if (missing.length > 0) throw new UsageError(missingText(missing, order));
  return data;
}

function optionOf(field: FieldOption): Option {
  const option = new Option(field.flags);
  if (field.choices !== undefined) option.choices(field.choices);
  if (field.parse !== undefined) option.argParser(field.parse as (text: string, before: unknown) => unknown);
  return option;
}

/** Never required by commander itself: the same value may come as an option. */
function argumentOf(field: string, order: OrderCommand): Argument {
  const argument = new Argument(`[${dashed(field)}]`);
  const parse = order.options.find((option) => option.field === field)?.parse;
  return parse === undefined ? argument : argument.argParser(parse as (text: string) => unknown);
}

/** What a field's option is called, without its dashes. */
function nameOf(field: string, order: OrderCommand): string {
  const option = order.options.find((each) => each.field === field);
  return option === undefined ? dashed(field) : optionOf(option).name();
}

function dashed(field: string): string {
  return field.replaceAll("_", "-");
}

function place(data: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = "", ...rest] = path;
  if (rest.length === 0) data[name] = value;
  else place((data[name] ??= {}) as Record<string, unknown>, rest, value);
}

function missingText(missing: readonly string[], order: OrderCommand): string {
  const names = missing.map((field) => `<${dashed(field)}>`).join(" and ");
  return `${names} must be given, as in: ${order.examples[0]}`;
}
