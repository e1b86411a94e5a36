/**
 * Where the command socket is when nobody says. The proxy and its clients ask the same function, so that they
 * meet.
 */
import { accessSync, constants, lstatSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** What the choice depends on; tests give their own. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  readonly temporaryFolder: string;
  isWritable(folder: string): boolean;
}

/**
 * The command socket's path, first that applies:
 *  1. `KAKEHI_SOCKET`;
 *  2. root: `/run/kakehi/command.sock`, where `/run` can be written;
 *  3. `$XDG_RUNTIME_DIR/kakehi/command.sock`;
 *  4. `kakehi-<uid>/command.sock` in the temporary folder.
 */
export function defaultSocketPath(surroundings: Surroundings = surroundingsOfProcess()): string {
  const { environment, uid } = surroundings;
  const named = environment["KAKEHI_SOCKET"];
  if (named) return named;
  if (uid === 0 && surroundings.isWritable("/run")) return "/run/kakehi/command.sock";
  const runtimeFolder = environment["XDG_RUNTIME_DIR"];
  if (runtimeFolder) return join(runtimeFolder, "kakehi", "command.sock");
  return join(surroundings.temporaryFolder, `kakehi-${uid}`, "command.sock");
}

/**
 * Why the folder of a socket that nobody named is not to be trusted: somebody else could have put the socket
 * there, and would read our orders. `undefined`: it is ours, or is not there yet.
 */
export function findFolderFault(socketPath: string, uid: number = ownUid()): string | undefined {
  const folder = dirname(socketPath);
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (!stats.isDirectory()) return `${folder} is no folder`;
  if (stats.uid !== uid && stats.uid !== 0) return `${folder} belongs to another user`;
  return (stats.mode & 0o022) === 0 ? undefined : `${folder} can be written by other users`;
}

function ownUid(): number {
  return process.getuid?.() ?? -1;
}

function surroundingsOfProcess(): Surroundings {
  return { environment: process.env, uid: ownUid(), temporaryFolder: tmpdir(), isWritable };
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
