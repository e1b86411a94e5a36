/**
 * Reads what valgrind's memcheck has written, and finds what is a fault in it. Reports are paragraphs of
 * lines that begin with `==PID==`.
 */

/** Accesses outside of a block, and blocks that are freed wrongly. Whoever did it, it counts. */
const BAD_ACCESS = /^(Invalid |Mismatched free|Process terminating|Jump to the invalid)/;
const LOST = /^[\d,]+ (?:\([^)]*\) )?bytes in ([\d,]+) blocks? (?:is|are) (?:definitely|indirectly) lost/;

/**
 * The paragraphs that tell of a fault, without their marks. Of blocks that were lost at one place, fewer than
 * `blocksMin` are none.
 */
export function findFaults(report: string, blocksMin: number): readonly string[] {
  const paragraphs = report.replaceAll(/^==\d+== ?/gm, "").split(/\n\s*\n/);
  return paragraphs
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => BAD_ACCESS.test(paragraph) || blocksLost(paragraph) >= blocksMin);
}

function blocksLost(paragraph: string): number {
  const [, blocks = "0"] = LOST.exec(paragraph) ?? [];
  return Number(blocks.replaceAll(",", ""));
}
