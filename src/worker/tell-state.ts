/**
 * A worker's state as a memory file, for a main that takes it over and has another one.
 */
import { writeSync } from "node:fs";
import { assert } from "../base/assert.ts";
import { stateFileText } from "../model/state-file.ts";
import type { State } from "../model/state.ts";
import { openMemoryFile } from "../sys/memory-file.ts";

/** An open memory file of what a state file would hold; who calls owns it. */
export function stateInMemory(state: State, revision: number): number {
  const file = openMemoryFile("kakehi state");
  assert(file.ok, "no memory file for the state");
  for (const piece of stateFileText(state, revision).pieces) writeSync(file.value, piece);
  return file.value;
}
