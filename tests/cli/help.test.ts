import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { describeFromCatalogue } from "../../src/cli/catalogue-help.ts";
import { findOrder } from "../../src/cli/order-command.ts";
import { CATALOGUE, ORDER_TYPES } from "../../src/model/catalogue/catalogue.ts";
import { type FieldDescription, describeFields } from "../../src/model/catalogue/describe.ts";
import type { OrderType } from "../../src/model/orders.ts";
import { KAKEHI, runCommand } from "../../testing/run-command.ts";
import { ORDERS_BY_HAND } from "../../tools/generate-docs/program-commands.ts";

/** The command's own affair, not the caller's: how a list is paged. */
const PAGE_FIELDS = ["limit", "after"];

const rootHelp = (await runCommand(KAKEHI, ["--help"])).stdout;

/** Every command with every verb, in the catalogue's words, as `kakehi` loads them one by one. */
const commands = await allCommands();

async function allCommands(): Promise<readonly Command[]> {
  const program = new Command("kakehi").helpOption("-h, --help", "Print this help.");
  for (const [, name = ""] of rootHelp.split("Commands:")[1]!.matchAll(/^ {2}([a-z]+) /gm)) {
    const file = (await import(`../../src/cli/${name}.ts`)) as { declare(command: Command): void };
    file.declare(program.command(name));
  }
  describeFromCatalogue(program);
  const below = (command: Command): Command[] => [command, ...command.commands.flatMap(below)];
  return program.commands.flatMap(below);
}

function pathOf(command: Command): string[] {
  return command.parent === null ? [] : [...pathOf(command.parent), command.name()];
}

test("every order that is served has a command", () => {
  const served = new Set(commands.flatMap((command) => findOrder(command)?.orderType ?? []));
  assert.deepEqual([...served, ...Object.keys(ORDERS_BY_HAND)].toSorted(), ORDER_TYPES.toSorted());
  const paths = new Set(commands.map((command) => pathOf(command).join(" ")));
  for (const [type, path] of Object.entries(ORDERS_BY_HAND))
    assert(paths.has(path), `${type}: kakehi ${path}`);
});

test("every command that changes the configuration can be tried first, and bound to a revision", () => {
  for (const command of commands) {
    const path = pathOf(command).join(" ");
    const byHand = ORDER_TYPES.find((type) => ORDERS_BY_HAND[type] === path);
    const type = findOrder(command)?.orderType ?? byHand;
    if (type === undefined || !CATALOGUE[type].changesState) continue;
    const options = command.options.map(({ long }) => long);
    for (const option of ["--dry-run", "--if-revision"])
      assert(options.includes(option), `${path} ${option}`);
  }
});

test("every field that is served has its option, and every option a field", () => {
  const optionsOf = new Map<OrderType, Set<string>>();
  for (const { orderType, options } of commands.flatMap((command) => findOrder(command) ?? [])) {
    const all = optionsOf.get(orderType) ?? new Set();
    optionsOf.set(orderType, all);
    for (const { field } of options) if (field !== "(reset)") all.add(field);
  }
  for (const [orderType, options] of optionsOf) {
    const fields = new Set(leavesOf(describeFields(orderType)));
    assert.deepEqual([...options].toSorted(), [...fields].toSorted(), orderType);
  }
});

function leavesOf(fields: readonly FieldDescription[], prefix = ""): string[] {
  return fields
    .filter((field) => !PAGE_FIELDS.includes(field.name) && !isNobodysToSend(field))
    .flatMap((field) =>
      field.fields.length > 0 ? leavesOf(field.fields, `${prefix}${field.name}.`) : `${prefix}${field.name}`,
    );
}

/** Fields that nothing acts on yet, and those that the proxy finds out by itself. */
function isNobodysToSend({ description }: FieldDescription): boolean {
  return description.includes("Not served") || description.includes("need not be sent");
}

test("every field that an order cannot do without is asked for", () => {
  for (const command of commands) {
    const order = findOrder(command);
    if (order === undefined) continue;
    const presets = order.options.flatMap((option) => (option.preset === undefined ? [] : option.field));
    const needed = describeFields(order.orderType)
      .filter((field) => field.required)
      .map((field) => field.name);
    const asked = [...order.required, ...presets];
    // An order with several commands takes one of several keys: each command asks for its own.
    const isOneOf = commands.filter((other) => findOrder(other)?.orderType === order.orderType).length > 1;
    const expected = isOneOf ? [...new Set([...asked, ...needed])] : needed;
    assert.deepEqual(asked.toSorted(), expected.toSorted(), order.orderType);
  }
});

test("the choices of an option are those of its field", () => {
  for (const command of commands) {
    const order = findOrder(command);
    for (const option of order?.options ?? []) {
      if (option.choices === undefined) continue;
      const [name, part] = option.field.split(".");
      const field = describeFields(order!.orderType).find((each) => each.name === name);
      const leaf = part === undefined ? field : field?.fields.find((each) => each.name === part);
      assert.deepEqual(option.choices, leaf?.choices, `${order!.orderType} ${option.field}`);
    }
  }
});

test("the help of every command begins with an example of itself, and no option is without words", () => {
  for (const command of commands) {
    const path = ["kakehi", ...pathOf(command)].join(" ");
    const [title, example = "", ...rest] = helpOf(command).split("\n");
    assert.match(title!, /^Examples?:$/, path);
    assert(example.startsWith(`  ${path}`), `${path}: ${example}`);
    assert(rest.includes(`Usage: ${path}${command.usage() === "" ? "" : ` ${command.usage()}`}`), path);
    const bare = rest.filter((line) => /^ {2}(?:-\w, )?--\S+(?: <\S+>)?$/.test(line));
    assert.deepEqual(bare, [], path);
  }
});

function helpOf(command: Command): string {
  let help = "";
  command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
  return help;
}

test("the help of the whole begins with examples, too, and names every noun and verb of the control plane", () => {
  assert.match(rootHelp, /^Examples:\n {2}kakehi run --demo\n/);
  const paths = commands.map((command) => pathOf(command).join(" "));
  for (const noun of ["listener", "cluster", "frontend", "backend"]) {
    const verbs = noun === "frontend" ? ["add", "remove", "list"] : ["add", "update", "remove", "list"];
    for (const verb of verbs) assert(paths.includes(`${noun} ${verb}`), `${noun} ${verb}`);
  }
  const others = [
    "run",
    "status",
    "explain",
    "state save",
    "state load",
    "state dump",
    "workers",
    "upgrade",
    "upgrade main",
    "upgrade worker",
    "stop",
    "order",
  ];
  for (const path of others) assert(paths.includes(path), path);
});

test("help can be asked for in front, too", async () => {
  const front = await runCommand(KAKEHI, ["help", "backend", "add"]);
  const behind = await runCommand(KAKEHI, ["backend", "add", "--help"]);
  assert.deepEqual(front, behind);
  assert.match(front.stdout, /Usage: kakehi backend add <cluster-id> <backend-id> <address> \[options\]/);
  assert.match(front.stdout, /--weight <count> +Its share of the requests/);
});

test("without a command, and without a verb, the help is shown as a complaint", async () => {
  for (const args of [[], ["backend"]]) {
    const ended = await runCommand(KAKEHI, args);
    assert.deepEqual([ended.code, ended.stdout], [2, ""]);
    assert.match(ended.stderr, /^Examples:/);
  }
});
