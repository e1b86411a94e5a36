/**
 * The engine in the simulated network, with the part of main that it needs: objects become changes, removals
 * become drains with numbers, and what the engine tells is kept.
 */
import { assert } from "../../src/base/assert.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineLimits } from "../../src/engine/limits.ts";
import { SecurePort } from "../../src/engine/tls/secure-port.ts";
import type { BackendChange, Change, DrainRequest, DrainUse } from "../../src/model/channel.ts";
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
import type { TlsLibrary } from "../../src/tls/machine.ts";
import { SimNetwork, type SimOptions } from "./sim-network.ts";

export class EngineRig {
  readonly net: SimNetwork;
  readonly engine: Engine;
  /** Between the two, where the engine speaks TLS. */
  readonly tlsPort: SecurePort | undefined;
  /** The last count that the engine told of each drain. */
  readonly drains: Map<number, number> = new Map();
  readonly unlistened: string[] = [];
  readonly log: string[] = [];
  /** What health checks found, in order. */
  readonly backendChanges: BackendChange[] = [];
  stopped = 0;
  readonly #objects: Map<string, ConfigObject["value"]> = new Map();
  #lastDrain = 0;

  /** `library`: to speak TLS, in the memory that the network has. */
  constructor(options: SimOptions = {}, limits: Partial<EngineLimits> = {}, library?: TlsLibrary) {
    this.net = new SimNetwork(options);
    const tls = library && { port: new SecurePort(this.net.port), library };
    this.engine = new Engine({
      port: tls?.port ?? this.net.port,
      ...(tls && { tls }),
      seed: options.seed ?? 1,
      limits,
      hooks: {
        drainChanged: (use) => this.#count(use),
        unlistened: (address) => void this.unlistened.push(address),
        backendChanged: (change) => void this.backendChanges.push(change),
        stopped: () => void this.stopped++,
        log: (level, message) => void this.log.push(`${level}: ${message}`),
      },
    });
    this.tlsPort = tls?.port;
    tls?.port.bind(this.engine);
    this.net.attach(tls?.port ?? this.engine);
  }

  listener(address: string, fields: Partial<Listener> = {}): void {
    this.updateListener(address, fields);
    this.net.perform(() => this.engine.bindListener(address, this.net.listen(address)));
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
    this.#apply([{ kind: object.kind, key, after: object.value, ...(before && { before }) }], []);
  }

  /** Removes an object, a listener with its frontends, and returns its drain's number. */
  remove(kind: ObjectKind, key: string): number {
    const frontends = kind === "listener" ? this.#frontendsOf(key) : [];
    const changes = [
      ...frontends.map((frontend) => this.#forget("frontend", frontend)),
      this.#forget(kind, key),
    ];
    const drain = ++this.#lastDrain;
    this.#apply(changes, [{ drain, kind, key }]);
    return drain;
  }

  /**
   * Asserts that everything is over: no connection is left, and no buffer but the two that the engine writes
   * into.
   */
  assertAtRest(): void {
    this.net.assertHolds({ connections: 0, references: 2 });
  }

  /** Drains whose object is still used. */
  get drainsUnderWay(): number[] {
    return [...this.drains].filter(([, connections]) => connections > 0).map(([drain]) => drain);
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

  #apply(changes: readonly Change[], drains: readonly DrainRequest[]): void {
    for (const use of this.net.perform(() => this.engine.apply(changes, drains))) this.#count(use);
  }

  #count({ drain, connections }: DrainUse): void {
    this.drains.set(drain, connections);
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
