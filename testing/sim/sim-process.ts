/**
 * A worker process in the simulated network: an engine, the configuration that it was told, and, while it
 * hands over, its end of the ways to another. Messages take their time; a process that dies says nothing
 * more, and what it had sent still arrives.
 */
import { Engine } from "../../src/engine/engine.ts";
import type { EngineHooks } from "../../src/engine/engine-options.ts";
import type { EngineLimits } from "../../src/engine/limits.ts";
import type { Change, DrainRequest, DrainUse } from "../../src/model/channel.ts";
import type { FromGiver, FromTaker, HandoverRecord } from "../../src/model/handover.ts";
import { Giver } from "../../src/worker/giver.ts";
import { Taker } from "../../src/worker/taker.ts";
import type { SimNetwork } from "./sim-network.ts";
import type { SimDescriptor } from "./sim-socket.ts";
import type { SimWorker } from "./sim-worker.ts";

export class SimProcess {
  readonly worker: SimWorker;
  readonly engine: Engine;
  revision = 0;
  giver: Giver | undefined;
  taker: Taker<SimDescriptor> | undefined;
  /** What it gave, batch by batch, and the newest batch that the other said to hold. */
  readonly given: HandoverRecord[][] = [];
  taken = 0;
  readonly #net: SimNetwork;

  constructor(
    net: SimNetwork,
    worker: SimWorker,
    options: { readonly seed: number; readonly limits: Partial<EngineLimits>; readonly hooks: EngineHooks },
  ) {
    this.#net = net;
    this.worker = worker;
    this.engine = new GivingEngine({ port: worker.port, ...options }, () => this.giver?.turnEnds());
    worker.attach(this.engine);
  }

  /** Follows a change. Inside a turn. */
  follow(changes: readonly Change[], drains: readonly DrainRequest[]): readonly DrainUse[] {
    const uses = this.engine.apply(changes, drains);
    this.revision++;
    this.giver?.followed();
    this.taker?.followed();
    return uses;
  }

  /** Gives all that it has to `taker`. Inside a turn. `tookBack` is told if that comes to nothing. */
  giveTo(other: SimProcess, tookBack: (reason: string) => void): void {
    const descriptors: SimDescriptor[] = [];
    const toTaker = new Way<FromGiver>(this.#net, (message) => other.hear(() => taker.received(message)));
    const toGiver = new Way<FromTaker>(this.#net, (message) => this.hear(() => giver.received(message)));
    const taker: Taker<SimDescriptor> = (other.taker = new Taker({
      engine: other.engine,
      send: (message) => {
        if (message.type === "taken") this.taken = message.number;
        toGiver.send(message);
      },
      takeDescriptors: (count) => descriptors.splice(0, count),
      adoptConnection: (descriptor) => other.worker.adoptConnection(descriptor),
      closeDescriptor: (descriptor) => descriptor.close(),
      closeConnection: (connection) => other.worker.port.close(connection),
      revision: () => other.revision,
    }));
    const giver: Giver = (this.giver = new Giver({
      engine: this.engine,
      send: (message) => {
        if (message.type === "batch") this.given.push([...message.records]);
        toTaker.send(message);
      },
      sendConnections: (connections) => {
        descriptors.push(...connections.map((connection) => this.worker.duplicateOf(connection)));
        return true;
      },
      revision: () => this.revision,
      tookBack,
    }));
    this.#died = () => toTaker.close(() => other.hear(() => taker.closed()));
    other.#died = () => {
      toGiver.close(() => this.hear(() => giver.closed()));
      for (const descriptor of descriptors.splice(0)) descriptor.close();
    };
    giver.begin(undefined);
  }

  /** It is killed, outside of a turn. */
  kill(): void {
    this.worker.end();
    this.leave();
  }

  /** It has left, or is gone: its ends of all ways are closed. */
  leave(): void {
    this.#died();
    this.#died = () => undefined;
  }

  /** Something arrives, unless it is too late. */
  hear(action: () => void): void {
    if (this.worker.isAlive) action();
  }

  #died: () => void = () => undefined;
}

/** One direction of a channel: in order, each message after a while. */
class Way<Message> {
  readonly #net: SimNetwork;
  readonly #deliver: (message: Message) => void;
  readonly #waiting: (() => void)[] = [];

  constructor(net: SimNetwork, deliver: (message: Message) => void) {
    this.#net = net;
    this.#deliver = deliver;
  }

  send(message: Message): void {
    const text = JSON.stringify(message);
    this.#push(() => this.#deliver(JSON.parse(text) as Message));
  }

  close(deliver: () => void): void {
    this.#push(deliver);
  }

  #push(arrive: () => void): void {
    this.#waiting.push(arrive);
    if (this.#waiting.length === 1) this.#next();
  }

  #next(): void {
    this.#net.after(this.#net.prng.below(3), () => {
      this.#waiting.shift()!();
      if (this.#waiting.length > 0) this.#next();
    });
  }
}

class GivingEngine extends Engine {
  readonly #turnEnded: () => void;

  constructor(options: ConstructorParameters<typeof Engine>[0], turnEnded: () => void) {
    super(options);
    this.#turnEnded = turnEnded;
  }

  override turnEnds(): number {
    const next = super.turnEnds();
    this.#turnEnded();
    return next;
  }
}
