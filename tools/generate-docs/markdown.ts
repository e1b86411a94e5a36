/**
 * Small pieces of Markdown for generated pages.
 */

const JSON_LINE_CHARS_MAX = 100;

/** The first line of a page that nobody edits. */
export function generatedFrom(source: string): string {
  return `<!-- Generated from ${source} by tools/generate-docs.ts. Do not edit. -->`;
}

/** A table; cells may hold anything but newlines. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Text for people in which what is quoted becomes code. */
export function withCode(text: string): string {
  return text.replaceAll(/"[^"]*"/g, (quoted) => `\`${quoted}\``);
}

export function codeBlock(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}

/** JSON on one line where it fits, else with one field or item on each. */
export function jsonText(value: unknown, indent = ""): string {
  const line = JSON.stringify(value);
  const fits = indent.length + line.length <= JSON_LINE_CHARS_MAX;
  if (fits || typeof value !== "object" || value === null) return line;
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const parts = Array.isArray(value)
    ? value.map((item) => jsonText(item, inner))
    : Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}: ${jsonText(field, inner)}`);
  return `${open}\n${parts.map((part) => inner + part).join(",\n")}\n${indent}${close}`;
}
