/**
 * Which I/O this process uses, found out by trying: containers often forbid io_uring, and nothing tells
 * beforehand.
 */
import { fail, ok, type Result } from "../base/result.ts";
import { raiseDescriptorLimit } from "../sys/descriptor-limit.ts";
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

/** Descriptors that are no connections: listeners, channels, logs, Node's own. */
const DESCRIPTORS_RESERVED = 256;

/**
 * `auto` takes io_uring where it works; `uring` fails where it does not. Connections are as many as
 * descriptors allow.
 */
export function chooseIo(
  wanted: "auto" | IoName,
  limits: IoLimits,
  warn: IoWarning,
): Result<IoChoice, IoChoiceFault> {
  const fitted = fitToDescriptors(limits, warn);
  if (wanted === "node") return ok({ io: openNodeIo(fitted, warn), reason: "asked for" });
  const uring = openUringIo(fitted, warn);
  if (uring.ok)
    return ok({ io: uring.value, reason: wanted === "uring" ? "asked for" : "io_uring works here" });
  if (wanted === "uring") return fail({ code: "IO_UNAVAILABLE", message: `no io_uring: ${uring.error}` });
  return ok({ io: openNodeIo(fitted, warn), reason: `no io_uring: ${uring.error}` });
}

/** Raises this process's descriptor limit, and has no more connections than it allows. */
function fitToDescriptors(limits: IoLimits, warn: IoWarning): IoLimits {
  const descriptors = raiseDescriptorLimit();
  const connectionsMax = Math.max(1, Math.min(limits.connectionsMax, descriptors - DESCRIPTORS_RESERVED));
  if (connectionsMax < limits.connectionsMax) {
    warn(`only ${connectionsMax} connections: this process may have ${descriptors} descriptors (ulimit -Hn)`);
  }
  return { ...limits, connectionsMax };
}
