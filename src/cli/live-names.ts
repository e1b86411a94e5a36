/**
 * The names of what is in a running proxy, for completion and for "did you mean": which argument or option
 * takes the name of what, and the question for it. All is bounded: a proxy may have 100,000 of a kind.
 */
import type { Client } from "../client/client.ts";
import type { ListData } from "../model/answer-data.ts";
import { didYouMean } from "../model/suggest.ts";

/** What has names on the command line. */
export type LiveKind =
  | "cluster"
  | "backend"
  | "listener"
  | "certificate"
  | "certificate name"
  | "hostname"
  | "worker";

export interface WantedNames {
  readonly kind: LiveKind;
  /** What the names begin with. */
  readonly typed: string;
  /** Options and arguments that are given already, without dashes: they say of which cluster or listener. */
  readonly given: ReadonlyMap<string, string>;
}

export interface LiveNames {
  /** Sorted, each once. */
  readonly names: readonly string[];
  /** There are others that begin so, or there may be. */
  readonly areMore: boolean;
}

/** How long names are waited for: they are a help, and what is not there by then is left out. */
export const LIVE_NAMES_TIMEOUT_MS = 500;

/** How many objects one question looks at. */
const OBJECTS_MAX = 1_000;

const KINDS: Readonly<Record<string, LiveKind>> = {
  "cluster-id": "cluster",
  "backend-id": "backend",
  listener: "listener",
  fingerprint: "certificate",
  "old-fingerprint": "certificate",
  "default-certificate": "certificate",
  hostname: "hostname",
  host: "hostname",
  worker: "worker",
};

/** Where a name means something else: by command. `undefined`: it is for the caller to invent. */
const KINDS_OF_COMMAND: Readonly<Record<string, Readonly<Record<string, LiveKind | undefined>>>> = {
  "cluster add": { "cluster-id": undefined },
  "backend add": { "backend-id": undefined },
  "listener update": { address: "listener" },
  "listener remove": { address: "listener" },
  "listener list": { address: "listener" },
  "drain listener": { address: "listener" },
  "undrain listener": { address: "listener" },
  "certificate list": { name: "certificate name" },
  swap: { remove: "backend" },
};

/**
 * What an argument or option of a command names; `undefined`: nothing that is in a proxy. `path` is the
 * command as in `backend add`, `name` as in `cluster-id`.
 */
export function liveKindOf(path: string, name: string): LiveKind | undefined {
  const ofCommand = KINDS_OF_COMMAND[path];
  return ofCommand !== undefined && Object.hasOwn(ofCommand, name) ? ofCommand[name] : KINDS[name];
}

/** Asks for the names that begin with what is typed. Throws what `Client.send` throws. */
export async function askLiveNames(
  client: Client,
  wanted: WantedNames,
  signal: AbortSignal,
): Promise<LiveNames> {
  if (wanted.kind === "worker") {
    const { data } = await client.send({ type: "STATUS" }, { signal });
    const numbers = data.workers.map(({ worker }) => `${worker}`);
    return { names: matching(wanted, numbers), areMore: false };
  }
  const { type, filter, keyStart, field } = listingOf(wanted);
  const after = justBefore(keyStart);
  const data = { ...filter, limit: OBJECTS_MAX, ...(after !== undefined && { after }) };
  const answer = await client.send<string>({ type, data }, { signal });
  const { items, next } = answer.data as unknown as ListData<Readonly<Record<string, unknown>>>;
  const names = items.flatMap((item) => item[field]).filter((name) => typeof name === "string");
  const isPastAll = keyStart !== "" && names.length > 0 && !names.at(-1)!.startsWith(wanted.typed);
  return { names: matching(wanted, names), areMore: next !== null && !isPastAll };
}

/**
 * The end of a sentence that says that nothing was found: `; did you mean "app"?`, or nothing. `fields` are
 * what was looked for, as an order has them; the first one that names what is not there is told.
 */
export async function suggestNames(client: Client, path: string, fields: object): Promise<string> {
  const texts = Object.entries(fields).filter(([, value]) => typeof value === "string");
  const given = new Map(texts.map(([field, value]) => [field.replaceAll("_", "-"), String(value)]));
  const signal = AbortSignal.timeout(LIVE_NAMES_TIMEOUT_MS);
  try {
    for (const [name, typed] of given) {
      const kind = liveKindOf(path, name);
      const suggestion = kind && (await suggestName(client, { kind, typed, given }, signal));
      if (suggestion) return suggestion;
    }
  } catch {
    // It is beside the point: what was asked for is answered.
  }
  return "";
}

/** Looks among the names that begin like it, and among the first of all. */
async function suggestName(client: Client, wanted: WantedNames, signal: AbortSignal): Promise<string> {
  const name = wanted.typed;
  if ((await askLiveNames(client, wanted, signal)).names.includes(name)) return "";
  for (const typed of [name.slice(0, Math.ceil(name.length / 2)), ""]) {
    const { names } = await askLiveNames(client, { ...wanted, typed }, signal);
    const suggestion = didYouMean(name, names);
    if (suggestion !== "") return suggestion;
  }
  return "";
}

interface Listing {
  readonly type: string;
  readonly filter: object;
  /**
   * What the keys of those that match begin with; empty where their names are not what they are sorted by.
   */
  readonly keyStart: string;
  /** Where an item has its name, or its names. */
  readonly field: string;
}

function listingOf({ kind, typed, given }: WantedNames): Listing {
  const listener = given.get("listener") ?? given.get("address");
  switch (kind) {
    case "cluster":
      return { type: "LIST_CLUSTERS", filter: {}, keyStart: typed, field: "cluster_id" };
    case "listener":
      return { type: "LIST_LISTENERS", filter: {}, keyStart: typed, field: "address" };
    case "backend":
      return ofOwner("LIST_BACKENDS", { cluster_id: given.get("cluster-id") }, typed, "backend_id");
    case "certificate":
      return ofOwner("LIST_CERTIFICATES", { listener }, typed, "fingerprint");
    case "hostname":
      return ofOwner("LIST_FRONTENDS", { listener }, typed, "hostname");
    case "certificate name":
      return { type: "LIST_CERTIFICATES", filter: {}, keyStart: "", field: "names" };
    case "worker":
      throw new TypeError("workers are not listed");
  }
}

/** Those of a cluster or listener where it is given: their keys begin with it. Else of all. */
function ofOwner(
  type: string,
  owner: Readonly<Record<string, string | undefined>>,
  typed: string,
  field: string,
): Listing {
  const [id] = Object.values(owner);
  return id === undefined
    ? { type, filter: {}, keyStart: "", field }
    : { type, filter: owner, keyStart: `${id} ${typed}`, field };
}

function matching({ typed }: WantedNames, names: readonly string[]): readonly string[] {
  return [...new Set(names.filter((name) => name.startsWith(typed)))].toSorted();
}

/**
 * A text after which those that begin with `start` come, in the order of UTF-16, and hardly any others. Pages
 * begin after a text, so `start` itself would leave out the object of exactly this name.
 */
function justBefore(start: string): string | undefined {
  if (start === "") return undefined;
  const last = start.charCodeAt(start.length - 1);
  return last === 0 ? undefined : `${start.slice(0, -1)}${String.fromCharCode(last - 1)}\uffff`;
}
