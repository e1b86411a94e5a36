/**
 * `SAVE_STATE` and `LOAD_STATE`: the configuration to a file, and a file's configuration as one change of
 * what differs.
 */
import { ok } from "../../base/result.ts";
import { counted } from "../../base/text.ts";
import { diff } from "../../model/diff.ts";
import { type ChangeCounts, countChanges } from "../../model/net-changes.ts";
import type { ChangeOrder, DrainOptions, OrderData } from "../../model/orders.ts";
import type { StateFile } from "../../model/state-file.ts";
import type { Control } from "../control.ts";
import type { Reply } from "../socket/reply.ts";
import { readStateFile, writeStateFile } from "../store/state-files.ts";
import { readOrders } from "./certificate-order.ts";
import { answerTrial } from "./dry-run.ts";
import { refuseConflict } from "./history.ts";
import { publish } from "./publish.ts";

export interface LoadOptions {
  readonly ifRevision: number | undefined;
  readonly dryRun: boolean;
}

/**
 * Writes the configuration as it is once what was accepted before is kept. Fulfilled when the file is there.
 */
export function saveState(control: Control, path: string, reply: Reply): Promise<void> {
  return new Promise((tookEffect) => {
    const save = (): void => {
      const { state, revision } = control.configuration;
      void writeStateFile(path, state, revision).then((written) => {
        if (!written.ok) reply.refuse(written.error, revision);
        else {
          const orders = written.value;
          reply.ok(`${counted(orders, "order")} saved to ${path}`, { orders }, revision);
        }
        tookEffect();
      });
    };
    control.configuration.after({ kept: save, takenBack: save });
  });
}

/** Reads the file, then changes what differs. Fulfilled when it has taken effect, or was refused. */
export async function loadState(
  control: Control,
  data: OrderData["LOAD_STATE"],
  options: LoadOptions,
  reply: Reply,
): Promise<void> {
  const read = await readStateFile(data.path);
  const { configuration } = control;
  if (!read.ok) return reply.refuse(read.error, configuration.revision);
  return new Promise((tookEffect) => {
    // The configuration may have changed while the file was read: what differs is found now.
    control.inTurn(() => {
      changeTo(control, read.value, { ...options, order: "LOAD_STATE", drain: data.drain }, reply);
      tookEffect();
    });
  });
}

/** How a whole configuration takes the place of another. */
export interface ChangeToOptions extends LoadOptions {
  /** The order's name. */
  readonly order: string;
  readonly drain: DrainOptions;
  /** What the answer has beside its counts. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** The end of the answer's message. */
  readonly remark?: string;
  /** The hash that it has to lead to. */
  readonly hash?: string;
  /** What becomes true with the change. */
  readonly kept?: () => void;
}

/** Changes what runs to what is wanted, by what differs, in one change. */
export function changeTo(
  control: Control,
  wanted: Pick<StateFile, "state" | "isProven">,
  options: ChangeToOptions,
  reply: Reply,
): void {
  const { configuration } = control;
  const differences = diff(configuration.state, wanted.state);
  // We read each certificate before we wrote it; in a file that a person has edited, we read it again.
  const read = wanted.isProven ? ok(differences) : readOrders(differences);
  if (!read.ok) return reply.refuse(read.error, configuration.revision);
  changeByOrders(control, read.value, options, reply);
}

/** Changes what runs by these orders, in one change. */
export function changeByOrders(
  control: Control,
  orders: readonly ChangeOrder[],
  { ifRevision, dryRun, order, drain, data = {}, remark = "", hash, kept }: ChangeToOptions,
  reply: Reply,
): void {
  const { configuration } = control;
  if (ifRevision !== undefined && ifRevision !== configuration.revision)
    return void refuseConflict(control, ifRevision, reply);
  if (dryRun) {
    const tried = configuration.tryOutAll(orders);
    if (!tried.ok) return reply.refuse(tried.error.error, configuration.revision);
    const message = `${changesMessage(countChanges(tried.value.changes))}${remark}`;
    return answerTrial(control, tried.value, message, replyWith(reply, data));
  }
  const accepted = configuration.changeAll(
    orders,
    { order, author: reply.author },
    hash === undefined ? {} : { hash },
  );
  if (!accepted.ok) return reply.refuse(accepted.error.error, configuration.revision);
  const counts = countChanges(accepted.value.changes);
  const change = { ...accepted.value, message: `${changesMessage(counts)}${remark}` };
  if (kept !== undefined) configuration.after({ kept, takenBack: () => undefined });
  publish(control, change, { order, drainOf: () => drain, reply, data: { ...counts, ...data } });
}

/** The same reply, whose OK has more data. */
export function replyWith(reply: Reply, more: Readonly<Record<string, unknown>>): Reply {
  return {
    author: reply.author,
    via: reply.via,
    get hasRoom() {
      return reply.hasRoom;
    },
    processing: (message, data, revision) => reply.processing(message, data, revision),
    onRoom: (room) => reply.onRoom(room),
    ok: (message, data, revision) => reply.ok(message, { ...(data as object), ...more }, revision),
    refuse: (error, revision) => reply.refuse(error, revision),
    carry: (describe) => reply.carry(describe),
    lasts: (order) => reply.lasts(order),
    onGone: (gone) => reply.onGone(gone),
  };
}

/** What many changes come to, as a sentence. */
export function changesMessage(counts: ChangeCounts): string {
  const { added, removed, updated } = counts;
  return `${counted(added, "object")} added, ${removed} removed, ${updated} updated`;
}
