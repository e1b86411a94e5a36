/**
 * Which I/O this process uses, found out by trying: containers often forbid io_uring, and nothing tells
 * beforehand.
 */
import { fail, ok, type Result } from "../base/result.ts";
import type { Io, IoLimits, IoName, IoWarning } from "./io.ts";
import { openNodeIo } from "./node/node-io.ts";
import { openUringIo } from "./uring/uring-io.ts";

/** An I/O implementation, and why it is this one, in words for the log and for STATUS. */
export interface IoChoice {
  readonly io: Io;
  readonly reason: string;
}

export interface IoChoiceFault {
  readonly code: "IO_UNAVAILABLE";
  readonly message: string;
}

/** `auto` takes io_uring where it works; `uring` fails where it does not. */
export function chooseIo(
  wanted: "auto" | IoName,
  limits: IoLimits,
  warn: IoWarning,
): Result<IoChoice, IoChoiceFault> {
  if (wanted === "node") return ok({ io: openNodeIo(limits, warn), reason: "asked for" });
  const uring = openUringIo(limits, warn);
  if (uring.ok)
    return ok({ io: uring.value, reason: wanted === "uring" ? "asked for" : "io_uring works here" });
  if (wanted === "uring") return fail({ code: "IO_UNAVAILABLE", message: `no io_uring: ${uring.error}` });
  return ok({ io: openNodeIo(limits, warn), reason: `no io_uring: ${uring.error}` });
}
