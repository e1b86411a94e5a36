/**
 * How an order is answered that was only tried: what it would change, what that means to requests, and how
 * many connections use what would go.
 */
import type { DryRunData, Named, ObjectUse } from "../../model/answer-data.ts";
import {
  countChanges,
  drainedObjects,
  netChangesOf,
  type ObjectName,
  removedObjects,
} from "../../model/net-changes.ts";
import type { Trial } from "../configuration.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";

/** The answer lists so many objects; `total` counts them all. */
const CHANGES_MAX = 1_000;
const IN_USE_NAMED_MAX = 100;
/** Workers are asked for the use of so many objects at once: they serve traffic meanwhile. */
const USES_AT_ONCE = 1_000;

/** Answers what would change, and of what would go or drain how many connections use it now. */
export function answerTrial(
  control: Control,
  { changes, forecast }: Trial,
  message: string,
  reply: Reply,
): void {
  const { revision } = control.configuration;
  const net = netChangesOf(changes);
  const data: DryRunData = {
    changed: net.length > 0,
    ...countChanges(changes),
    changes: net.slice(0, CHANGES_MAX),
    total: net.length,
    ...forecast,
  };
  const sentence = `nothing was changed; it would be: ${message}`;
  const objects = [...removedObjects(changes), ...drainedObjects(changes)];
  if (objects.length === 0) return reply.ok(sentence, data, revision);
  void usesOf(control, objects).then(({ connections, inUse }) =>
    reply.ok(sentence, { ...data, connections, in_use: inUse }, revision),
  );
}

/** Over all workers. */
async function usesOf(
  { workers }: Control,
  objects: readonly ObjectName[],
): Promise<{ readonly connections: number; readonly inUse: Named<ObjectUse> }> {
  const used: ObjectUse[] = [];
  for (let from = 0; from < objects.length; from += USES_AT_ONCE) {
    const some = objects.slice(from, from + USES_AT_ONCE);
    const answers = [
      ...(await workers.ask({ kind: "uses", objects: some })).values(),
    ] as readonly (readonly number[])[];
    for (const [index, { kind, key }] of some.entries()) {
      const connections = answers.reduce((sum, uses) => sum + (uses[index] ?? 0), 0);
      if (connections > 0) used.push({ kind, key, connections });
    }
  }
  used.sort((one, other) => other.connections - one.connections);
  return {
    connections: used.reduce((sum, { connections }) => sum + connections, 0),
    inUse: { total: used.length, items: used.slice(0, IN_USE_NAMED_MAX) },
  };
}
