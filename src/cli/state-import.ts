/**
 * `kakehi state import`: a state file of Sōzu into the configuration, with a report of what has no
 * equivalent.
 */
import type { Command } from "commander";
import type { OkAnswer } from "../client/client.ts";
import { addChangeOptions, changeFrameOf } from "./change-options.ts";
import { contextOf } from "./context.ts";
import { type FieldOption, type OrderCommand, dataOf, declareOrder } from "./order-command.ts";
import { describeOutcome } from "./outcome.ts";
import { sendAndShow } from "./proxy.ts";

const LEFT_OUT_SHOWN_MAX = 50;

/** What of the answer's data the report is made of. */
interface Report {
  readonly left_out?: readonly { readonly record: number; readonly reason: string }[];
  readonly left_out_total?: number;
  readonly unused_fields?: readonly string[];
}

/** Adds the command below `parent`; `path` is the file's option. */
export function declareImport(parent: Command, path: FieldOption): void {
  const order: OrderCommand = {
    name: "import",
    orderType: "IMPORT_STATE",
    options: [path, { flags: "--partial", field: "partial" }],
    positional: ["path"],
    required: ["path"],
    examples: ["kakehi state import sozu.json --dry-run", "kakehi state import sozu.json --partial"],
  };
  const command = addChangeOptions(declareOrder(parent, order));
  command.action(async () => {
    const sent = { type: order.orderType, data: dataOf(command, order), ...changeFrameOf(command) };
    await sendAndShow(contextOf(command), sent, describe);
  });
}

function describe(answer: OkAnswer<object>): string {
  const {
    left_out: leftOut = [],
    left_out_total: total = 0,
    unused_fields: unused = [],
  }: Report = answer.data;
  const shown = leftOut.slice(0, LEFT_OUT_SHOWN_MAX);
  return [
    describeOutcome(answer as Parameters<typeof describeOutcome>[0]),
    ...shown.map(({ record, reason }) => `  left out: record ${record}: ${reason}`),
    ...(total > shown.length ? [`  … and ${total - shown.length} more; --json shows the first 1,000`] : []),
    ...(unused.length === 0 ? [] : [`  said nothing here: ${unused.join(", ")}`]),
  ].join("\n");
}
