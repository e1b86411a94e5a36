/**
 * Runs the handshake load as a program of its own, on the load's core.
 */
import { join } from "node:path";
import type { Handshakes, HandshakesResult } from "./handshakes.ts";
import { outputOf } from "./program-output.ts";

const GENERATOR = join(import.meta.dirname, "handshakes.ts");

/** Runs it to its end. Throws with what it said when it could not measure. */
export async function runHandshakes(asked: Handshakes, signal?: AbortSignal): Promise<HandshakesResult> {
  const command = [process.execPath, GENERATOR, JSON.stringify(asked)];
  const output = await outputOf(command, asked.seconds, signal);
  const line = output.split("\n").find((text) => text.startsWith("{"));
  if (line === undefined) throw new Error(`the load of handshakes said:\n${output}`);
  return JSON.parse(line) as HandshakesResult;
}

/** `12 FAULTS (ECONNRESET 12)`, or nothing. */
export function faultsText({ faults, reasons }: HandshakesResult): string {
  if (faults === 0) return "";
  const list = Object.entries(reasons).map(([reason, count]) => `${reason} ${count}`);
  return `, ${faults} FAULTS (${list.join(", ")})`;
}
