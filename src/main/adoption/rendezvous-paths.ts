/**
 * The names of the sockets where a main that starts finds the workers of the one before: beside the command
 * socket, one for each worker.
 */
import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fail, ok, type Result } from "../../base/result.ts";
import { fileFault } from "../../io/files.ts";

/** Where worker `number` of the main with this command socket is found. */
export function rendezvousPath(socketPath: string, number: number): string {
  return `${socketPath}.worker-${number}`;
}

/** A socket, and the number of its worker. */
export interface FoundSocket {
  readonly number: number;
  readonly path: string;
}

/** All that are there; those of workers that are gone, too. The error is a sentence for the user. */
export function findRendezvous(socketPath: string): Result<readonly FoundSocket[], string> {
  const prefix = `${basename(socketPath)}.worker-`;
  const folder = dirname(socketPath);
  try {
    const found = readdirSync(folder)
      .filter((name) => name.startsWith(prefix) && /^[0-9]{1,5}$/.test(name.slice(prefix.length)))
      .map((name) => ({ number: Number(name.slice(prefix.length)), path: join(folder, name) }));
    return ok(found.sort((a, b) => a.number - b.number));
  } catch (error) {
    return fail(`cannot look for workers in ${folder}: ${fileFault(error).message}`);
  }
}
