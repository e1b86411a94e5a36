/**
 * One word, one thing: the words and names that `LEXICON.md` refuses, looked for in `src/`. The list lives in
 * the lexicon, in the table under "Words that the check refuses", so that a person and the check read the
 * same.
 */
import { isSource, linesOf, type Complaint, type SourceFile } from "./complaint.ts";

/** A refused word and what to say instead. */
export interface RefusedWord {
  readonly word: string;
  readonly instead: string;
}

const HEADING = "## Words that the check refuses";
const VAGUE_VERB =
  /\b(?:function\*? |#?)((?:get|handle|process|manage|do)(?!Of\b)[A-Z_]\w*)\s*(?:<[^>]*>)?\(/;
const VAGUE_FILE = /(?:^|\/)(?:utils?|helpers?|misc|common|index|shared|types)\.ts$/;

/**
 * Reads the table of refused words out of the lexicon's text: first column the words, second what to say
 * instead.
 */
export function parseRefusedWords(lexicon: string): readonly RefusedWord[] {
  const section = lexicon.split(HEADING)[1]?.split("\n## ")[0] ?? "";
  return section.split("\n").flatMap((line) => {
    const [, words, instead] = line.split("|").map((cell) => cell.trim());
    if (words === undefined || instead === undefined || !words.startsWith("`")) return [];
    return words.split(",").map((word) => ({ word: word.replaceAll("`", "").trim(), instead }));
  });
}

/** Complains about refused words, vague verbs in names, and vague file names. */
export function checkWords(file: SourceFile, refused: readonly RefusedWord[]): readonly Complaint[] {
  if (!file.path.startsWith("src/") || !isSource(file.path)) return [];
  const complaints: Complaint[] = [];
  if (VAGUE_FILE.test(file.path)) {
    complaints.push({
      rule: "words",
      path: file.path,
      message: "names no noun: call the file what it is about",
    });
  }
  for (const [line, text] of linesOf(file)) {
    for (const { word, instead } of refused) {
      if (!holdsWord(text, word)) continue;
      complaints.push({ rule: "words", path: file.path, line, message: `"${word}": say ${instead}` });
    }
    const vague = definedVaguely(text);
    if (vague !== undefined) {
      const message = `${vague} says nothing: name the effect (parse, read, write, apply, find, …)`;
      complaints.push({ rule: "words", path: file.path, line, message });
    }
  }
  return complaints;
}

/** As a word of prose, and as a part of a name in camelCase, PascalCase, kebab-case or snake_case. */
function holdsWord(text: string, word: string): boolean {
  const capital = word.charAt(0).toUpperCase() + word.slice(1);
  return new RegExp(`(?<![a-zA-Z])${word}s?(?![a-z])|(?<![A-Z])${capital}s?(?![a-z])`).test(text);
}

/** Only where a name is defined: what Node or a package calls its functions is not ours to choose. */
function definedVaguely(text: string): string | undefined {
  const defines = /\bfunction\b/.test(text) || /^\s+(?:static |async )*#?\w+(?:<[^>]*>)?\(.*\{$/.test(text);
  return defines ? VAGUE_VERB.exec(text)?.[1] : undefined;
}
