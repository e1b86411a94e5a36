/**
 * What `kakehi run` prints once it is up: where everything is, and what to try next. Pure: facts in, text
 * out.
 */
import { styleText } from "node:util";
import type { Listener } from "../model/objects.ts";

export type RunningListener = Pick<Listener, "address" | "protocol">;

/** What is up. */
export interface RunningProxy {
  readonly version: string;
  readonly pid: number;
  readonly workers: number;
  /** What the workers use, and why. */
  readonly io: string;
  readonly ioReason: string;
  readonly listeners: readonly RunningListener[];
  readonly socketPath: string;
  /** Whether commands find the socket without being told. */
  readonly isDefaultSocket: boolean;
  /** How this program is called, as in `./bin/kakehi`. */
  readonly command: string;
}

const LISTENERS_SHOWN_MAX = 5;

/** The text, for people, ending in a newline. */
export function describeGreeting(proxy: RunningProxy): string {
  const facts = [
    ["listens at", describeListeners(proxy.listeners)],
    ["socket", proxy.socketPath],
    ["workers", `${proxy.workers}`],
    ["I/O", `${proxy.io}: ${proxy.ioReason}`],
  ];
  const lines = facts.map(([name, fact]) => `  ${name!.padEnd(11)} ${fact}`);
  const title = styleText("bold", `kakehi ${proxy.version} is up`);
  return [`${title} (process ${proxy.pid})`, ...lines, "", ...nextCommands(proxy), ""].join("\n");
}

function describeListeners(listeners: readonly RunningListener[]): string {
  if (listeners.length === 0) return "nothing yet";
  const shown = listeners
    .slice(0, LISTENERS_SHOWN_MAX)
    .map(({ address }) => address)
    .join(", ");
  const left = listeners.length - LISTENERS_SHOWN_MAX;
  return left > 0 ? `${shown}, and ${left} more` : shown;
}

/**
 * The next command to try: a request where one can be answered, an order in bash, and the same by the CLI.
 */
function nextCommands({ listeners, socketPath, isDefaultSocket, command }: RunningProxy): string[] {
  const kakehi = isDefaultSocket ? command : `${command} --socket ${quoted(socketPath)}`;
  const [listener] = listeners;
  const bash = (order: string): string =>
    `printf '${order}\\0' | socat -t 60 - UNIX-CONNECT:${quoted(socketPath)}`;
  const commands =
    listener === undefined
      ? [
          ["open a listener", `${kakehi} listener add 127.0.0.1:8080`],
          [
            "the same in bash",
            bash('{"id":"1","type":"ADD_LISTENER","data":{"address":"127.0.0.1:8080","protocol":"http"}}'),
          ],
        ]
      : [
          ["send a request", requestOf(listener)],
          ["ask it in bash", bash('{"id":"1","type":"STATUS"}')],
          ["or with the CLI", `${kakehi} status`],
        ];
  return [...commands, ["all commands", `${command} --help`], ["stop it", "Ctrl-C"]].map(
    ([what, how]) => `  ${what!.padEnd(17)} ${how}`,
  );
}

/** At an https listener it may be answered under the proxy's own certificate, which nobody trusts. */
function requestOf({ address, protocol }: RunningListener): string {
  return protocol === "https" ? `curl --insecure https://${address}/` : `curl http://${address}/`;
}

/** As a word of the shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
