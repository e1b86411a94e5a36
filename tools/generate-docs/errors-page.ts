/**
 * `docs/errors.md`: every code that an order may be refused with, from the model's table.
 */
import { ORDER_ERRORS } from "../../src/model/errors.ts";
import { generatedFrom, table } from "./markdown.ts";

const WHO_ACTS = { client: "who sent the order", machine: "who runs the machine", proxy: "we" } as const;

const HEADS = ["code", "meaning", "remedy", "who can act"];

const INTRODUCTION = `
An order that fails is answered with the status \`ERROR\`, and changes nothing, anywhere. Programs go by
\`error.code\`, which is stable; \`error.field\` is the path of the field at fault; \`message\` is for
people.`;

export function errorsPage(): string {
  const rows = Object.entries(ORDER_ERRORS).map(([code, { meaning, remedy, fault }]) => [
    `\`${code}\``,
    meaning,
    remedy,
    WHO_ACTS[fault],
  ]);
  const page = [generatedFrom("src/model/errors.ts"), "# Errors", INTRODUCTION.trim(), table(HEADS, rows)];
  return `${page.join("\n\n")}\n`;
}
