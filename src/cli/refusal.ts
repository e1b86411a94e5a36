/**
 * A refused order in words: what is wrong, where, and what to do about it.
 */
import { styleText } from "node:util";
import type { OrderRefusedError } from "../client/errors.ts";
import { ORDER_ERRORS, type OrderErrorCode } from "../model/errors.ts";

/** Lines for stderr, the first one `error CODE: message`. */
export function describeRefusal(refusal: OrderRefusedError): string {
  const { code, field, message, answer } = refusal;
  const remedy = ORDER_ERRORS[code as OrderErrorCode]?.remedy;
  const lines = [`${styleText("red", `error ${code}`, { stream: process.stderr })}: ${message}`];
  if (field !== undefined) lines.push(`  field:    ${field}`);
  if (answer.error.existing !== undefined) lines.push(`  existing: ${JSON.stringify(answer.error.existing)}`);
  if (remedy !== undefined) lines.push(`  remedy:   ${remedy}`);
  return lines.join("\n");
}
