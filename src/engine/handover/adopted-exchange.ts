/**
 * The exchange of a tunnel that another worker began: all that is left of it is what it is counted in.
 */
import type { Configuration } from "../configuration.ts";
import type { Core } from "../core.ts";
import type { TunnelledExchange } from "../tunnel.ts";
import { NO_DRAIN, type Use, type UsedObject } from "../use.ts";

export class AdoptedExchange implements TunnelledExchange {
  readonly usedObjects: readonly UsedObject[];
  readonly #core: Core;
  readonly #configuration: Configuration;
  #state: "going" | "over" = "going";

  /** Counted from now on. */
  constructor(core: Core, configuration: Configuration, usedObjects: readonly UsedObject[]) {
    this.#core = core;
    this.#configuration = configuration;
    this.usedObjects = usedObjects;
    core.reading.flows++;
    configuration.sessionCount++;
    for (const { use } of usedObjects) use.begin();
  }

  uses(use: Use): boolean {
    return this.usedObjects.some((object) => object.use === use);
  }

  /** The drains that count it now. */
  get drains(): readonly number[] {
    if (this.#state === "over") return [];
    return this.usedObjects.map(({ use }) => use.drain).filter((drain) => drain !== NO_DRAIN);
  }

  tunnelEnded(): void {
    this.#end();
    this.#configuration.sessionEnded(undefined);
  }

  /** It stays with the worker that has it, after all. */
  drop(): void {
    this.#end();
    this.#configuration.sessionCount--;
  }

  #end(): void {
    this.#state = "over";
    this.#core.reading.flows--;
    for (const { use } of this.usedObjects) use.end();
  }
}
