/**
 * `kakehi events`: what changed and what happened, and with `--follow` what does.
 */
import type { Command } from "commander";
import { followEvents } from "../client/client.ts";
import type { EventData } from "../model/events.ts";
import { objectName } from "../model/keys.ts";
import { type Context, contextOf } from "./context.ts";
import { showExample } from "./help.ts";
import { parseCount } from "./option-values.ts";
import { note, print, printJson } from "./output.ts";
import { answersInTime, withClient } from "./proxy.ts";

type Changes = Extract<EventData, { readonly event: "CHANGED" }>["changes"];

const CHANGES_SHOWN = 3;

export function declare(command: Command): void {
  showExample(command, "kakehi events", "kakehi events --follow", "kakehi events --follow --since 0 --json");
  command
    .option("--follow", "Go on with what happens, over restarts of the proxy, until Ctrl-C.")
    .option("--since <sequence>", "Begin after this event; 0 for all that are kept.", parseCount)
    .action(async () => {
      const context = contextOf(command);
      const { follow, since } = command.opts<{ follow?: boolean; since?: number }>();
      if (!follow) return showKept(context, since ?? 0);
      for await (const event of followEvents(context.socketPath, since === undefined ? {} : { since }))
        show(context, event);
    });
}

/** What is kept by now. */
async function showKept(context: Context, since: number): Promise<void> {
  const count = await withClient(context, async (client) => {
    let last = -1;
    for await (const { data } of answersInTime(context, client, { type: "SUBSCRIBE_EVENTS" })) {
      last = (data as unknown as EventData).sequence;
      break;
    }
    let shown = 0;
    if (last <= since) return shown;
    const order = { type: "SUBSCRIBE_EVENTS", data: { since } } as const;
    for await (const { data } of answersInTime(context, client, order)) {
      const event = data as unknown as EventData;
      if (event.event !== "GAP" || event.next <= last) show(context, event);
      shown++;
      if (event.sequence >= last) break;
    }
    return shown;
  });
  if (count === 0 && !context.json) note("nothing has happened");
}

function show(context: Context, event: EventData): void {
  if (context.json) printJson(event);
  else if (event.event === "SUBSCRIBED") note("waiting for what happens");
  else print(describeEvent(event));
}

/** One line: when, what, and about whom. */
function describeEvent(event: Exclude<EventData, { readonly event: "SUBSCRIBED" }>): string {
  if (event.event === "GAP") return `… ${event.missed ?? "some"} events are not kept any more`;
  const { sequence, time_ms, event: name, ...about } = event;
  const fields = Object.entries(about).map(([field, value]) =>
    field === "changes" ? changesText(value as Changes) : `${field}=${textOf(value)}`,
  );
  const line = [new Date(time_ms).toISOString(), sequence, name, ...fields].join(" ");
  // A value of the configuration never steers the terminal.
  return line.replace(/\p{Cc}/gu, "\u{fffd}");
}

function changesText(changes: Changes): string {
  const shown = changes
    .slice(0, CHANGES_SHOWN)
    .map(({ action, kind, key }) => `${action} ${objectName(kind, key)}`);
  return `(${shown.join(", ")}${changes.length > CHANGES_SHOWN ? ", …" : ""})`;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
