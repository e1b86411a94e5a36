/**
 * `packaging/man/`: a page for the program, and one for each of its commands with the verbs below it. From
 * the program's table of commands and the catalogue of orders.
 */
import { EXIT_MEANINGS } from "../../src/cli/exit-codes.ts";
import { VERSION } from "../../src/cli/version.ts";
import { CATALOGUE } from "../../src/model/catalogue/catalogue.ts";
import { ORDER_ERRORS, type OrderErrorCode } from "../../src/model/errors.ts";
import { COMMON_ERRORS } from "./orders-page.ts";
import {
  type DescribedArgument,
  type DescribedCommand,
  describeProgram,
  type DescribedOption,
} from "./program-commands.ts";
import {
  asWritten,
  bold,
  escapeText,
  italic,
  pageHead,
  paragraph,
  prose,
  section,
  subsection,
  tagged,
} from "./roff.ts";

export const MAN_FOLDER = "packaging/man";

const ABOUT = `
Kakehi is a reverse proxy whose configuration changes while it runs, many times a second, without losing a
connection. One process, main, takes orders on a Unix socket; workers serve the traffic. Each command below
sends such orders, but for \`run\`, which is the proxy itself. Data goes to standard output, everything else
to standard error.`;

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ["KAKEHI_SOCKET", "The command socket, for the proxy and for all commands; `--socket` goes before it."],
  ["XDG_RUNTIME_DIR", "Where the command socket is, if nobody names it and the user is not root."],
  ["NO_COLOR", "Print without colours."],
];

const FILES: readonly (readonly [string, string])[] = [
  ["/run/kakehi/command.sock", "The command socket of root."],
  ["$XDG_RUNTIME_DIR/kakehi/command.sock", "The command socket of another user."],
  [
    "$TMPDIR/kakehi-<uid>/command.sock",
    "The same where that variable is not set; without `TMPDIR`, in the system's folder for temporary files.",
  ],
];

/** Every page by its path in the project. */
export async function manPages(): Promise<Readonly<Record<string, string>>> {
  const program = await describeProgram();
  const pages = [programPage(program), ...program.verbs.map((command) => commandPage(command, program))];
  const names = [program, ...program.verbs].map(pageName);
  return Object.fromEntries(names.map((name, index) => [`${MAN_FOLDER}/${name}.1`, pages[index]!]));
}

function programPage(program: DescribedCommand): string {
  const { options, examples, verbs } = program;
  return [
    pageHead("kakehi", VERSION),
    nameOf(program),
    section("Synopsis"),
    asWritten([synopsisOf({ ...program, usage: "[options] <command>" })]),
    section("Description"),
    paragraph(prose(ABOUT)),
    section("Commands"),
    ...verbs.map((verb) => tagged(reference(verb), prose(verb.summary))),
    section("Options"),
    paragraph(prose("Every command takes them, too, but for `--version`.")),
    ...options.map(optionItem),
    tagged(flagsOf("-h, --help"), escapeText("Print the help of a command.")),
    section("Exit status"),
    ...Object.entries(EXIT_MEANINGS).map(([code, meaning]) => tagged(bold(code), escapeText(`${meaning}.`))),
    section("Environment"),
    ...ENVIRONMENT.map(([name, text]) => tagged(bold(name), prose(text))),
    paragraph(`What stands for the options of the proxy is in ${bold("kakehi-run")}(1).`),
    section("Files"),
    ...FILES.map(([path, text]) => tagged(italic(path), prose(text))),
    section("Errors"),
    paragraph(escapeText("Every order may be refused with these; the pages of commands have the others.")),
    ...COMMON_ERRORS.map(errorItem),
    ...examplesSection(examples),
    seeAlso(verbs),
  ].join("");
}

function commandPage(command: DescribedCommand, program: DescribedCommand): string {
  const { verbs, path } = command;
  const all = [...(isCallable(command) ? [command] : []), ...verbs];
  const details = verbs.length === 0 ? detailsOf(command) : [];
  const errors = [
    ...new Set(all.flatMap(({ orderTypes }) => orderTypes.flatMap((type) => CATALOGUE[type].errors))),
  ];
  return [
    pageHead(pageName(command), VERSION),
    nameOf(command),
    section("Synopsis"),
    asWritten(all.map(synopsisOf)),
    section("Description"),
    paragraph(prose(command.summary)),
    paragraph(`The options of ${reference(program)} are taken, too.`),
    ...(details.length === 0 ? [] : [section("Options"), ...details]),
    ...(verbs.length === 0 ? [] : [section("Commands"), ...verbSections(command)]),
    ...(errors.length === 0 ? [] : [section("Errors"), ...errors.map(errorItem)]),
    ...examplesSection([...new Set([command, ...verbs].flatMap(({ examples }) => examples))]),
    seeAlso([program, ...program.verbs.filter((other) => other.path !== path)]),
  ].join("");
}

/** One with verbs may do something by itself, as `kakehi upgrade` does. */
function isCallable({ verbs, options }: DescribedCommand): boolean {
  return verbs.length === 0 || options.length > 0;
}

function verbSections(command: DescribedCommand): readonly string[] {
  const own = command.options.length > 0 ? [subsection(command.path), ...detailsOf(command)] : [];
  const below = command.verbs.flatMap((verb) => [
    subsection(verb.path),
    paragraph(prose(verb.summary)),
    ...detailsOf(verb),
  ]);
  return [...own, ...below];
}

function detailsOf(command: DescribedCommand): readonly string[] {
  return [...command.arguments.map(argumentItem), ...command.options.map(optionItem)];
}

function nameOf(command: DescribedCommand): string {
  const summary = command.summary.replace(/\.$/, "");
  return `${section("Name")}${escapeText(pageName(command))} \\- ${escapeText(summary)}\n`;
}

function synopsisOf({ path, usage }: DescribedCommand): string {
  return `${bold(path)} ${usage
    .split(/(<[^>]+>)/)
    .map(placeholder)
    .join("")}`;
}

/** A word in angle brackets is what the caller puts there. */
function placeholder(text: string): string {
  return text.startsWith("<") ? italic(text.slice(1, -1)) : escapeText(text);
}

/** As in `--weight <count>`, `-V, --version`. */
function flagsOf(flags: string): string {
  return flags
    .split(/(<[^>]+>|-[\w-]+)/)
    .map((part) => (part.startsWith("-") ? bold(part) : placeholder(part)))
    .join("");
}

function argumentItem({ name, help }: DescribedArgument): string {
  return tagged(italic(name), prose(help));
}

function optionItem({ flags, help, choices, variable }: DescribedOption): string {
  const parts = [
    prose(help),
    ...(choices.length === 0 ? [] : [`One of ${choices.map(bold).join(", ")}.`]),
    ...(variable === undefined ? [] : [`Environment: ${bold(variable)}.`]),
  ];
  return tagged(flagsOf(flags), parts.join(" "));
}

function errorItem(code: OrderErrorCode): string {
  const { meaning, remedy } = ORDER_ERRORS[code];
  return tagged(bold(code), `${prose(meaning)} ${prose(remedy)}`);
}

function examplesSection(examples: readonly string[]): readonly string[] {
  return examples.length === 0 ? [] : [section("Examples"), asWritten(examples.map(escapeText))];
}

function seeAlso(commands: readonly DescribedCommand[]): string {
  return `${section("See also")}${paragraph(commands.map(reference).join(", "))}`;
}

function reference(command: DescribedCommand): string {
  return `${bold(pageName(command))}(1)`;
}

function pageName({ path }: DescribedCommand): string {
  return path.replaceAll(" ", "-");
}
