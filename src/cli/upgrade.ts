/**
 * `kakehi upgrade`: another program takes over, of the whole proxy, of main, or of one worker. Connections go
 * on. With `--step` each step is its own order, and waits for who asked.
 */
import { createInterface } from "node:readline";
import { resolve } from "node:path";
import type { Command } from "commander";
import type { OrderToSend } from "../client/order.ts";
import { type Context, contextOf } from "./context.ts";
import { UsageError } from "./exit-codes.ts";
import { showExample } from "./help.ts";
import { parseCount, parseDurationMs } from "./option-values.ts";
import { type FieldOption, dataOf, declareOrder } from "./order-command.ts";
import { note } from "./output.ts";
import { ask, sendAndShow, withClient } from "./proxy.ts";

const PROGRAM = {
  flags: "--program <path>",
  field: "program",
  parse: (path: string) => resolve(path),
  help: "The new program. [what stands now where this one was started from]",
} as const satisfies FieldOption;
const PROGRAM_VERSION = {
  flags: "--program-version <version>",
  field: "version",
  help: "Only if the new program is of this version.",
} as const satisfies FieldOption;
const DEADLINE: FieldOption = {
  flags: "--deadline <duration>",
  field: "deadline_ms",
  parse: parseDurationMs,
};

interface UpgradeOptions {
  readonly program?: string;
  readonly programVersion?: string;
  readonly deadline?: number;
  readonly step?: boolean;
}

/** What the new program must be; for main nothing has to end, so there is no deadline. */
interface UpgradeData {
  readonly program?: string;
  readonly version?: string;
  readonly deadline_ms?: number;
}

export function declare(command: Command): void {
  showExample(command, "kakehi upgrade", "kakehi upgrade --step", "kakehi upgrade worker 0");
  addProgramOptions(command)
    .option(
      "--deadline <duration>",
      "How long what cannot be handed over may take to end, in each worker.",
      parseDurationMs,
    )
    .option("--step", "Ask before each step: main, then the workers one by one.")
    .action(() => upgradeAll(command));
  declareMain(command.command("main"));
  declareWorker(command);
}

function declareMain(command: Command): void {
  const summary = "Have main become another program; its workers and its clients stay.";
  command.summary(summary).description(summary);
  showExample(command, "kakehi upgrade main", "kakehi upgrade main --program /opt/kakehi-2/bin/kakehi");
  addProgramOptions(command).action(() => {
    const { deadline_ms: _, ...data } = dataFrom(command);
    return sendAndShow(contextOf(command), { type: "UPGRADE_MAIN", data });
  });
}

function declareWorker(parent: Command): void {
  const order = {
    name: "worker",
    orderType: "UPGRADE_WORKER",
    options: [
      { flags: "--worker <number>", field: "worker", parse: parseCount },
      PROGRAM,
      PROGRAM_VERSION,
      DEADLINE,
    ],
    positional: ["worker"],
    required: ["worker"],
    examples: ["kakehi upgrade worker 0"],
  } as const;
  const command = declareOrder(parent, order);
  // Of the same name as the whole upgrade's, whose values stand above.
  command.action(() => {
    const data = { ...dataFrom(command), ...dataOf(command, order) };
    return sendAndShow(contextOf(command), { type: order.orderType, data });
  });
}

function addProgramOptions(command: Command): Command {
  return command
    .option(PROGRAM.flags, PROGRAM.help, PROGRAM.parse)
    .option(PROGRAM_VERSION.flags, PROGRAM_VERSION.help);
}

function dataFrom(command: Command): UpgradeData {
  const { program, programVersion: version, deadline } = command.optsWithGlobals<UpgradeOptions>();
  return {
    ...(program !== undefined && { program }),
    ...(version !== undefined && { version }),
    ...(deadline !== undefined && { deadline_ms: deadline }),
  };
}

async function upgradeAll(command: Command): Promise<void> {
  const context = contextOf(command);
  const data = dataFrom(command);
  if (command.opts<UpgradeOptions>().step) await upgradeByHand(context, data);
  else await sendAndShow(context, { type: "UPGRADE", data });
}

/** One order after another, each when it is wanted. The first that is refused ends it. */
async function upgradeByHand(context: Context, data: UpgradeData): Promise<void> {
  const steps = await stepsOf(context, data);
  note(`${steps.length} steps; return takes one, anything else ends here`);
  const lines = createInterface({ input: process.stdin });
  try {
    const answers = lines[Symbol.asyncIterator]();
    for (const [index, { what, order }] of steps.entries()) {
      process.stderr.write(`${index + 1}. upgrade ${what}? `);
      const answer = await answers.next();
      if (answer.done === true || answer.value.trim() !== "") {
        const left = steps.slice(index).map((step) => step.what);
        return note(`left as it was: ${left.join(", ")}`);
      }
      await sendAndShow(context, order);
    }
  } finally {
    lines.close();
  }
}

async function stepsOf(
  context: Context,
  { deadline_ms: deadlineMs, ...program }: UpgradeData,
): Promise<readonly { readonly what: string; readonly order: OrderToSend }[]> {
  const { workers } = await withClient(context, (client) => ask(context, client, { type: "STATUS" }));
  const running = workers.filter(({ state }) => state === "running");
  if (running.length === 0) throw new UsageError("no worker is running: look at `kakehi workers`");
  const deadline = deadlineMs === undefined ? {} : { deadline_ms: deadlineMs };
  return [
    { what: "main", order: { type: "UPGRADE_MAIN", data: program } },
    ...running.map(({ worker }) => ({
      what: `worker ${worker}`,
      order: { type: "UPGRADE_WORKER", data: { worker, ...program, ...deadline } },
    })),
  ];
}
