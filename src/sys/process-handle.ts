/**
 * Other processes, as one who has no `ChildProcess` of them: by a descriptor that stays theirs though their
 * number is given out again (pidfd_open(2)), and our own children by their end (waitpid(2)).
 *
 * A handle becomes readable when its process is over (`isReadable` in `descriptor.ts`), whoever its parent
 * is, and before that parent has asked for it.
 */
import { assert } from "../base/assert.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { scratch } from "./arena.ts";
import { ECHILD, systemFault, type SystemFault } from "./errno.ts";
import * as libc from "./libc.ts";

/** They have these numbers on every architecture. */
const SYS_PIDFD_SEND_SIGNAL = 424;
const SYS_PIDFD_OPEN = 434;
const WNOHANG = 1;

/** What has become of a child of ours. `not-ours`: no such child, or its end was asked for before. */
export type ChildState =
  | { readonly kind: "running" }
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "killed"; readonly signal: number }
  | { readonly kind: "not-ours" };

/**
 * A handle of a process, closed on exec; who calls owns it. `ESRCH`: there is no such process.
 */
export function openProcessHandle(pid: number): Result<number, SystemFault> {
  assert(Number.isInteger(pid) && pid > 0, `${pid} is no process`);
  const result = libc.syscall(SYS_PIDFD_OPEN, pid, 0, 0, 0, 0, 0);
  return result < 0 ? fail(systemFault(-result, "pidfd_open")) : ok(result);
}

/**
 * Sends a signal by its number (signal(7)) to the process of a handle, and never to another one. `ESRCH`: it
 * is over, and its parent knows.
 */
export function signalProcess(handle: number, signal: number): Result<void, SystemFault> {
  assert(Number.isInteger(handle) && handle >= 0, `${handle} is no descriptor`);
  const result = libc.syscall(SYS_PIDFD_SEND_SIGNAL, handle, signal, 0, 0, 0, 0);
  return result < 0 ? fail(systemFault(-result, "pidfd_send_signal")) : ok(undefined);
}

/**
 * What has become of our child `pid`, at once; its end is told once, and then the kernel forgets it. Not for
 * children that Node has spawned and watches: their end would be missed there.
 */
export function reapChild(pid: number): ChildState {
  assert(Number.isInteger(pid) && pid > 0, `${pid} is no process`);
  const result = libc.waitpid(pid, scratch.addressOf(0, 4), WNOHANG);
  if (result === 0) return { kind: "running" };
  if (result === -ECHILD) return { kind: "not-ours" };
  assert(result === pid, systemFault(-result, "waitpid").message);
  const status = scratch.words[0]!;
  const signal = status & 0x7f;
  return signal === 0 ? { kind: "exited", code: (status >> 8) & 0xff } : { kind: "killed", signal };
}
