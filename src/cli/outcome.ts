/**
 * Answers to change orders in words: what was done, what would be, and what is left to do.
 */
import type { Data } from "../client/answer.ts";
import type { DryRunData, ObjectChange } from "../model/answer-data.ts";
import { objectName } from "../model/keys.ts";
import type { OkAnswer, ProcessingAnswer } from "../model/answers.ts";

const CHANGES_SHOWN_MAX = 100;
const SIGNS = { add: "+", remove: "-", update: "~" } as const;

/** What an order did, with the revision that it made. */
export function describeOutcome(answer: OkAnswer<Data>): string {
  const { changed, changes, connections } = answer.data as Partial<DryRunData>;
  if (Array.isArray(changes))
    return [answer.message, ...describeChanges(changes), ...describeUse(connections)].join("\n");
  return changed === true ? `${answer.message} (revision ${answer.revision})` : answer.message;
}

/** What is left to do, and which workers still have to do it. */
export function describeProgress(answer: ProcessingAnswer<Data>): string {
  const workers = Object.entries((answer.data["workers"] ?? {}) as Readonly<Record<string, number>>);
  const busy = workers.filter(([, connections]) => connections > 0);
  if (workers.length < 2 || busy.length === 0) return answer.message;
  return `${answer.message} (${busy.map(([worker, connections]) => `worker ${worker}: ${connections}`).join(", ")})`;
}

/** Of a removal that was only tried: what it would wait for. */
function describeUse(connections: number | undefined): string[] {
  if (connections === undefined) return [];
  return [connections === 1 ? "  1 connection uses it now" : `  ${connections} connections use it now`];
}

function describeChanges(changes: readonly ObjectChange[]): string[] {
  const lines = changes.slice(0, CHANGES_SHOWN_MAX).map(describeChange);
  const left = changes.length - lines.length;
  return left > 0 ? [...lines, `  … and ${left} more; --json shows all`] : lines;
}

function describeChange({ action, kind, key, before, after }: ObjectChange): string {
  const line = `  ${SIGNS[action]} ${objectName(kind, key)}`;
  if (action !== "update") return line;
  return `${line}: ${describeDifference(before as Data, after as Data)}`;
}

/** The fields that differ, as in `weight 100 → 50`. */
function describeDifference(before: Data = {}, after: Data = {}): string {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names
    .map((name) => [name, JSON.stringify(before[name]) ?? "-", JSON.stringify(after[name]) ?? "-"] as const)
    .filter(([, was, is]) => was !== is)
    .map(([name, was, is]) => `${name} ${was} → ${is}`)
    .join(", ");
}
