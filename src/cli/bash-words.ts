/**
 * Words as bash has them on its command line: taken apart without running anything, and put together so that
 * nothing in them can run. Only for completion: what bash itself expands stays as it is typed.
 */

/** What the cursor stands in: a quote that is open, or none. */
type Quote = "none" | "single" | "double";

export interface BashLine {
  /** Without their quotes; the last one is under the cursor, and may be empty. */
  readonly words: readonly string[];
  /** How much of the last word bash keeps: what it replaces begins after a quote or one of its breaks. */
  readonly keptChars: number;
  readonly quote: Quote;
}

/** What bash and readline call white space between words. */
const BLANK = /[ \t\n]/;
/** Breaks that belong to what is replaced (readline's `rl_special_prefixes`). */
const SPECIAL_PREFIXES = "$@";
/** What a backslash takes its meaning from within double quotes (bash(1), QUOTING). */
const DOUBLE_QUOTED_SPECIAL = /[$`"\\\n]/;
/** Characters that mean nothing to bash anywhere; all others of ASCII get a backslash. */
const PLAIN = /[\w./:,@%+=\-\u0080-\u{10ffff}]/u;

/** Takes apart the line up to the cursor; `breaks` is bash's `COMP_WORDBREAKS`. */
export function readBashLine(line: string, breaks: string): BashLine {
  const words: string[] = [];
  let word: string | undefined;
  let keptChars = 0;
  let quote: Quote = "none";
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!;
    const next = line[at + 1] ?? "";
    if (quote === "none" && BLANK.test(char)) {
      if (word !== undefined) words.push(word);
      [word, keptChars] = [undefined, 0];
    } else if (char === quoteCharOf(quote)) {
      [quote, keptChars] = ["none", word!.length];
    } else if (quote === "none" && (char === "'" || char === '"')) {
      quote = char === "'" ? "single" : "double";
      word ??= "";
      keptChars = word.length;
    } else if (char === "\\" && isEscape(quote, next)) {
      word = (word ?? "") + next;
      at++;
    } else {
      const start = word?.length ?? 0;
      word = (word ?? "") + char;
      if (quote === "none" && breaks.includes(char)) {
        keptChars = SPECIAL_PREFIXES.includes(char) ? start : start + 1;
      }
    }
  }
  return { words: [...words, word ?? ""], keptChars, quote };
}

/**
 * What bash has to insert so that it reads `text`. `undefined`: it cannot stand there, because bash would
 * take `!` for its history within double quotes, and a backslash before it would stay.
 */
export function writeBashWord(text: string, quote: Quote): string | undefined {
  switch (quote) {
    case "single":
      return text.replaceAll("'", "'\\''");
    case "double":
      return text.includes("!") ? undefined : text.replaceAll(/[$`"\\]/g, "\\$&");
    case "none":
      return Array.from(text, (char) => (PLAIN.test(char) ? char : `\\${char}`)).join("");
  }
}

function quoteCharOf(quote: Quote): string | undefined {
  if (quote === "none") return undefined;
  return quote === "single" ? "'" : '"';
}

function isEscape(quote: Quote, next: string): boolean {
  if (quote === "none") return true;
  return quote === "double" && DOUBLE_QUOTED_SPECIAL.test(next);
}
