/**
 * A configuration as it was: what the steps back through history come to, and the configuration of then as a
 * view on the one of now. It costs what has changed since, not what there is.
 *
 * Rules of this file:
 *  1. Steps come newest first; of several about one object the oldest one holds.
 *  2. Nothing is changed: the state of now stays as it is, and a view holds until it changes.
 */
import { assert } from "../base/assert.ts";
import type { ConfigObject, Frontend, Listener, ObjectKind, PathRule } from "./objects.ts";
import { regexGroupOf, regexGroupOfKey } from "./regex-order.ts";
import type { State } from "./state.ts";
import type { UndoStep } from "./undo-steps.ts";

/** A configuration that is looked at, and not changed. */
export type StateView = Pick<
  State,
  "listeners" | "clusters" | "frontends" | "backends" | "certificates" | "regexKeysOf" | "regexGroups"
>;

/** Two parts of configurations whose difference is that of the whole. */
export interface ComparedViews {
  readonly current: StateView;
  readonly wanted: StateView;
}

/** Of a request that is explained: rules that it nearly met. */
const OTHERS_MAX = 500;

type Value = ConfigObject["value"];
type Objects = Record<ObjectKind, Map<string, Value | undefined>>;
type Keys = Record<ObjectKind, Set<string>>;

/** One key put back to its place, or, without a place, taken out. */
interface RegexStep {
  readonly key: string;
  readonly place: number | undefined;
}

export class Undone {
  readonly #objects: Objects = emptyObjects();
  readonly #regexSteps: Map<string, RegexStep[]> = new Map();

  /** Takes the steps of a change that is older than all before. */
  take(steps: Iterable<UndoStep>): void {
    for (const { kind, key, before, place } of steps) {
      this.#objects[kind].set(key, before);
      const group = kind === "frontend" ? regexGroupOfKey(key) : undefined;
      if (group === undefined || (before !== undefined && place === undefined)) continue;
      this.#regexStepsOf(group).push({ key, place });
    }
  }

