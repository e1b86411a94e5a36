/**
 * `docs/metrics.md`: every metric, from the catalogue.
 */
import { METRIC_NAMES, METRICS, type Metric } from "../../src/metrics/catalogue.ts";
import { familyName } from "../../src/metrics/exposition.ts";
import { generatedFrom, table } from "./markdown.ts";

const HEADS = ["name", "type", "label", "what it is", "for Prometheus"];

const INTRODUCTION = `
\`METRICS\` answers them all, with their sums and by worker; \`kakehi metrics\` shows them, and
\`kakehi metrics --prometheus\` writes them as text that Prometheus reads. Times are in milliseconds, for
Prometheus in seconds. Counters only grow for as long as main runs: what a worker has counted outlives
it. Of one that was killed, what it counted since its last heartbeat, half a second at most, is lost.`;

export function metricsPage(): string {
  const head = [generatedFrom("src/metrics/catalogue.ts"), "# Metrics", INTRODUCTION.trim()];
  const parts = [
    ["## Of the workers", "Each worker's, and summed.", tableOf("worker")],
    ["## Of main", tableOf("main")],
  ].flat();
  return `${[...head, ...parts].join("\n\n")}\n`;
}

function tableOf(owner: Metric["of"]): string {
  const names = METRIC_NAMES.filter((name) => METRICS[name].of === owner);
  return table(
    HEADS,
    names.map((name) => {
      const { type, label, help } = METRICS[name];
      const values = label?.values.map((value) => `\`${value}\``).join(", ");
      const labelText = label === undefined ? "" : `${label.name}: ${values}`;
      return [`\`${name}\``, type, labelText, help, `\`${familyName(name, METRICS[name])}\``];
    }),
  );
}
