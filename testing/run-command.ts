/**
 * Runs a program to its end, with a deadline, and keeps what it printed.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";

/** `bin/kakehi` of this checkout. */
export const KAKEHI: string = join(import.meta.dirname, "..", "bin", "kakehi");

const DEADLINE_MS = 30_000;

export interface Ended {
  /** The exit code; `null` when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  /** Added to this process's environment; `undefined` takes a variable away. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly folder?: string;
}

/** Runs `program` and waits for its end; after the deadline it is killed, and `code` is `null`. */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ended> {
  const child = spawn(program, args, {
    cwd: options.folder,
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, ...options.environment },
    timeout: DEADLINE_MS,
    killSignal: "SIGKILL",
  });
  const [stdout, stderr] = [child.stdout, child.stderr].map(gather);
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", reject).once("close", resolve);
  const code = await promise;
  return { code, stdout: stdout!(), stderr: stderr!() };
}

function gather(stream: NodeJS.ReadableStream): () => string {
  let text = "";
  stream.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  return () => text;
}