  /** Takes all steps of `older`, whose changes are older than all before. */
  takeAll(older: Undone): void {
    for (const [kind, objects] of Object.entries(older.#objects) as [ObjectKind, Objects[ObjectKind]][]) {
      for (const [key, before] of objects) this.#objects[kind].set(key, before);
    }
    for (const [group, steps] of older.#regexSteps) {
      const ofGroup = this.#regexStepsOf(group);
      for (const step of steps) ofGroup.push(step);
    }
  }

  /** The whole configuration as it was. Costs a copy of the maps of the kinds that have changed. */
  viewOf(state: State): StateView {
    const groups = new Map(state.regexGroups());
    for (const group of this.#regexSteps.keys()) setGroup(groups, group, this.#groupOf(state, group));
    const mapOf = (kind: ObjectKind): Map<string, Value> | ReadonlyMap<string, Value> => {
      const undone = this.#objects[kind];
      if (undone.size === 0) return mapOfKind(state, kind);
      const map = new Map(mapOfKind(state, kind));
      for (const [key, before] of undone) {
        if (before === undefined) map.delete(key);
        else map.set(key, before);
      }
      return map;
    };
    return viewOf(mapOf, groups);
  }

  /** As much of the configuration of now, and of then, as tells what differs. */
  comparedWith(state: State): ComparedViews {
    const keys = this.#keysToCompare(state);
    const groups = {
      current: new Map<string, readonly string[]>(),
      wanted: new Map(this.#wantedGroups(state)),
    };
    for (const key of keys.frontend) {
      const group = regexGroupOfKey(key);
      if (group === undefined) continue;
      setGroup(groups.current, group, state.regexKeysOf(group));
      if (!this.#regexSteps.has(group)) setGroup(groups.wanted, group, state.regexKeysOf(group));
    }
    const now = (kind: ObjectKind, key: string): Value | undefined => state.find(kind, key);
    const then = (kind: ObjectKind, key: string): Value | undefined => this.#find(state, kind, key);
    return {
      current: viewOf((kind) => pick(keys[kind], (key) => now(kind, key)), groups.current),
      wanted: viewOf((kind) => pick(keys[kind], (key) => then(kind, key)), groups.wanted),
    };
  }

  /** What has changed, and what is touched when that changes back. */
  #keysToCompare(state: State): Keys {
    const keys: Keys = {
      listener: new Set(this.#objects.listener.keys()),
      cluster: new Set(this.#objects.cluster.keys()),
      frontend: new Set(this.#objects.frontend.keys()),
      backend: new Set(this.#objects.backend.keys()),
      certificate: new Set(this.#objects.certificate.keys()),
    };
    // A cluster can go only when nobody names it: who names it is removed, and comes back without it.
    for (const [id, before] of this.#objects.cluster) {
      if (before === undefined) for (const key of state.frontendKeysOfCluster(id)) keys.frontend.add(key);
    }
    // The order of regexes is one of whole groups.
    const groups = new Set(this.#regexSteps.keys());
    for (const key of keys.frontend) groups.add(regexGroupOfKey(key) ?? "");
    for (const group of groups) {
      for (const key of state.regexKeysOf(group)) keys.frontend.add(key);
      for (const key of this.#groupOf(state, group)) keys.frontend.add(key);
    }
    this.#addOwners(state, keys);
    return keys;
  }

  /** The listeners and clusters of what is compared: whether they stay decides over what is theirs. */
  #addOwners(state: State, keys: Keys): void {
    for (const kind of ["frontend", "certificate"] as const) {
      for (const key of keys[kind]) keys.listener.add(this.#ownerOf(state, kind, key, "listener"));
    }
    for (const key of keys.backend) keys.cluster.add(this.#ownerOf(state, "backend", key, "cluster_id"));
  }

  #ownerOf(state: State, kind: ObjectKind, key: string, field: "listener" | "cluster_id"): string {
    const value = state.find(kind, key) ?? this.#find(state, kind, key);
    // Added and removed again: nobody needs its owner.
    return (value as { readonly [name in typeof field]?: string } | undefined)?.[field] ?? "";
  }

  #find(state: State, kind: ObjectKind, key: string): Value | undefined {
    const undone = this.#objects[kind];
    return undone.has(key) ? undone.get(key) : state.find(kind, key);
  }

  *#wantedGroups(state: State): Iterable<[string, readonly string[]]> {
    for (const group of this.#regexSteps.keys()) {
      const keys = this.#groupOf(state, group);
      if (keys.length > 0) yield [group, keys];
    }
  }

  /** The keys of a group, as they were. */
  #groupOf(state: State, group: string): readonly string[] {
    const steps = this.#regexSteps.get(group);
    if (steps === undefined) return state.regexKeysOf(group);
    const keys = [...state.regexKeysOf(group)];
    for (const { key, place } of steps) {
      if (place !== undefined) keys.splice(place, 0, key);
      else {
        const at = keys.indexOf(key);
        assert(at !== -1, `history takes out ${key}, which is not there`);
        keys.splice(at, 1);
      }
    }
    return keys;
  }

  #regexStepsOf(group: string): RegexStep[] {
    const steps = this.#regexSteps.get(group) ?? [];
    this.#regexSteps.set(group, steps);
    return steps;
  }
}

/**
 * The frontends of a view that may take a request, each regex behind those before it; and up to
 * `OTHERS_MAX` that have its host, and another path.
 */
export function frontendsFor(
  view: StateView,
  { listener, host, path }: { readonly listener: string; readonly host: string; readonly path: string },
): readonly Frontend[] {
  const name = host.toLowerCase().replace(/\.$/, "");
  const hasHost = (frontend: Frontend): boolean =>
    frontend.listener === listener && coversHost(frontend.hostname, name);
  const found: Frontend[] = [];
  let others = 0;
  for (const frontend of view.frontends.values()) {
    if (!hasHost(frontend) || regexGroupOf(frontend) !== undefined) continue;
    if (mayTake(frontend.path, path) || others++ < OTHERS_MAX) found.push(frontend);
  }
  for (const keys of view.regexGroups().values()) {
    const regexes = keys.map((key) => view.frontends.get(key)!);
    if (hasHost(regexes[0]!)) found.push(...regexes);
  }
  return found;
}

function coversHost(hostname: string, name: string): boolean {
  if (hostname === "*" || hostname === name) return true;
  return hostname.startsWith("*.") && name.endsWith(hostname.slice(1));
}

function mayTake(rule: PathRule, path: string): boolean {
  if ("exact" in rule) return rule.exact === path;
  return "prefix" in rule && path.startsWith(rule.prefix);
}

function emptyObjects(): Objects {
  return {
    listener: new Map(),
    cluster: new Map(),
    frontend: new Map(),
    backend: new Map(),
    certificate: new Map(),
  };
}

function pick(
  keys: ReadonlySet<string>,
  find: (key: string) => Value | undefined,
): ReadonlyMap<string, Value> {
  const map = new Map<string, Value>();
  for (const key of keys) {
    const value = find(key);
    if (value !== undefined) map.set(key, value);
  }
  return map;
}

function mapOfKind(state: State, kind: ObjectKind): ReadonlyMap<string, Value> {
  switch (kind) {
    case "listener":
      return state.listeners;
    case "cluster":
      return state.clusters;
    case "frontend":
      return state.frontends;
    case "backend":
      return state.backends;
    case "certificate":
      return state.certificates;
  }
}

function viewOf(
  mapOf: (kind: ObjectKind) => ReadonlyMap<string, Value>,
  groups: ReadonlyMap<string, readonly string[]>,
): StateView {
  return {
    listeners: mapOf("listener") as ReadonlyMap<string, Listener>,
    clusters: mapOf("cluster") as StateView["clusters"],
    frontends: mapOf("frontend") as StateView["frontends"],
    backends: mapOf("backend") as StateView["backends"],
    certificates: mapOf("certificate") as StateView["certificates"],
    regexKeysOf: (group) => groups.get(group) ?? [],
    regexGroups: () => groups,
  };
}

function setGroup(groups: Map<string, readonly string[]>, group: string, keys: readonly string[]): void {
  if (keys.length === 0) groups.delete(group);
  else groups.set(group, keys);
}
