/**
 * Answers to change orders in words: what was done, what would be, and what is left to do.
 */
import type { Data } from "../client/answer.ts";
import type {
  Destination,
  DrainedDestination,
  DryRunData,
  Named,
  ObjectChange,
} from "../model/answer-data.ts";
import { objectName } from "../model/keys.ts";
import type { OkAnswer, ProcessingAnswer } from "../model/answers.ts";

const CHANGES_SHOWN_MAX = 100;
const SIGNS = { add: "+", remove: "-", update: "~" } as const;

/** What an order did, with the revision that it made. */
export function describeOutcome(answer: OkAnswer<Data>): string {
  const { changed, changes, connections } = answer.data as Partial<DryRunData>;
  if (Array.isArray(changes)) {
    const lines = [...describeChanges(changes), ...describeForecast(answer.data as Partial<DryRunData>)];
    return [answer.message, ...lines, ...describeUse(connections)].join("\n");
  }
  // What is done to a process makes no revision.
  const makesRevision = changed === true && answer.data["worker"] === undefined;
  return makesRevision ? `${answer.message} (revision ${answer.revision})` : answer.message;
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

/** What it means to requests, below what would change. */
function describeForecast(data: Partial<DryRunData>): string[] {
  const { moved_requests: moved, shadowed, unused_certificates: unused, in_use: inUse } = data;
  const { drained_requests: drained } = data;
  const left = data.not_looked_at ?? 0;
  return [
    ...describeNamed(moved, "requests would go elsewhere", ({ hostname, path, method, from, to }) => {
      const rule = `${method ?? ""} ${hostname} ${Object.entries(path).flat().join(" ")}`.trim();
      return `${rule}: ${describeDestination(from)} → ${describeDestination(to)}`;
    }),
    ...describeNamed(drained, "of what drains, requests would go", ({ kind, key, to }) => {
      return `${objectName(kind, key)}: ${describeDrained(to)}`;
    }),
    ...describeNamed(shadowed, "no request would reach any more", ({ key, by }) => `${key}, behind ${by}`),
    ...describeNamed(unused, "certificates would be left unused", ({ fingerprint, names }) =>
      [fingerprint, ...names.slice(0, 1)].join(" for "),
    ),
    ...describeNamed(inUse, "in use now", ({ kind, key, connections }) => {
      return `${objectName(kind, key)}: ${connections}`;
    }),
    ...(left > 0 ? [`  ${left} rules were too many to look at`] : []),
  ];
}

function describeNamed<Item>(
  named: Named<Item> | undefined,
  title: string,
  describe: (item: Item) => string,
): string[] {
  if (named === undefined || named.total === 0) return [];
  const left = named.total - named.items.length;
  const lines = named.items.map((item) => `    ${describe(item)}`);
  return [`  ${title}:`, ...lines, ...(left > 0 ? [`    … and ${left} more`] : [])];
}

function describeDrained(to: DrainedDestination | null): string {
  if (to === null) return "nobody can connect";
  if ("status" in to) return `answered with ${to.status}`;
  const { total, items } = to.backends;
  return `${items.join(", ")}${total > items.length ? ` and ${total - items.length} more` : ""}`;
}

function describeDestination(to: Destination | null): string {
  if (to === null) return "nobody";
  if (to.deny === true) return "denied";
  return to.cluster_id ?? "redirected";
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
