/**
 * What a change means for listening sockets: which have to be opened for it, which leave service after it,
 * and which belong to another listener from then on. Pure.
 */
import type { Change } from "../model/channel.ts";
import type { Listener } from "../model/objects.ts";

export interface ListenerMoves {
  /** Of listeners that accept after the change and did not before. */
  readonly opened: readonly string[];
  /** Of listeners that accepted before the change and do not after: removed, or to drain. */
  readonly closed: readonly string[];
  /** Of listeners that were removed and added back within it. */
  readonly reopened: readonly string[];
}

/** One who is added and removed within the change is in none of them: nobody ever accepts for it. */
export function listenerMovesOf(changes: readonly Change[]): ListenerMoves {
  const ends = new Map<string, { readonly stood: boolean; stands: boolean; left: boolean }>();
  for (const { kind, key, before, after } of changes) {
    if (kind !== "listener") continue;
    const stood = accepts(before);
    let end = ends.get(key);
    if (end === undefined) ends.set(key, (end = { stood, stands: stood, left: false }));
    end.stands = accepts(after);
    end.left ||= !end.stands;
  }
  const those = (wanted: (end: { stood: boolean; stands: boolean; left: boolean }) => boolean) =>
    [...ends].filter(([, end]) => wanted(end)).map(([address]) => address);
  return {
    opened: those(({ stood, stands }) => !stood && stands),
    closed: those(({ stood, stands }) => stood && !stands),
    reopened: those(({ stood, stands, left }) => stood && stands && left),
  };
}

function accepts(value: Change["before"]): boolean {
  const listener = value as Listener | undefined;
  return listener !== undefined && listener.draining !== true;
}
