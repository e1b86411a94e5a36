/**
 * `kakehi swap`: a deployment in one order.
 */
import { type Command, InvalidArgumentError, Option } from "commander";
import type { OrderToSend } from "../client/order.ts";
import { addChangeOptions, changeFrameOf } from "./change-options.ts";
import { contextOf } from "./context.ts";
import { showExample } from "./help.ts";
import { parseCount, parseDurationMs } from "./option-values.ts";
import { sendAndShow } from "./proxy.ts";

interface NewBackend {
  readonly backend_id: string;
  readonly address: string;
}

interface SwapOptions {
  readonly add: readonly NewBackend[];
  readonly remove?: readonly string[];
  readonly healthy?: number;
  readonly within?: number;
  readonly wait: boolean;
  readonly deadline?: number;
  readonly onDeadline?: "close" | "keep";
  readonly progress?: number;
}

export function declare(command: Command): void {
  showExample(
    command,
    "kakehi swap app --add app-2=127.0.0.1:9002 --remove app-1",
    "kakehi swap app --add app-2=127.0.0.1:9002 --remove app-1 --within 2m --deadline 30s",
  );
  declareOptions(command);
  command.argument("<cluster-id>", "The cluster.").action(async (clusterId: string) => {
    const options = command.opts<SwapOptions>();
    await sendAndShow(contextOf(command), {
      type: "SWAP_BACKENDS",
      data: dataOf(clusterId, options),
      ...changeFrameOf(command),
    } as OrderToSend);
  });
}

function declareOptions(command: Command): void {
  const addId = (id: string, ids: readonly string[] = []): readonly string[] => [...ids, id];
  const onDeadline = new Option("--on-deadline <what>", "What then happens to what is left.");
  addChangeOptions(command)
    .requiredOption("--add <id=ip:port>", "A new backend. May be repeated.", addBackend)
    .option("--remove <id>", "A backend that goes. May be repeated.", addId)
    .option("--healthy <count>", "So many of the new ones must answer. [all]", parseCount)
    .option("--within <duration>", "How long to wait for that. [30s]", parseDurationMs)
    .option("--wait", "Wait until nothing uses the old ones any more: so it is without this.")
    .option("--no-wait", "Return when traffic has moved, and say how many connections are left.")
    .option("--deadline <duration>", "How long to wait for the old ones.", parseDurationMs)
    .addOption(onDeadline.choices(["close", "keep"]))
    .option("--progress <duration>", "The least time between two lines of progress. [1s]", parseDurationMs);
}

/** What the fields may hold is the proxy's to say. */
function dataOf(cluster_id: string, options: SwapOptions): object {
  const { add, remove = [], healthy, within, wait, deadline, onDeadline, progress } = options;
  return {
    cluster_id,
    add,
    remove,
    when: { ...(healthy !== undefined && { healthy }), ...(within !== undefined && { timeout_ms: within }) },
    drain: {
      ...(wait === false && { wait }),
      ...(deadline !== undefined && { deadline_ms: deadline }),
      ...(onDeadline !== undefined && { on_deadline: onDeadline }),
      ...(progress !== undefined && { progress_ms: progress }),
    },
  };
}

function addBackend(text: string, before: readonly NewBackend[] = []): readonly NewBackend[] {
  const at = text.lastIndexOf("=");
  if (at <= 0) throw new InvalidArgumentError("It must be a name and an address: app-2=127.0.0.1:9002.");
  return [...before, { backend_id: text.slice(0, at), address: text.slice(at + 1) }];
}
