/**
 * The engine in the simulated network, with the part of main that it needs: its configuration, and what it
 * tells is kept.
 */
import { Engine } from "../../src/engine/engine.ts";
import type { EngineLimits } from "../../src/engine/limits.ts";
import { SecurePort } from "../../src/engine/tls/secure-port.ts";
import type { BackendChange, Change, DrainRequest, DrainUse } from "../../src/model/channel.ts";
import type { TlsLibrary } from "../../src/tls/machine.ts";
import { SimConfiguration } from "./sim-configuration.ts";
import { SimNetwork, type SimOptions } from "./sim-network.ts";

export class EngineRig extends SimConfiguration {
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

  /** `library`: to speak TLS, in the memory that the network has. */
  constructor(options: SimOptions = {}, limits: Partial<EngineLimits> = {}, library?: TlsLibrary) {
    super();
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

  protected override publish(changes: readonly Change[], drains: readonly DrainRequest[]): void {
    for (const use of this.net.perform(() => this.engine.apply(changes, drains))) this.#count(use);
  }

  protected override bind(address: string): void {
    this.net.perform(() => this.engine.bindListener(address, this.net.listen(address)));
  }

  #count({ drain, connections }: DrainUse): void {
    this.drains.set(drain, connections);
  }
}
