/**
 * What a part of the benchmark found, ready to be shown: a table, the goals that it was held against, and
 * notes.
 */

/** One goal of the project and what was measured. */
export interface Goal {
  readonly text: string;
  readonly measured: string;
  readonly met: boolean;
}

/** One part's result. */
export interface Section {
  readonly title: string;
  /** What was done, in a sentence or two. */
  readonly how: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly goals: readonly Goal[];
}

/** A goal of the form "at most". */
export function goalAtMost(text: string, max: number, measured: number, digits = 2): Goal {
  return { text: `${text} ≤ ${max}`, measured: measured.toFixed(digits), met: measured <= max };
}

/** A goal of the form "at least". */
export function goalAtLeast(text: string, min: number, measured: number, digits = 0): Goal {
  return { text: `${text} ≥ ${min}`, measured: measured.toFixed(digits), met: measured >= min };
}

/** A section as Markdown. */
export function formatSection(section: Section): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const rule = section.head.map((_, index) => (index === 0 ? "---" : "--:"));
  const table = section.head.length === 0 ? [] : [section.head, rule, ...section.rows];
  const goals = section.goals.map(
    (goal) => `- ${goal.met ? "met" : "**missed**"}: ${goal.text}; measured ${goal.measured}`,
  );
  const parts = [`## ${section.title}`, section.how, table.map(line).join("\n"), goals.join("\n")];
  return parts.filter((part) => part !== "").join("\n\n");
}
