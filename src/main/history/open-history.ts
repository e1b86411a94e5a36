/**
 * How history begins when main starts: from the files beside the state file and what the journal has besides,
 * from the memory file of the program that we were, or with nothing. Whatever is wrong with it is told, and
 * never stops the start: history that does not lead to the configuration is put aside, and begins anew.
 */
import type { Log } from "../../io/log.ts";
import type { AcceptedChange } from "../../model/history.ts";
import { bytesInMemory, readMemory } from "../../io/memory-files.ts";
import { readBlocks } from "./block.ts";
import { BlockFiles } from "./block-files.ts";
import { BlocksInMemory } from "./block-store.ts";
import { History, type HistoryLimits } from "./history.ts";

/** Where a configuration is in its history. */
interface Reached {
  readonly revision: number;
  readonly hash: string;
}

/** History while the journal is read. */
export interface OpenedHistory {
  readonly history: History;
  /** Absent: it cannot be kept on disk. */
  readonly files: BlockFiles | undefined;
  /** Takes in what the journal has and the files have not. */
  readonly recall: (change: AcceptedChange) => void;
}

/** Of all that may be kept on disk, one file has so much: whole files are forgotten. */
const FILES_PER_HISTORY = 64;

/** Opens the history beside a state file; `start` is where it begins if there is none. */
export async function openHistory(
  {
    statePath,
    limits,
    log,
  }: { readonly statePath: string; readonly limits: HistoryLimits; readonly log: Log },
  start: Reached,
): Promise<OpenedHistory> {
  const folder = `${statePath}.history`;
  const fileBytesMax = limits.bytesMax / FILES_PER_HISTORY;
  const opened = await BlockFiles.open({ folder, fileBytesMax, log });
  if (!opened.ok)
    log.warning("the history cannot be kept on disk", { folder, message: opened.error.message });
  const files = opened.ok ? opened.value : undefined;
  const history = new History(files ?? new BlocksInMemory(), limits, start);
  const recall = (change: AcceptedChange): void => {
    if (change.revision !== history.last + 1) return;
    history.stage(change);
    history.settle();
  };
  return { history, files, recall };
}

/** Goes on with it if it leads to `reached`; begins anew there if it does not. */
export async function reconcileHistory(
  { history, files }: OpenedHistory,
  reached: Reached,
  log: Log,
): Promise<History> {
  if (leadsTo(history, reached)) return history;
  if (history.bytes > 0 && files !== undefined) {
    const { last } = history;
    const { revision } = reached;
    const aside = await files.setAside();
    log.warning("the history does not lead to the configuration: it is put aside, and begins anew", {
      history_ends_at: last,
      revision,
      aside,
    });
  }
  history.restart(reached);
  return history;
}

/** Keeps history in memory; `inherited` is a memory file of the program that we were, and is closed. */
export function historyInMemory(
  limits: HistoryLimits,
  reached: Reached,
  inherited?: number,
): { readonly history: History; readonly carry: () => number } {
  const blocks = inherited === undefined ? [] : readBlocks(readMemory(inherited)).blocks;
  const store = new BlocksInMemory(blocks);
  const history = new History(store, limits, reached);
  if (!leadsTo(history, reached)) history.restart(reached);
  const carry = (): number => {
    void history.sync();
    return bytesInMemory(
      "kakehi history",
      store.blocks.map(({ bytes }) => bytes),
    );
  };
  return { history, carry };
}

function leadsTo({ reached: { revision, hash } }: History, to: Reached): boolean {
  return revision === to.revision && hash === to.hash;
}
