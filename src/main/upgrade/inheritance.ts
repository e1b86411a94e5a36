/**
 * What the program that we were has left to us: its document and its state, read before anything is done
 * with them, and its descriptors, ours from then on.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import { comeForward } from "../../io/niceness.ts";
import { readState } from "../../io/memory-files.ts";
import type { CarriedFile, CarriedMain } from "../../model/carried.ts";
import type { State } from "../../model/state.ts";
import { closeDescriptor, closeOnExec } from "../../sys/descriptor.ts";
import type { Control } from "../control.ts";
import { drainTarget } from "../orders/publish.ts";
import { descriptorsOf } from "./carry-main.ts";
import { readDocument } from "./document-file.ts";

export interface Inheritance {
  /** The version of the program that we were. */
  readonly fromVersion: string;
  readonly main: CarriedMain;
  readonly state: State;
}

/** Reads the document of a memory file, and the state that it names; both are closed. */
export function readInheritance(documentFd: number): Result<Inheritance, string> {
  const read = readDocument(documentFd);
  closeDescriptor(documentFd);
  if (!read.ok) return read;
  const { main, programVersion } = read.value;
  descriptorsOf(main).forEach(closeOnExec);
  const rebuilt = readState(main.state_fd);
  if (!rebuilt.ok) return rebuilt;
  const { state } = rebuilt.value;
  if (state.hash() !== main.hash) return fail("the state makes another configuration than it did");
  return ok({ fromVersion: programVersion, main, state });
}

/** What the configuration file said to the program that we were. The document stays to be read. */
export function readCarriedFile(documentFd: number): CarriedFile {
  const read = readDocument(documentFd);
  return (read.ok ? read.value.main.configuration_file : undefined) ?? {};
}

/** Puts what is carried beside the state into main's parts, before workers are taken over. */
export function inheritParts(control: Control, { main }: Inheritance): void {
  const { listeners, drains, now } = control;
  // The long part of the start is over, and what is started from now on starts like us.
  if (main.niceness !== undefined) comeForward(process.pid, main.niceness);
  for (const { address, fd } of main.listeners) listeners.inherit(address, fd);
  drains.passOver(main.drains.last);
  const ours = (epochMs: number): number => epochMs - Date.now() + now();
  for (const { drain, order, kind, key, stays, ...times } of main.drains.lasting) {
    drains.restore(drain, drainTarget(order, kind, key, stays), ours(times.since_ms));
    if (times.close_at_ms !== undefined) drains.closeAt(drain, ours(times.close_at_ms));
  }
}
