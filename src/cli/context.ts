/**
 * What every command is told beside its own arguments: the global options, read once.
 */
import type { Command } from "commander";
import { defaultSocketPath, findFolderFault } from "../client/socket-path.ts";
import { UsageError } from "./exit-codes.ts";

/** The longest path that a Unix socket may have on Linux (unix(7): `sun_path`, with its zero byte 108). */
const SOCKET_PATH_BYTES_MAX = 107;

const ANSWER_TIMEOUT_MS_DEFAULT = 30_000;

export interface Context {
  readonly socketPath: string;
  /** For programs: JSON on stdout. */
  readonly json: boolean;
  /** How long to wait for the first answer to an order. */
  readonly answerTimeoutMs: number;
}

/** The global options as they stand for `command`. */
export function contextOf(command: Command): Context {
  const options = command.optsWithGlobals<{ socket?: string; json?: boolean; timeout?: number }>();
  const socketPath = options.socket ?? defaultSocketPath();
  const isNamed = options.socket !== undefined || Boolean(process.env["KAKEHI_SOCKET"]);
  const fault = isNamed ? undefined : findFolderFault(socketPath);
  if (fault !== undefined) throw new UsageError(`${fault}; name a socket that you trust with --socket`);
  if (Buffer.byteLength(socketPath) > SOCKET_PATH_BYTES_MAX) {
    throw new UsageError(
      `a socket's path has at most ${SOCKET_PATH_BYTES_MAX} bytes, and this one has more: ${socketPath}`,
    );
  }
  return {
    socketPath,
    json: options.json ?? false,
    answerTimeoutMs: options.timeout ?? ANSWER_TIMEOUT_MS_DEFAULT,
  };
}
