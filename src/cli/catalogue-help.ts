/**
 * Help in the catalogue's words: what an order does, and what its fields are for. The catalogue costs more to
 * load than a command to run, so it is asked only where help is wanted.
 */
import type { Command, Option } from "commander";
import { CATALOGUE } from "../model/catalogue/catalogue.ts";
import { type FieldDescription, describeFields } from "../model/catalogue/describe.ts";
import { formatDuration } from "./duration.ts";
import { type FieldOption, type OrderCommand, findOrder } from "./order-command.ts";

/** Gives `command` and those below it the words of the orders behind them. */
export function describeFromCatalogue(command: Command): void {
  const order = findOrder(command);
  if (order !== undefined) describe(command, order);
  for (const each of command.commands) describeFromCatalogue(each);
}

function describe(command: Command, order: OrderCommand): void {
  const summary = CATALOGUE[order.orderType].summary.replace("`null`", "--reset");
  command.summary(summary).description(summary);
  const fields = describeFields(order.orderType);
  for (const each of order.options) {
    const option = command.options.find(({ flags }) => flags === each.flags);
    if (option !== undefined) option.description = each.help ?? describeOption(each, option, fields);
  }
}

function describeOption(
  fieldOption: FieldOption,
  option: Option,
  fields: readonly FieldDescription[],
): string {
  const field = findField(fields, fieldOption.field.split("."));
  if (field === undefined) return "";
  const preset = fieldOption.preset ?? field.default;
  const isWorthTelling = preset !== undefined && preset !== false && !option.isBoolean();
  return isWorthTelling ? `${field.description} [${describeDefault(field.name, preset)}]` : field.description;
}

function findField(
  fields: readonly FieldDescription[],
  path: readonly string[],
): FieldDescription | undefined {
  const [name, ...rest] = path;
  const field = fields.find((each) => each.name === name);
  return rest.length === 0 || field === undefined ? field : findField(field.fields, rest);
}

function describeDefault(name: string, value: unknown): string {
  return name.endsWith("_ms") ? formatDuration(Number(value)) : String(value);
}
