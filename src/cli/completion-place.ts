/**
 * Where in a command line the cursor is: which command, and whether its verb, an option's name or a value is
 * to come. Found from the declarations of the commands themselves. Nothing is asked or printed here.
 */
import type { Argument, Command, Option } from "commander";

/** What takes a value: an option, or an argument in its place. */
export interface Slot {
  /** Without dashes, as in `cluster-id`. */
  readonly name: string;
  readonly choices: readonly string[];
  readonly takesFile: boolean;
}

export interface Place {
  /** The command that was named so far. */
  readonly command: Command;
  /** Without the program's name, as in `backend add`; empty for the program itself. */
  readonly path: string;
  /** Words that can stand here because of the declarations: verbs, or names of options. */
  readonly words: readonly string[];
  /** What takes the word as its value. */
  readonly slot?: Slot;
  /** What is typed of the word, or of the value in it. */
  readonly typed: string;
  /** What stands before the value in the same word, as in `--cluster-id=`. */
  readonly before: string;
  /** Values that are given already, by names without dashes. */
  readonly given: ReadonlyMap<string, string>;
}

/** Paths that are no files, of requests, have the same name in the help of options: these are files. */
const FILE_OPTIONS: readonly string[] = ["--socket", "--read-socket", "--program"];
const FILE_ARGUMENTS: readonly string[] = ["file", "path"];

/**
 * The place of the last of `words`, which begin behind the program's name. `load` declares a command of the
 * program once it is named.
 */
export async function findPlace(
  program: Command,
  words: readonly string[],
  load: (command: Command) => Promise<void>,
): Promise<Place> {
  const walk = new Walk(program);
  for (const word of words.slice(0, -1)) {
    const named = walk.take(word);
    if (named !== undefined && named.parent === program) await load(named);
  }
  return walk.placeOf(words.at(-1) ?? "");
}

/** What the words so far have told. */
class Walk {
  #command: Command;
  readonly #given = new Map<string, string>();
  readonly #arguments: string[] = [];
  /** The option that the next word is the value of. */
  #pending: Option | undefined;
  #endedOptions = false;

  constructor(program: Command) {
    this.#command = program;
  }

  /** Takes a whole word; the command, if it names one. */
  take(word: string): Command | undefined {
    if (this.#pending !== undefined) {
      this.#given.set(nameOf(this.#pending), word);
      this.#pending = undefined;
    } else if (this.#endedOptions || !word.startsWith("-")) {
      return this.#takeWord(word);
    } else if (word === "--") {
      this.#endedOptions = true;
    } else {
      const [flag, value] = splitFlag(word);
      const option = this.#options().find(({ long, short }) => flag === long || flag === short);
      if (option !== undefined && value !== undefined) this.#given.set(nameOf(option), value);
      if (option !== undefined && value === undefined && takesValue(option)) this.#pending = option;
    }
    return undefined;
  }

  placeOf(word: string): Place {
    if (this.#pending !== undefined) return this.#place({ slot: slotOfOption(this.#pending), typed: word });
    if (this.#endedOptions || !word.startsWith("-")) return this.#placeOfWord(word);
    const [flag, value] = splitFlag(word);
    const option = this.#options().find(({ long }) => long === flag);
    if (value === undefined) return this.#place({ words: this.#flags(), typed: word });
    const before = `${flag}=`;
    if (option === undefined || !takesValue(option)) return this.#place({ typed: value, before });
    return this.#place({ slot: slotOfOption(option), typed: value, before });
  }

  #takeWord(word: string): Command | undefined {
    const named = this.#verbs().find((verb) => verb.name() === word);
    if (named !== undefined) return (this.#command = named);
    // `kakehi help backend` is `kakehi backend --help`.
    if (this.#command.parent === null && word === "help") return undefined;
    const argument = this.#nextArgument();
    if (argument !== undefined) this.#given.set(argument.name(), word);
    this.#arguments.push(word);
    return undefined;
  }

  #placeOfWord(word: string): Place {
    const verbs = this.#verbs().map((verb) => verb.name());
    const argument = this.#nextArgument();
    if (argument !== undefined) {
      return this.#place({ words: verbs, slot: slotOfArgument(argument), typed: word });
    }
    const isNothingElse = verbs.length === 0 && !this.#endedOptions;
    return this.#place({ words: isNothingElse ? this.#flags() : verbs, typed: word });
  }

  #verbs(): readonly Command[] {
    return this.#arguments.length === 0 ? this.#command.commands : [];
  }

  #nextArgument(): Argument | undefined {
    const all = this.#command.registeredArguments;
    const last = all.at(-1);
    return all[this.#arguments.length] ?? (last?.variadic ? last : undefined);
  }

  /** The command's own, and those of the program. */
  #options(): readonly Option[] {
    const above = this.#command.parent === null ? [] : rootOf(this.#command).options;
    return [...this.#command.options, ...above].filter(({ hidden }) => !hidden);
  }

  #flags(): readonly string[] {
    return [...this.#options().flatMap(({ long }) => long ?? []), "--help"];
  }

  #place(found: { words?: readonly string[]; slot?: Slot; typed: string; before?: string }): Place {
    const [, ...path] = pathOf(this.#command);
    const rest = { command: this.#command, path: path.join(" "), given: this.#given };
    return { words: [], before: "", ...found, ...rest };
  }
}

function slotOfOption(option: Option): Slot {
  const takesFile = option.flags.includes("<file>") || FILE_OPTIONS.includes(option.long ?? "");
  return { name: nameOf(option), choices: option.argChoices ?? [], takesFile };
}

function slotOfArgument(argument: Argument): Slot {
  const name = argument.name();
  return { name, choices: argument.argChoices ?? [], takesFile: FILE_ARGUMENTS.includes(name) };
}

function nameOf(option: Option): string {
  return (option.long ?? "").replace(/^--/, "");
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

/** `--name=value` is both; the value of a short option stands apart. */
function splitFlag(word: string): readonly [flag: string, value: string | undefined] {
  const at = word.indexOf("=");
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}

function rootOf(command: Command): Command {
  return command.parent === null ? command : rootOf(command.parent);
}

function pathOf(command: Command): readonly string[] {
  return command.parent === null ? [command.name()] : [...pathOf(command.parent), command.name()];
}
