/**
 * `kakehi metrics`: what the proxy counts, and what is there now.
 */
import type { Command } from "commander";
import { writeExposition } from "../metrics/exposition.ts";
import type { DistributionAnswer, MetricAnswer, MetricAnswerValue } from "../model/answer-data.ts";
import { contextOf } from "./context.ts";
import { formatDuration } from "./duration.ts";
import { showExample } from "./help.ts";
import { print, printJson } from "./output.ts";
import { ask, withClient } from "./proxy.ts";
import { type Column, formatTable } from "./table.ts";

interface Row {
  readonly name: string;
  readonly value: string | number;
}

const COLUMNS: readonly Column<Row>[] = [
  { title: "METRIC", cell: ({ name }) => name },
  { title: "VALUE", align: "right", cell: ({ value }) => value },
];

export function declare(command: Command): void {
  showExample(command, "kakehi metrics", "kakehi metrics --all", "kakehi metrics --prometheus");
  command
    .option("--prometheus", "Print the text that Prometheus reads.")
    .option("--all", "Show also what is zero.")
    .action(async () => {
      const context = contextOf(command);
      const { prometheus, all } = command.opts<{ prometheus?: boolean; all?: boolean }>();
      const data = await withClient(context, (client) => ask(context, client, { type: "METRICS" }));
      if (prometheus) return print(writeExposition(data.metrics));
      if (context.json) return printJson(data);
      const rows = Object.entries(data.metrics).flatMap(([name, metric]) => rowsOf(name, metric));
      print(formatTable(COLUMNS, all ? rows : rows.filter(({ value }) => value !== 0)));
    });
}

function rowsOf(name: string, { value, label }: MetricAnswer): Row[] {
  if (typeof value === "number")
    return [{ name, value: name === "uptime_ms" ? formatDuration(value) : value }];
  if (isDistribution(value)) {
    const quantiles = (["p50", "p90", "p99", "p999"] as const).map((quantile) => ({
      name: `${name}{${quantile}}`,
      value: value[quantile] ?? 0,
    }));
    return [{ name: `${name}{count}`, value: value.count }, ...quantiles];
  }
  return Object.entries(value).map(([each, count]) => ({ name: `${name}{${label}=${each}}`, value: count }));
}

function isDistribution(value: MetricAnswerValue): value is DistributionAnswer {
  return typeof value === "object" && Array.isArray(value["buckets"]);
}
