/**
 * What `npm run bench` was asked for. Parsing only; the parts' names are given by who knows them.
 */
import { parseArgs } from "node:util";

export interface BenchOptions {
  /** Names of the parts to run, in the parts' own order. */
  readonly parts: readonly string[];
  /** How often each contestant is measured, in turn. */
  readonly rounds: number;
  /** How long one measurement lasts. */
  readonly seconds: number;
  /** Contestants to leave out or in, by name; all where empty. */
  readonly contestants: readonly string[];
  /** Where the table is written, relative to the project's folder; empty for nowhere. */
  readonly output: string;
  /** Go on although others use the machine. The table says so. */
  readonly busy: boolean;
}

export const USAGE = `usage: npm run bench -- [--only PART,…] [--rounds N] [--seconds S] [--contestants NAME,…]
                       [--output FILE] [--busy]

  --only         parts to run [all]
  --rounds       rounds for each contestant, in turn [5]
  --seconds      how long one measurement lasts [5]
  --contestants  kakehi-uring, kakehi-node, haproxy, nginx [all]
  --output       where the Markdown table goes [bench/RESULTS.md; not written when parts are left out]
  --busy         measure although the machine is not quiet`;

/** Reads the command line; a text is what is wrong with it. */
export function parseBenchOptions(
  args: readonly string[],
  known: { readonly parts: readonly string[]; readonly contestants: readonly string[] },
): BenchOptions | string {
  let values: Readonly<Record<string, string | boolean | undefined>>;
  try {
    values = parseArgs({ args: [...args], options: OPTIONS, strict: true }).values;
  } catch (error) {
    return (error as Error).message;
  }
  const only = listOf(values["only"]);
  const contestants = listOf(values["contestants"]);
  const unknown = [
    ...only.filter((name) => !known.parts.includes(name)),
    ...contestants.filter((name) => !known.contestants.includes(name)),
  ];
  if (unknown.length > 0) {
    return `unknown: ${unknown.join(", ")}; parts are ${known.parts.join(", ")}; contestants are ${known.contestants.join(", ")}`;
  }
  const rounds = Number(values["rounds"] ?? 5);
  const seconds = Number(values["seconds"] ?? 5);
  if (!(Number.isInteger(rounds) && rounds >= 1 && rounds <= 50)) return "--rounds is 1 to 50";
  if (!(seconds >= 1 && seconds <= 60)) return "--seconds is 1 to 60";
  const whole = only.length === 0 && contestants.length === 0;
  return {
    parts: only.length === 0 ? known.parts : known.parts.filter((name) => only.includes(name)),
    rounds,
    seconds,
    contestants: contestants.length === 0 ? known.contestants : contestants,
    output: String(values["output"] ?? (whole ? "bench/RESULTS.md" : "")),
    busy: values["busy"] === true,
  };
}

const OPTIONS = {
  only: { type: "string" },
  rounds: { type: "string" },
  seconds: { type: "string" },
  contestants: { type: "string" },
  output: { type: "string" },
  busy: { type: "boolean" },
} as const;

function listOf(value: string | boolean | undefined): readonly string[] {
  return typeof value === "string" ? value.split(",").filter((name) => name !== "") : [];
}
