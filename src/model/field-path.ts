/**
 * Where a value stands, in words: `data.add[0].address`. One way of writing for orders, configuration files
 * and documents.
 */

const NAME_SHOWN_CHARS_MAX = 64;

/** Names with dots between them, places in a list in brackets, counted from 0. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, name) => {
    if (typeof name === "number") return `${text}[${name}]`;
    const shown = shortened(String(name));
    return text === "" ? shown : `${text}.${shown}`;
  }, "");
}

/** A name from outside, short enough to be shown. */
export function shortened(name: string): string {
  return name.length <= NAME_SHOWN_CHARS_MAX ? name : `${name.slice(0, NAME_SHOWN_CHARS_MAX)}…`;
}
