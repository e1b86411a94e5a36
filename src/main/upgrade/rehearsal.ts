/**
 * The rehearsal: before main becomes another program, that one proves in a process of its own that it can
 * read what it will be given. Whatever goes wrong with it goes wrong here, where nothing has happened yet.
 */
import { spawn } from "node:child_process";
import { fail, ok, type Result } from "../../base/result.ts";
import { giveWay } from "../../io/niceness.ts";
import { CHANNEL_FORMAT, type ProgramFormats } from "../../model/channel.ts";
import { HANDOVER_FORMAT } from "../../model/handover.ts";

/** What `kakehi` is called with to rehearse (`bin/load.cjs`). */
const REHEARSAL_COMMAND = "rehearse-main";
/** Where it finds the document, and the state. */
export const REHEARSAL_DOCUMENT_FD = 3;
export const REHEARSAL_STATE_FD = 4;

const ANSWER_CHARS_MAX = 65_536;

/** What the new program says of itself, and of what it has read. */
export interface RehearsalAnswer extends ProgramFormats {
  readonly revision: number;
  readonly hash: string;
}

export interface RehearsalOptions {
  /** The program and its first arguments. */
  readonly command: readonly string[];
  readonly documentFd: number;
  readonly stateFd: number;
  readonly timeoutMs: number;
  /** Nobody wants to know any more. */
  readonly givenUp: AbortSignal;
  /** What it must find. */
  readonly revision: number;
  readonly hash: string;
  /** The version that it must be of, if that matters. */
  readonly version: string | undefined;
}

/** The version of the program that can become main. The error is a sentence that says why this one cannot. */
export async function rehearse(options: RehearsalOptions): Promise<Result<string, string>> {
  const said = await ask(options);
  if (!said.ok) return said;
  const answer = parseAnswer(said.value);
  if (answer === undefined) return fail("the new program answers with something else than it should");
  const { version, channel, handover } = answer;
  if (options.version !== undefined && version !== options.version)
    return fail(`the new program is version ${version}, not ${options.version}`);
  if (channel !== CHANNEL_FORMAT || handover !== HANDOVER_FORMAT)
    return fail(`the new program (${version}) speaks another format with workers than those that run`);
  if (answer.revision !== options.revision || answer.hash !== options.hash)
    return fail(`the new program (${version}) makes another configuration of the state`);
  return ok(version);
}

/** What it prints. */
function ask(options: RehearsalOptions): Promise<Result<string, string>> {
  const { command, documentFd, stateFd, timeoutMs, givenUp } = options;
  const [file, ...args] = command as readonly [string, ...string[]];
  const { promise, resolve } = Promise.withResolvers<Result<string, string>>();
  const child = spawn(file, [...args, REHEARSAL_COMMAND], {
    stdio: ["ignore", "pipe", "inherit", documentFd, stateFd],
  });
  if (child.pid !== undefined) giveWay(child.pid);
  let text = "";
  const end = (reason: string): void => {
    child.kill("SIGKILL");
    resolve(fail(reason));
  };
  const isLate = `the new program did not say that it can take over, in ${timeoutMs} ms`;
  const timer = setTimeout(() => end(isLate), timeoutMs);
  const giveUp = (): void => end("it is not wanted any more");
  givenUp.addEventListener("abort", giveUp);
  const over = (): void => {
    clearTimeout(timer);
    givenUp.removeEventListener("abort", giveUp);
  };
  child.stdout!.setEncoding("utf8").on("data", (more: string) => {
    if (text.length < ANSWER_CHARS_MAX) text += more;
  });
  child.on("error", (error: NodeJS.ErrnoException) => {
    over();
    resolve(fail(`the new program ${file} cannot be started: ${error.code ?? error.message}`));
  });
  child.on("close", (code, signal) => {
    over();
    if (code === 0) resolve(ok(text));
    else resolve(fail(whyItEnded(text.trim(), signal ?? `exit code ${code}`)));
  });
  return promise;
}

/** By its own words, unless these say that it can. */
function whyItEnded(words: string, how: string): string {
  const ended = `the new program ended with ${how}`;
  if (parseAnswer(words) !== undefined) return `${ended}, after it had said that it can take over`;
  return words || ended;
}

function parseAnswer(text: string): RehearsalAnswer | undefined {
  try {
    const answer = JSON.parse(text) as Partial<RehearsalAnswer> | null;
    const { version, channel, handover, revision, hash } = answer ?? {};
    const isWhole = [channel, handover, revision].every(Number.isSafeInteger) && typeof hash === "string";
    return isWhole && typeof version === "string" ? (answer as RehearsalAnswer) : undefined;
  } catch {
    return undefined;
  }
}
