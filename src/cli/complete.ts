/**
 * `kakehi complete`: what can stand where the cursor is. Not for people: the scripts of `kakehi completion`
 * call it at each Tab, so it is quick, bounded and silent, and it always ends well.
 *
 *     kakehi complete -- WORD…                          words without quotes, the last one under the cursor
 *     kakehi complete bash COMP_WORDBREAKS LINE         bash's line up to the cursor
 *
 * The first line of output is `words`, and the others are candidates, one a line; or it is `files`, and the
 * shell knows files best. For bash each candidate is what takes the place of the word, quoted; the other
 * shells quote for themselves.
 */
import type { Command } from "commander";
import { connect } from "../client/client.ts";
import { readBashLine, writeBashWord } from "./bash-words.ts";
import { findPlace, type Place } from "./completion-place.ts";
import { contextOf } from "./context.ts";
import { LIVE_NAMES_TIMEOUT_MS, askLiveNames, type LiveNames, liveKindOf } from "./live-names.ts";
import { endQuietlyWithReader, print } from "./output.ts";
import { createProgram, declareCommand } from "./program.ts";

/** How many candidates are shown; more is nothing that anybody reads. */
const CANDIDATES_MAX = 200;
/** The longest answer that is worth reading for that. */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
/** Stands for the candidates that are left out. Without it, a shell would type what the first ones share. */
const AND_MORE = "…";
/** No name has them, and a terminal might obey them. */
const INVISIBLE = /[\p{C}\p{Z}]/u;

const NO_NAMES: LiveNames = { names: [], areMore: false };

/** Prints the candidates for what the arguments behind `complete` say. */
export async function complete(args: readonly string[]): Promise<void> {
  endQuietlyWithReader();
  print(
    (args[0] === "bash"
      ? await linesForBash(args[1] ?? "", args[2] ?? "")
      : await linesFor(args.slice(1))
    ).join("\n"),
  );
}

async function linesForBash(breaks: string, line: string): Promise<readonly string[]> {
  const { words, keptChars, quote } = readBashLine(line, breaks);
  const [first = "", ...candidates] = await linesFor(words.slice(1));
  return [first, ...candidates.flatMap((each) => writeBashWord(each.slice(keptChars), quote) ?? [])];
}

async function linesFor(words: readonly string[]): Promise<readonly string[]> {
  const program = createProgram([]);
  const place = await findPlace(program, words, declareCommand);
  if (place.slot?.takesFile && place.before === "") return ["files"];
  return ["words", ...(await candidatesAt(program, place))];
}

async function candidatesAt(program: Command, place: Place): Promise<readonly string[]> {
  const { words, slot, typed, before } = place;
  const known = [...words, ...(slot?.choices ?? [])].filter((word) => word.startsWith(typed));
  const live = await findLiveNames(program, place);
  const all = [...known, ...live.names.filter((name) => !INVISIBLE.test(name))];
  const shown = all.slice(0, CANDIDATES_MAX);
  const areMore = live.areMore || all.length > shown.length;
  return [...shown, ...(areMore ? [`${typed}${AND_MORE}`] : [])].map((candidate) => before + candidate);
}

/** None where nothing has names, and where no proxy says them in time. */
async function findLiveNames(program: Command, { path, slot, typed, given }: Place): Promise<LiveNames> {
  const kind = slot && liveKindOf(path, slot.name);
  if (kind === undefined) return NO_NAMES;
  try {
    const signal = AbortSignal.timeout(LIVE_NAMES_TIMEOUT_MS);
    program.setOptionValue("socket", given.get("socket"));
    const { socketPath } = contextOf(program);
    await using client = await connect(socketPath, { signal, answerBytesMax: ANSWER_BYTES_MAX });
    return await askLiveNames(client, { kind, typed, given }, signal);
  } catch {
    return NO_NAMES;
  }
}
