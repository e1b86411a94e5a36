/** Holds messages against the patterns of a transcript. */
import assert from "node:assert/strict";
import type { Message } from "../../testing/http/message-reader.ts";
import type { MessagePattern } from "./transcript.ts";

/**
 * Throws an `AssertionError` unless the message is what the pattern says. Fields that the pattern does not
 * name may be there.
 */
export function assertMatches(message: Message, pattern: MessagePattern): void {
  const { head, body, trailers } = message;
  assert.ok(fits(head.startLine, pattern.startLine), `${head.startLine}\n  is not\n${pattern.startLine}`);
  for (const [name, value] of pattern.fields) {
    const values = head.fields.filter(([each]) => each.toLowerCase() === name).map(([, each]) => each);
    assert.ok(
      values.length === 1 && fits(values[0]!, value),
      `${name} is ${JSON.stringify(values)}, not ${JSON.stringify(value)}, in\n${head.raw}`,
    );
  }
  for (const name of pattern.absent) {
    assert.ok(
      head.fields.every(([each]) => each.toLowerCase() !== name),
      `${name} should not be there, in\n${head.raw}`,
    );
  }
  for (const [name, value] of pattern.trailers) {
    const values = trailers.filter(([each]) => each.toLowerCase() === name).map(([, each]) => each);
    assert.deepEqual(values, [value], `trailer ${name}`);
  }
  assert.equal(body.toString("latin1"), pattern.body);
}

/** `…` stands for any text, none included. */
function fits(text: string, pattern: string): boolean {
  const literals = pattern
    .split("…")
    .map((literal) => literal.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${literals.join("[^\\r\\n]*")}$`).test(text);
}
