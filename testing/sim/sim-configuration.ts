/**
 * What main has of a configuration, for engines in the simulated network: objects become changes, removals
 * become drains with numbers.
 */
import { assert } from "../../src/base/assert.ts";
import type { Change, DrainRequest } from "../../src/model/channel.ts";
import {
  BACKEND_DEFAULTS,
  CLUSTER_DEFAULTS,
  LISTENER_DEFAULTS,
  PATH_DEFAULT,
  TAGS_DEFAULT,
} from "../../src/model/defaults.ts";
import { backendKey, certificateKey, frontendKey } from "../../src/model/keys.ts";
import type {
  Backend,
  Cluster,
  ConfigObject,
  Frontend,
  Listener,
  ObjectKind,
} from "../../src/model/objects.ts";

export abstract class SimConfiguration {
  readonly #objects: Map<string, ConfigObject["value"]> = new Map();
  #lastDrain = 0;

  /** The engines follow these changes. */
  protected abstract publish(changes: readonly Change[], drains: readonly DrainRequest[]): void;

  /** The engines accept at this listener. */
  protected abstract bind(address: string): void;

  listener(address: string, fields: Partial<Listener> = {}): void {
    this.updateListener(address, fields);
    this.bind(address);
  }

  /** Changes a listener to the defaults with these fields. */
  updateListener(address: string, fields: Partial<Listener>): void {
    this.put({ kind: "listener", value: { ...LISTENER_DEFAULTS, address, protocol: "http", ...fields } });
  }

  cluster(cluster_id: string, fields: Partial<Cluster> = {}): void {
    this.put({ kind: "cluster", value: { ...CLUSTER_DEFAULTS, cluster_id, ...fields } });
  }

  backend(cluster_id: string, backend_id: string, address: string, fields: Partial<Backend> = {}): void {
    this.put({ kind: "backend", value: { ...BACKEND_DEFAULTS, cluster_id, backend_id, address, ...fields } });
  }

  frontend(listener: string, hostname: string, fields: Partial<Frontend>): void {
    this.put({
      kind: "frontend",
      value: { listener, hostname, path: PATH_DEFAULT, tags: TAGS_DEFAULT, ...fields },
    });
  }

  /** Adds an object, or changes the one under its key. */
  put(object: ConfigObject): void {
    const key = keyOf(object);
    const before = this.#objects.get(`${object.kind} ${key}`);
    this.#objects.set(`${object.kind} ${key}`, object.value);
    this.publish([{ kind: object.kind, key, after: object.value, ...(before && { before }) }], []);
  }

  /** Lets an object drain that stays, and returns its drain's number. */
  drain(kind: "listener" | "cluster" | "backend", key: string): number {
    const drain = ++this.#lastDrain;
    this.#change(kind, key, { draining: true }, [{ drain, kind, key, stays: true }]);
    return drain;
  }

  undrain(kind: "listener" | "cluster" | "backend", key: string): void {
    this.#change(kind, key, { draining: undefined }, []);
  }

  /** Removes what drains already: its drain goes on. */
  removeDraining(kind: ObjectKind, key: string): void {
    this.publish([this.#forget(kind, key)], []);
  }

  /** Removes an object, a listener with its frontends, and returns its drain's number. */
  remove(kind: ObjectKind, key: string): number {
    const frontends = kind === "listener" ? this.#frontendsOf(key) : [];
    const changes = [
      ...frontends.map((frontend) => this.#forget("frontend", frontend)),
      ...(kind === "cluster" ? this.#forgetWithin(key) : []),
      this.#forget(kind, key),
    ];
    const drain = ++this.#lastDrain;
    this.publish(changes, [{ drain, kind, key }]);
    return drain;
  }

  /** What goes with a cluster, as by `"cascade": true`. */
  #forgetWithin(cluster: string): Change[] {
    const changes: Change[] = [];
    for (const [name, object] of [...this.#objects]) {
      const [kind] = name.split(" ", 1);
      const isWithin = (object as { cluster_id?: string }).cluster_id === cluster;
      if (isWithin && (kind === "frontend" || kind === "backend"))
        changes.push(this.#forget(kind, name.slice(kind.length + 1)));
    }
    return changes;
  }

  #change(kind: ObjectKind, key: string, fields: object, drains: readonly DrainRequest[]): void {
    const before = this.#objects.get(`${kind} ${key}`);
    assert(before !== undefined, `there is no ${kind} ${key}`);
    const after = { ...before, ...fields };
    this.#objects.set(`${kind} ${key}`, after);
    this.publish([{ kind, key, before, after }], drains);
  }

  #forget(kind: ObjectKind, key: string): Change {
    const before = this.#objects.get(`${kind} ${key}`);
    assert(before !== undefined, `there is no ${kind} ${key}`);
    this.#objects.delete(`${kind} ${key}`);
    return { kind, key, before };
  }

  #frontendsOf(listener: string): string[] {
    const prefix = `frontend ${listener} `;
    const names = [...this.#objects.keys()].filter((name) => name.startsWith(prefix));
    return names.map((name) => name.slice("frontend ".length));
  }
}

function keyOf(object: ConfigObject): string {
  switch (object.kind) {
    case "listener":
      return object.value.address;
    case "cluster":
      return object.value.cluster_id;
    case "frontend":
      return frontendKey(object.value);
    case "backend":
      return backendKey(object.value);
    case "certificate":
      return certificateKey(object.value);
  }
}
