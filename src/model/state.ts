/**
 * A configuration: its objects by key, and what follows from them (who names whom, the order of regexes, the
 * hash). Main and each worker hold one. It judges no order: `apply.ts` does, and gives changes; `applyChange`
 * follows them.
 *
 * Rules of this file:
 *  1. `applyChange` is the only way to change a state, and costs the size of the change.
 *  2. Objects are complete, frozen and shared: whoever has one may keep it.
 *  3. A change that does not fit (adds what is there, removes what is not) is a defect of ours, not a fault
 *     to answer.
 */
import { assert } from "../base/assert.ts";
import { factOf } from "./certificate-fact.ts";
import type { Change } from "./channel.ts";
import { ConfigurationHash } from "./hash.ts";
import type { HostIndex } from "./host-index.ts";
import { NameIndexes } from "./name-indexes.ts";
import type {
  Backend,
  Certificate,
  Cluster,
  ConfigObject,
  Frontend,
  Listener,
  ObjectKind,
} from "./objects.ts";
import { regexGroupOf, RegexOrder } from "./regex-order.ts";
import { SharedChains } from "./shared-chains.ts";

type Value = ConfigObject["value"];

/** How many objects of each kind there are. */
export type StateSizes = Readonly<Record<ObjectKind, number>>;

export class State {
  readonly #listeners: Map<string, Listener> = new Map();
  readonly #clusters: Map<string, Cluster> = new Map();
  readonly #frontends: Map<string, Frontend> = new Map();
  readonly #backends: Map<string, Backend> = new Map();
  readonly #certificates: Map<string, Certificate> = new Map();
  readonly #chains: SharedChains = new SharedChains();
  readonly #names: NameIndexes | undefined;
  readonly #hash = new ConfigurationHash();
  readonly #regexOrder: RegexOrder = new RegexOrder(this.#hash);

  /**
   * A state that orders are judged by keeps who names whom. One that only follows changes, as a worker's
   * does, can do without, and is a twelfth smaller; it may not be asked for it.
   */
  constructor(use: "judging" | "following" = "judging") {
    this.#names = use === "judging" ? new NameIndexes() : undefined;
  }

  /** By address. */
  get listeners(): ReadonlyMap<string, Listener> {
    return this.#listeners;
  }

  /** By `cluster_id`. */
  get clusters(): ReadonlyMap<string, Cluster> {
    return this.#clusters;
  }

  /** By `frontendKey`. */
  get frontends(): ReadonlyMap<string, Frontend> {
    return this.#frontends;
  }

  /** By `backendKey`. */
  get backends(): ReadonlyMap<string, Backend> {
    return this.#backends;
  }

  /** By `certificateKey`. */
  get certificates(): ReadonlyMap<string, Certificate> {
    return this.#certificates;
  }

  /** The keys of what belongs to one listener or cluster. Copy them before changing the state. */
  frontendKeysOfListener(address: string): Iterable<string> {
    return this.#indexes.frontendsOfListener.keysOf(address);
  }

  certificateKeysOfListener(address: string): Iterable<string> {
    return this.#indexes.certificatesOfListener.keysOf(address);
  }

  frontendKeysOfCluster(clusterId: string): Iterable<string> {
    return this.#indexes.frontendsOfCluster.keysOf(clusterId);
  }

  backendKeysOfCluster(clusterId: string): Iterable<string> {
    return this.#indexes.backendsOfCluster.keysOf(clusterId);
  }

  /** Of the certificates of a listener that have a name, as it is written in them. */
  certificateKeysOfName(address: string, name: string): Iterable<string> {
    return this.#indexes.certificatesOfName.keysOf(`${address} ${name}`);
  }

  /** Which hostnames have frontends. */
  get hosts(): Pick<HostIndex, "has" | "hasUnder" | "keysOf"> {
    return this.#indexes.hosts;
  }

  frontendCountOfCluster(clusterId: string): number {
    return this.#indexes.frontendsOfCluster.count(clusterId);
  }

  backendCountOfCluster(clusterId: string): number {
    return this.#indexes.backendsOfCluster.count(clusterId);
  }

  /**
   * The keys of the regex frontends of a group (see `regexGroupOf`), in the order in which they are tried.
   */
  regexKeysOf(group: string): readonly string[] {
    return this.#regexOrder.keysOf(group);
  }

  /** All groups of regex frontends. */
  regexGroups(): ReadonlyMap<string, readonly string[]> {
    return this.#regexOrder.groups();
  }

  /** 32 hexadecimal digits: equal configuration, equal hash, whatever led there. */
  hash(): string {
    return this.#hash.text();
  }

  sizes(): StateSizes {
    return {
      listener: this.#listeners.size,
      cluster: this.#clusters.size,
      frontend: this.#frontends.size,
      backend: this.#backends.size,
      certificate: this.#certificates.size,
    };
  }

  /** How many objects there are in all. */
  count(): number {
    const { listener, cluster, frontend, backend, certificate } = this.sizes();
    return listener + cluster + frontend + backend + certificate;
  }

  find(kind: ObjectKind, key: string): Value | undefined {
    return this.#mapOf(kind).get(key);
  }

  /**
   * Follows one change that was judged before, here or in another process. Gives the change back, with the
   * place that a removed regex frontend had: what can be taken back.
   */
  applyChange(change: Change): Change {
    const { kind, key } = change;
    const after =
      kind === "certificate" && change.after !== undefined
        ? this.#chains.sharing(change.after as Certificate)
        : change.after;
    const objects = this.#mapOf(kind);
    const before = objects.get(key);
    assert(
      (before === undefined) === (change.before === undefined),
      `${kind} ${key}: not what the change starts from`,
    );
    assert(before !== undefined || after !== undefined, `${kind} ${key}: a change from nothing to nothing`);
    if (before !== undefined) this.#hash.remove(kind, factOf(kind, before));
    if (after === undefined) objects.delete(key);
    else {
      objects.set(key, Object.freeze(after));
      this.#hash.add(kind, factOf(kind, after));
    }
    if (kind === "backend")
      this.#names?.indexBackend(key, before as Backend | undefined, after as Backend | undefined);
    if (kind === "certificate")
      this.#names?.indexCertificate(key, before as Certificate | undefined, after as Certificate | undefined);
    if (kind !== "frontend") return change;
    this.#names?.indexFrontend(key, before as Frontend | undefined, after as Frontend | undefined);
    return this.#orderFrontend(change, before as Frontend | undefined, after as Frontend | undefined);
  }

  get #indexes(): NameIndexes {
    assert(this.#names !== undefined, "a state that only follows changes does not know who names whom");
    return this.#names;
  }

  #orderFrontend(change: Change, before: Frontend | undefined, after: Frontend | undefined): Change {
    const group = regexGroupOf(before ?? after);
    if (group === undefined || (before !== undefined && after !== undefined)) return change;
    if (after === undefined) return { ...change, place: this.#regexOrder.remove(group, change.key) };
    this.#regexOrder.insert(group, change.key, change.place);
    return change;
  }

  #mapOf(kind: ObjectKind): Map<string, Value> {
    switch (kind) {
      case "listener":
        return this.#listeners as Map<string, Value>;
      case "cluster":
        return this.#clusters as Map<string, Value>;
      case "frontend":
        return this.#frontends as Map<string, Value>;
      case "backend":
        return this.#backends as Map<string, Value>;
      case "certificate":
        return this.#certificates as Map<string, Value>;
    }
  }
}
