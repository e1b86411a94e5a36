/**
 * `DUMP_STATE`: the configuration as orders. A large one is sorted and written in slices, while other
 * clients' orders change it: what is told is what was there at one moment, with that moment's revision.
 *
 * Rules of this file:
 *  1. One after another: a hundred clients that ask at once take no more of a turn, and of memory, than one.
 *  2. Answered when what was seen is kept; if that is taken back, it is looked at again.
 */
import { counted } from "../../base/text.ts";
import { type Addition, additionsOf, sortedOrders } from "../../model/dump.ts";
import type { OrderData } from "../../model/orders.ts";
import { orderWithoutKey } from "../../model/secrets.ts";
import type { Control } from "../control.ts";
import { inSlices } from "../file/slices.ts";
import type { Reply } from "../socket/reply.ts";
import { WrittenJson } from "../socket/written-json.ts";
import { refuseConflict } from "./history.ts";
import { withPast } from "./past.ts";

type Asked = OrderData["DUMP_STATE"];

const PART_CHARS_MIN = 65_536;

export class StateDumps {
  readonly #control: Control;
  #last: Promise<void> = Promise.resolve();

  constructor(control: Control) {
    this.#control = control;
  }

  /** Fulfilled when it is answered, or its client has left. */
  dump(asked: Asked, ifRevision: number | undefined, reply: Reply): Promise<void> {
    let client: "waits" | "left" = "waits";
    reply.onGone(() => (client = "left"));
    const answer = async (): Promise<void> => {
      if (client === "left") return;
      // Its turn has come, and others had theirs meanwhile.
      const { revision } = this.#control.configuration;
      if (ifRevision !== undefined && ifRevision !== revision)
        return refuseConflict(this.#control, ifRevision, reply);
      await (asked.at === undefined
        ? dumpPresent(this.#control, asked, reply)
        : dumpPast(this.#control, asked, asked.at, reply));
    };
    const answered = this.#last.then(answer);
    // A defect is its own client's, and not that of all who come after.
    this.#last = answered.catch(() => undefined);
    return answered;
  }
}

async function dumpPresent({ configuration }: Control, { keys }: Asked, reply: Reply): Promise<void> {
  for (;;) {
    const { revision } = configuration;
    const additions = additionsOf(configuration.state);
    const settled = new Promise<"kept" | "taken back">((resolve) =>
      configuration.after({ kept: () => resolve("kept"), takenBack: () => resolve("taken back") }),
    );
    const data = await inSlices(writeOrders(additions, keys));
    if ((await settled) === "kept") return reply.ok(counted(additions.length, "order"), data, revision);
  }
}

async function dumpPast(control: Control, { keys }: Asked, at: number, reply: Reply): Promise<void> {
  const past = await withPast(control, at, additionsOf);
  const { configuration } = control;
  if (!past.ok) return reply.refuse(past.error, configuration.revision);
  const data = await inSlices(writeOrders(past.value, keys));
  const message = `${counted(past.value.length, "order")} at revision ${at}`;
  reply.ok(message, data, configuration.revision);
}

/** `{"orders":[…]}` in steps. */
function* writeOrders(additions: readonly Addition[], keys: boolean): Generator<void, WrittenJson> {
  const orders = yield* sortedOrders(additions);
  const parts: Buffer[] = [];
  let text = '{"orders":[';
  for (const [index, order] of orders.entries()) {
    text += `${index === 0 ? "" : ","}${JSON.stringify(keys ? order : orderWithoutKey(order))}`;
    yield;
    if (text.length < PART_CHARS_MIN) continue;
    parts.push(Buffer.from(text));
    text = "";
  }
  parts.push(Buffer.from(`${text}]}`));
  return new WrittenJson(parts);
}
