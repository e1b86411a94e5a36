/**
 * Reads the Markdown transcripts of this folder; their form is described in `README.md`. Text in, cases out:
 * it runs nothing.
 */

export type Step =
  | { readonly kind: "client" | "backend"; readonly bytes: string }
  /** The next message there must look like this. */
  | { readonly kind: "at-client" | "at-backend"; readonly pattern: MessagePattern }
  | { readonly kind: "does"; readonly who: "client" | "backend"; readonly what: "ends" | "resets" | "closes" }
  /** The client connects where a PROXY header is asked for. */
  | { readonly kind: "listener"; readonly acceptsProxyProtocol: boolean }
  /** What the PROXY header of the latest connection to a backend tells. */
  | { readonly kind: "proxy-header"; readonly header: string }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "outcome"; readonly outcome: Outcome };

/** What a message must look like. `…` in a value stands for anything. */
export interface MessagePattern {
  readonly startLine: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly absent: readonly string[];
  readonly trailers: readonly (readonly [name: string, value: string])[];
  /** The content, without its framing. */
  readonly body: string;
}

/** How it all ended. What is not given is not looked at. */
export interface Outcome {
  /** Status codes at the client, in order, without interim ones. */
  readonly statuses?: readonly number[];
  readonly client?: "open" | "end" | "reset" | "cut";
  /** `true`: not one byte reached a backend. */
  readonly backendSawNothing?: boolean;
  readonly backendConnections?: number;
  readonly backendRequests?: number;
  /** Endings of backend connections by number, from 1. */
  readonly backendEndings: readonly (readonly [number: number, ending: "open" | "gone"])[];
}

export interface Transcript {
  /** Title, with its variant where the case has several. */
  readonly name: string;
  readonly steps: readonly Step[];
}

/** Reads one document. Throws for what has no meaning: a transcript with a slip must not pass. */
export function parseTranscripts(markdown: string): Transcript[] {
  const [, ...sections] = `\n${markdown}`.split("\n## ");
  return sections.flatMap((section) => parseSection(section));
}

interface Fence {
  readonly info: string;
  readonly lines: readonly string[];
}

function parseSection(section: string): Transcript[] {
  const title = section.split("\n", 1)[0]!.trim();
  const fences = [...section.matchAll(/^```([a-z-]+)\n([\s\S]*?)^```$/gm)].map(([, info, text]) => {
    return { info: info!, lines: text === "" ? [] : text!.slice(0, -1).split("\n") } satisfies Fence;
  });
  const variants = fences.find(({ info }) => info === "each")?.lines;
  const rest = fences.filter(({ info }) => info !== "each");
  if (variants === undefined)
    return rest.length === 0 ? [] : [{ name: title, steps: rest.map((fence) => parseStep(fence)) }];
  return variants.map((variant) => ({
    name: `${title}: ${variant}`,
    steps: rest.map(({ info, lines }) =>
      parseStep({ info, lines: lines.map((line) => line.replaceAll("{}", variant)) }),
    ),
  }));
}

function parseStep({ info, lines }: Fence): Step {
  switch (info) {
    case "client":
    case "backend":
      return { kind: info, bytes: bytesOf(lines) };
    case "at-client":
    case "at-backend":
      return { kind: info, pattern: parsePattern(lines) };
    case "does": {
      const match = /^(client|backend) (ends|resets|closes)$/.exec(lines.join("\n"));
      if (match === null) throw new Error(`nobody does: ${lines.join("\n")}`);
      return {
        kind: "does",
        who: match[1] as "client" | "backend",
        what: match[2] as "ends" | "resets" | "closes",
      };
    }
    case "listener":
      if (lines.join("\n") !== "accepts the PROXY protocol") throw new Error("a listener of no such kind");
      return { kind: "listener", acceptsProxyProtocol: true };
    case "proxy-header":
      return { kind: "proxy-header", header: lines.join("\n") };
    case "wait":
      return { kind: "wait", ms: Number(/^([0-9]+) ms$/.exec(lines.join("\n"))?.[1]) };
    case "outcome":
      return { kind: "outcome", outcome: parseOutcome(lines) };
    default:
      throw new Error(`a block of unknown kind: ${info}`);
  }
}

/** Each line ends with CRLF, unless a backslash ends it. */
function bytesOf(lines: readonly string[]): string {
  return lines
    .map((line) => (line.endsWith("\\") ? unescape(line.slice(0, -1)) : `${unescape(line)}\r\n`))
    .join("");
}

const ESCAPES: Readonly<Record<string, string>> = { r: "\r", n: "\n", t: "\t", 0: "\0", "\\": "\\" };

function unescape(text: string): string {
  const repeated = text.replaceAll(/\{([0-9]+) × ([^}]+)\}/g, (_, count: string, what: string) =>
    what.repeat(Number(count)),
  );
  return repeated.replaceAll(
    /\\(?:x([0-9a-f]{2})|([rnt0\\]))/g,
    (_, hex: string | undefined, short: string | undefined) => {
      return hex === undefined ? ESCAPES[short!]! : String.fromCharCode(Number.parseInt(hex, 16));
    },
  );
}

function parsePattern(lines: readonly string[]): MessagePattern {
  const [startLine = "", ...rest] = lines;
  const end = rest.indexOf("");
  const fieldLines = end === -1 ? rest : rest.slice(0, end);
  const field = (line: string): readonly [string, string] => {
    const colon = line.indexOf(":");
    if (colon === -1) throw new Error(`no field: ${line}`);
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  };
  const isPlain = (line: string): boolean => !line.startsWith("- ") && !line.startsWith("+ ");
  return {
    startLine,
    fields: fieldLines.filter(isPlain).map(field),
    absent: fieldLines.filter((line) => line.startsWith("- ")).map((line) => line.slice(2).toLowerCase()),
    trailers: fieldLines.filter((line) => line.startsWith("+ ")).map((line) => field(line.slice(2))),
    body: end === -1 ? "" : bytesOf(rest.slice(end + 1)),
  };
}

function parseOutcome(lines: readonly string[]): Outcome {
  const outcome: { -readonly [Key in keyof Outcome]: Outcome[Key] } & {
    backendEndings: [number, "open" | "gone"][];
  } = { backendEndings: [] };
  for (const line of lines) {
    const client = /^client: ([0-9, ]*?)(?:, )?(open|end|reset|cut)$/.exec(line);
    const ending = /^backend: connection ([0-9]+) (open|gone)$/.exec(line);
    const count = /^backend: ([0-9]+) (connections?|requests?)$/.exec(line);
    if (client !== null) {
      outcome.statuses = client[1] === "" ? [] : client[1]!.split(", ").map(Number);
      outcome.client = client[2] as "open" | "end" | "reset" | "cut";
    } else if (ending !== null) {
      outcome.backendEndings.push([Number(ending[1]), ending[2] as "open" | "gone"]);
    } else if (count !== null) {
      outcome[count[2]!.startsWith("connection") ? "backendConnections" : "backendRequests"] = Number(
        count[1],
      );
    } else if (line === "backend: nothing") {
      outcome.backendSawNothing = true;
    } else {
      throw new Error(`no outcome: ${line}`);
    }
  }
  return outcome;
}
