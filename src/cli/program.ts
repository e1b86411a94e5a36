/**
 * The command line as a whole: its commands, its global options, and how each ending becomes an exit code.
 * What a command does is in the file of its name, loaded only when it is called.
 */
import { Command, CommanderError } from "commander";
import { CannotConnectError, ConnectionLostError, OrderRefusedError } from "../client/errors.ts";
import { defaultSocketPath } from "../client/socket-path.ts";
import { EXIT, EXIT_MEANINGS, NoAnswerError, StartError, UsageError } from "./exit-codes.ts";
import { showExample } from "./help.ts";
import { parseTimerMs } from "./option-values.ts";
import { endQuietlyWithReader, note, printJson } from "./output.ts";
import { VERSION } from "./version.ts";

interface CommandFile {
  /** Adds the command's arguments, options and action. */
  declare(command: Command): void | Promise<void>;
}

interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandFile>;
}

/** Its commands, in the order of its help. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: "run", summary: "Start the proxy, and stay with it.", load: () => import("./run.ts") },
  { name: "status", summary: "What runs: revision, workers, I/O.", load: () => import("./status.ts") },
  { name: "listener", summary: "Where the proxy accepts connections.", load: () => import("./listener.ts") },
  {
    name: "cluster",
    summary: "Applications: how their backends are chosen.",
    load: () => import("./cluster.ts"),
  },
  { name: "frontend", summary: "Rules from a request to a cluster.", load: () => import("./frontend.ts") },
  { name: "backend", summary: "The addresses of a cluster.", load: () => import("./backend.ts") },
  {
    name: "certificate",
    summary: "What https listeners show their clients.",
    load: () => import("./certificate.ts"),
  },
  { name: "explain", summary: "Which rule takes a request, and why.", load: () => import("./explain.ts") },
  { name: "swap", summary: "Move a cluster to new backends.", load: () => import("./swap.ts") },
  { name: "drain", summary: "Give something no new use; it stays.", load: () => import("./drain.ts") },
  { name: "undrain", summary: "Use again what drains.", load: () => import("./undrain.ts") },
  { name: "drains", summary: "What drains, and is still in use.", load: () => import("./drains.ts") },
  {
    name: "connections",
    summary: "Which clients are there, and that they go.",
    load: () => import("./connections.ts"),
  },
  { name: "metrics", summary: "What is counted, and what is there now.", load: () => import("./metrics.ts") },
  { name: "events", summary: "What changes and what happens.", load: () => import("./events.ts") },
  {
    name: "history",
    summary: "What was changed, when and by whom.",
    load: () => import("./history.ts"),
  },
  {
    name: "revert",
    summary: "Go back to what the configuration was.",
    load: () => import("./revert.ts"),
  },
  { name: "wait", summary: "Until every worker has a revision.", load: () => import("./wait.ts") },
  { name: "state", summary: "Save, load or print the configuration.", load: () => import("./state.ts") },
  {
    name: "config",
    summary: "The configuration file: check, compare, apply.",
    load: () => import("./config.ts"),
  },
  { name: "workers", summary: "List, count or restart the workers.", load: () => import("./workers.ts") },
  {
    name: "upgrade",
    summary: "Have another program take over, without losing a connection.",
    load: () => import("./upgrade.ts"),
  },
  { name: "stop", summary: "Stop the proxy.", load: () => import("./stop.ts") },
  {
    name: "transaction",
    summary: "Do the orders of a file as one.",
    load: () => import("./transaction.ts"),
  },
  { name: "order", summary: "Send orders as JSON.", load: () => import("./order.ts") },
  {
    name: "completion",
    summary: "Have a shell complete commands, options and live names.",
    load: () => import("./completion.ts"),
  },
];

const EXIT_CODES_HELP = ["\nExit codes:", ...Object.entries(EXIT_MEANINGS).map((each) => each.join("  "))];

/** Runs the command that `args` name; the exit code to end with. */
export async function runProgram(args: readonly string[]): Promise<number> {
  endQuietlyWithReader();
  const json = args.includes("--json");
  try {
    await createProgram(args).parseAsync(helpAsOption(args), { from: "user" });
    return process.exitCode === undefined ? EXIT.done : Number(process.exitCode);
  } catch (error) {
    return endWith(error, json);
  }
}

/** The program with its commands by name and summary; the one that is called is loaded then. */
export function createProgram(args: readonly string[]): Command {
  const program = new Command("kakehi")
    .description("A reverse proxy whose configuration changes while it runs.")
    .version(`kakehi ${VERSION}`, "-V, --version", "Print the version.")
    .helpOption("-h, --help", "Print this help.")
    .helpCommand(false)
    .option("--socket <path>", `The proxy's command socket (KAKEHI_SOCKET). [${defaultSocketPath()}]`)
    .option("--json", "Print JSON, for programs.")
    .option("--no-color", "Print without colours (NO_COLOR).")
    .option("--timeout <duration>", "How long to wait for a first answer. [30s]", parseTimerMs)
    .configureHelp({ showGlobalOptions: true, subcommandTerm: (command) => command.name() })
    .configureOutput({
      outputError: (text, write) => write(text.replace(/\n\(Did you mean/, " (did you mean")),
    })
    .exitOverride()
    .hook("preAction", (command) => {
      if (command.opts()["color"] === false) process.env["NO_COLOR"] = "1";
    });
  showExample(
    program,
    "kakehi run --demo",
    "kakehi backend add app app-1 127.0.0.1:9001",
    "kakehi status --json",
  );
  program.addHelpText("after", EXIT_CODES_HELP.join("\n  "));
  for (const { name, summary } of COMMANDS)
    program.command(name).summary(summary).description(summary).helpCommand(false);
  return program.hook("preSubcommand", async (_program, command) => {
    await declareCommand(command);
    if (isHelpWanted(command, args)) (await import("./catalogue-help.ts")).describeFromCatalogue(command);
  });
}

/** Gives one of the program's commands its verbs, arguments and options. */
export async function declareCommand(command: Command): Promise<void> {
  const entry = COMMANDS.find(({ name }) => name === command.name());
  await (await entry?.load())?.declare(command);
}

/** `kakehi help state save` is `kakehi state save --help`. */
function helpAsOption(args: readonly string[]): string[] {
  return args[0] === "help" ? [...args.slice(1), "--help"] : [...args];
}

/** Help is shown when it is asked for, and when a verb is missing. */
function isHelpWanted(command: Command, args: readonly string[]): boolean {
  if (args.some((arg) => arg === "--help" || arg === "-h" || arg === "help")) return true;
  return command.commands.length > 0 && !command.commands.some((verb) => args.includes(verb.name()));
}

async function endWith(error: unknown, json: boolean): Promise<number> {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  if (error instanceof UsageError || error instanceof StartError) {
    note(`error: ${error.message}`);
    return error instanceof UsageError ? EXIT.usage : EXIT.refused;
  }
  if (error instanceof OrderRefusedError) {
    const { describeRefusal } = await import("./refusal.ts");
    if (json) printJson(error.answer);
    note(describeRefusal(error));
    return EXIT.refused;
  }
  const outOfReach = [CannotConnectError, ConnectionLostError, NoAnswerError].find(
    (kind) => error instanceof kind,
  );
  if (outOfReach === undefined) throw error;
  note(`error: ${(error as Error).message}`);
  return EXIT.unreachable;
}
