/**
 * Memory files: what goes from one process to another, or from a main to the program that it becomes, without
 * a place in the file system. The state goes in them as a state file has it.
 */
import { closeSync, readSync, writeSync } from "node:fs";
import { assert } from "../base/assert.ts";
import { fail, type Result } from "../base/result.ts";
import { StateFileReader, stateFileText } from "../model/state-file.ts";
import type { State } from "../model/state.ts";
import { openMemoryFile, sealMemoryFile } from "../sys/memory-file.ts";

const PIECE_BYTES = 1024 * 1024;

/** A memory file of the state, as a state file has it; who calls owns it. */
export function stateInMemory(state: State, revision: number): number {
  return bytesInMemory("kakehi state", stateFileText(state, revision).pieces);
}

/** Rebuilds the state of a memory file, and closes it. The error is a sentence. */
export function readState(stateFd: number): Result<{ state: State; revision: number }, string> {
  const reader = new StateFileReader();
  for (const piece of memoryPieces(stateFd)) reader.push(piece);
  closeSync(stateFd);
  const file = reader.end();
  return file.ok ? file : fail(file.error.message);
}

/** A memory file of these bytes, or texts, that nobody can change any more; who calls owns it. */
export function bytesInMemory(name: string, pieces: Iterable<string | Uint8Array>): number {
  const file = openMemoryFile(name);
  assert(file.ok, "no memory file");
  for (const piece of pieces) writePiece(file.value, piece);
  assert(sealMemoryFile(file.value).ok, "a memory file cannot be sealed");
  return file.value;
}

/** All that a memory file holds; it is closed. */
export function readMemory(memoryFd: number): Uint8Array {
  const pieces = [...memoryPieces(memoryFd)];
  closeSync(memoryFd);
  return Buffer.concat(pieces);
}

/** All that a memory file holds, from its beginning, wherever it was left. It stays open. */
export function* memoryPieces(memoryFd: number): Generator<Uint8Array> {
  for (let position = 0; ;) {
    const piece = Buffer.alloc(PIECE_BYTES);
    const read = readSync(memoryFd, piece, 0, PIECE_BYTES, position);
    if (read === 0) return;
    position += read;
    yield piece.subarray(0, read);
  }
}

function writePiece(memoryFd: number, piece: string | Uint8Array): void {
  if (typeof piece === "string") return void writeSync(memoryFd, piece);
  for (let written = 0; written < piece.length;) written += writeSync(memoryFd, piece, written);
}
