/**
 * Where in a configuration file something stands. The TOML library says what a text means, and not where each
 * value was; so the one that a complaint is about is looked for afterwards, in a text that is known to be
 * valid. It is no second parser: it knows where keys and values begin and end, and nothing of what they are.
 *
 * Rules of this file:
 *  1. The text is valid TOML. Of any other, a position is given that may be wrong, and never a fault.
 *  2. Time and memory grow with the text, and it is read once for one path.
 */

/** The names and list indexes that lead to a value, as in `clusters`, 2, `cluster_id`. */
export type ValuePath = readonly (string | number)[];

/** Both from 1; columns are UTF-16 code units, as editors count them. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/**
 * Where the key of the value at `path` stands, or of the nearest table around it that is written down. The
 * start of the text where nothing of it is.
 */
export function findPosition(text: string, path: ValuePath): Position {
  return positionAt(text, new Search(text, path).run());
}

/** The line and column of an offset. */
function positionAt(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1 };
}

const SPACE = /[ \t\r]*/y;
const SPACE_AND_COMMENTS = /(?:[ \t\r\n]|#[^\n]*)*/y;
const BARE_KEY = /[^ \t\r\n.=\]"'#,{}[]+/y;
const BARE_VALUE = /[^,\]}#\n]*/y;
const STRINGS: readonly { readonly quote: string; readonly rest: RegExp }[] = [
  { quote: '"""', rest: /(?:[^"\\]|\\[^]|"(?!""))*"{3,5}/y },
  { quote: "'''", rest: /(?:[^']|'(?!''))*'{3,5}/y },
  { quote: '"', rest: /(?:[^"\\\n]|\\.)*"/y },
  { quote: "'", rest: /[^'\n]*'/y },
];

class Search {
  readonly #text: string;
  readonly #path: ValuePath;
  /** How many tables an array of tables has so far, by its path as JSON. */
  readonly #tables: Map<string, number> = new Map();
  #at = 0;
  #best: { readonly depth: number; readonly offset: number } = { depth: 0, offset: 0 };

  constructor(text: string, path: ValuePath) {
    this.#text = text;
    this.#path = path;
  }

  /** The offset of what was found. */
  run(): number {
    let table: ValuePath = [];
    for (;;) {
      this.#skip(SPACE_AND_COMMENTS);
      if (this.#at >= this.#text.length || this.#best.depth === this.#path.length) return this.#best.offset;
      const before = this.#at;
      if (this.#text[this.#at] === "[") table = this.#header();
      else this.#pair(table);
      // What is no TOML must not hold us here.
      if (this.#at === before) this.#at++;
    }
  }

  /** `[a.b]` or `[[a.b]]`: the path of the table that it begins. */
  #header(): ValuePath {
    const offset = this.#at;
    const isOfArray = this.#text.startsWith("[[", offset);
    this.#at += isOfArray ? 2 : 1;
    const keys = this.#keys();
    const path = keys.reduce<ValuePath>((above, { name }, index) => {
      const named = [...above, name];
      const id = JSON.stringify(named);
      const tables = this.#tables.get(id) ?? 0;
      if (index < keys.length - 1 || !isOfArray) return tables === 0 ? named : [...named, tables - 1];
      this.#tables.set(id, tables + 1);
      return [...named, tables];
    }, []);
    // The first table of a list is where the list itself begins.
    if (isOfArray) this.#found(path.slice(0, -1), offset);
    this.#found(path, offset);
    this.#skip(/\]{0,2}/y);
    return path;
  }

  /** `key = value`, where the key may have several names. */
  #pair(table: ValuePath): void {
    let path = table;
    for (const { name, offset } of this.#keys()) {
      path = [...path, name];
      this.#found(path, offset);
    }
    this.#skip(/=?[ \t]*/y);
    this.#value(path);
  }

  #value(path: ValuePath): void {
    const string = STRINGS.find(({ quote }) => this.#text.startsWith(quote, this.#at));
    if (string !== undefined) {
      this.#at += string.quote.length;
      return void this.#skip(string.rest);
    }
    const first = this.#text[this.#at];
    if (first !== "[" && first !== "{") return void this.#skip(BARE_VALUE);
    this.#at++;
    for (let index = 0; this.#at < this.#text.length; index++) {
      this.#skip(SPACE_AND_COMMENTS);
      const before = this.#at;
      if (this.#text[before] === "]" || this.#text[before] === "}") break;
      if (first === "[") this.#element([...path, index]);
      else this.#pair(path);
      this.#skip(SPACE_AND_COMMENTS);
      this.#skip(/,?/y);
      if (this.#at === before) break;
    }
    this.#at++;
  }

  #element(path: ValuePath): void {
    this.#found(path, this.#at);
    this.#value(path);
  }

  /**
   * `a."b c".d`, up to what follows it. No more names than tell that it is deeper than what is looked for.
   */
  #keys(): readonly { readonly name: string; readonly offset: number }[] {
    const keys: { name: string; offset: number }[] = [];
    do {
      this.#skip(SPACE);
      const offset = this.#at;
      const name = this.#keyName();
      if (keys.length <= this.#path.length) keys.push({ name, offset });
      this.#skip(SPACE);
    } while (this.#skip(/\.?/y) === ".");
    return keys;
  }

  #keyName(): string {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") return this.#skip(BARE_KEY);
    this.#at++;
    const raw = this.#skip(quote === '"' ? STRINGS[2]!.rest : STRINGS[3]!.rest).slice(0, -1);
    return quote === '"' ? unescaped(raw) : raw;
  }

  /** Keeps what is nearest to what is looked for: the first that is written down. */
  #found(path: ValuePath, offset: number): void {
    if (path.length <= this.#best.depth) return;
    if (path.every((name, index) => name === this.#path[index])) this.#best = { depth: path.length, offset };
  }

  #skip(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += text.length;
    return text;
  }
}

/** Escapes that TOML has and JSON has not are left as they are: such a key is not one of ours. */
function unescaped(raw: string): string {
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return raw;
  }
}
