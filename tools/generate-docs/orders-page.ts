/**
 * `docs/orders.md`: every order with its fields, an example and its errors, from the model's catalogue.
 */
import { CATALOGUE, ORDER_TYPES } from "../../src/model/catalogue/catalogue.ts";
import { describeFields, type FieldDescription } from "../../src/model/catalogue/describe.ts";
import type { OrderErrorCode } from "../../src/model/errors.ts";
import type { OrderType } from "../../src/model/orders.ts";
import { exampleAnswer, exampleOrder } from "./examples.ts";
import { codeBlock, generatedFrom, jsonText, table, withCode } from "./markdown.ts";

/** What every order may be refused with. */
export const COMMON_ERRORS: readonly OrderErrorCode[] = [
  "BAD_ORDER",
  "UNSUPPORTED_VERSION",
  "UNKNOWN_FIELD",
  "INVALID_FIELD",
  "DUPLICATE_ID",
  "CONFLICT",
  "FORBIDDEN",
];

const INTRODUCTION = `
An order is one JSON object on the command socket, followed by a zero byte; so is an answer. The envelope, the
answers and draining are described in [protocol.md](protocol.md), the codes in [errors.md](errors.md).

Around \`data\`, every order may have \`version\` (1) and \`if_revision\`, and those that change the
configuration \`dry_run\`. A field that is not known is an error. Where the configuration file has
[rights](operating/configuration.md#rights), an order needs the one that stands beside it.`;

export function ordersPage(): string {
  const common = `Every order may be refused with ${codes(COMMON_ERRORS)}; each names what else it may get.`;
  const head = [generatedFrom("src/model/catalogue/"), "# Orders", INTRODUCTION.trim(), common, overview()];
  return `${[...head, ...ORDER_TYPES.map(section)].join("\n\n")}\n`;
}

function overview(): string {
  const rows = ORDER_TYPES.map((type) => {
    const { summary, changesState, right } = CATALOGUE[type];
    return [`[\`${type}\`](#${type.toLowerCase()})`, summary, changesState ? "yes" : "", `\`${right}\``];
  });
  return table(["order", "what it does", "changes the configuration", "right"], rows);
}

function section(type: OrderType): string {
  const { summary, errors } = CATALOGUE[type];
  const rows = fieldRows("", describeFields(type));
  return [
    `## ${type}`,
    summary,
    rows.length === 0 ? "It has no data." : table(["field", "takes", "default", "what for"], rows),
    codeBlock("json", jsonText(exampleOrder(type))),
    answerTitle(type),
    codeBlock("json", jsonText(exampleAnswer(type))),
    ...(errors.length === 0 ? [] : [`Refused also with ${codes(errors)}.`]),
  ].join("\n\n");
}

function answerTitle(type: OrderType): string {
  const { answeredBy, isEndless } = CATALOGUE[type];
  if (isEndless) return "Its answers, one for each event:";
  return answeredBy === "workers" ? "Its answer, once every worker has done it:" : "Its answer:";
}

/** The fields of an object stand below it, with their path. */
function fieldRows(parent: string, fields: readonly FieldDescription[]): string[][] {
  return fields.flatMap((field) => {
    const path = `${parent}${field.name}`;
    const row = [`\`${path}\``, withCode(field.type), defaultOf(field), field.description];
    return [row, ...fieldRows(`${path}.`, field.fields)];
  });
}

function defaultOf(field: FieldDescription): string {
  if (field.required) return "required";
  return field.default === undefined ? "" : `\`${JSON.stringify(field.default)}\``;
}

function codes(errors: readonly OrderErrorCode[]): string {
  return errors.map((code) => `[\`${code}\`](errors.md)`).join(", ");
}
