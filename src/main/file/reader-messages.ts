/**
 * What main and the process that reads a file for it say to each other: one JSON value a line, so that main
 * takes it in little by little. Types, and how lines come from pieces.
 */
import type { Complaint, Fault } from "../../model/file/fault.ts";
import type { ObjectKind } from "../../model/objects.ts";
import type { FileHead, FileObject, FileReason } from "./file-objects.ts";

/** What is to be done, at an absolute path. */
export type ReaderTask =
  | { readonly kind: "read"; readonly path: string }
  /** Says where in the file faults are that were found afterwards, if it is still what it was. */
  | {
      readonly kind: "locate";
      readonly path: string;
      readonly digest: string;
      readonly faults: readonly Fault[];
    };

/** What comes of it. Of one task there is a `failed`, or the others of its kind and `done`. */
export type ReaderMessage =
  | { readonly kind: "failed"; readonly reason: FileReason }
  | ReaderHead
  | { readonly kind: "object"; readonly object: FileObject }
  | { readonly kind: "complaints"; readonly complaints: readonly Complaint[] }
  | { readonly kind: "done" };

export interface ReaderHead {
  readonly kind: "head";
  readonly digest: string;
  readonly head: Omit<FileHead, "owns"> & { readonly owns: readonly ObjectKind[] };
}

/** The first line, before anybody relies on another: the files of the program may be others by now. */
export interface ReaderGreeting {
  readonly version: string;
}

const PIECE_CHARS_MIN = 65_536;

/** Lines in pieces of a size that is worth a write. */
export function* piecesOf(values: Iterable<ReaderGreeting | ReaderMessage>): Iterable<string> {
  let piece = "";
  for (const value of values) {
    piece += `${JSON.stringify(value)}\n`;
    if (piece.length < PIECE_CHARS_MIN) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

/** The values of all lines that are whole. */
export async function* valuesOf(pieces: AsyncIterable<string>): AsyncIterable<unknown> {
  let begun = "";
  for await (const piece of pieces) {
    const lines = (begun + piece).split("\n");
    begun = lines.pop()!;
    for (const line of lines) yield JSON.parse(line);
  }
}
