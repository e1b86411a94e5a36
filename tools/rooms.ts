/**
 * The house's plan: which room may import which, and which rooms may name Node at all. The one place where it is written;
 * the rooms' `tsconfig.json` and the layer check are held against it. Changing a row here is changing the architecture.
 *
 * Rules of this file:
 *  1. Imports go down only: a room names rooms above it in this table, never below.
 *  2. A pure room is bytes, orders and time in, values out: no Node, no clock, no chance.
 */

/** What the plan says of one room. */
export interface Room {
  /** `pure`: compiled without Node's types. `node`: may touch the world. */
  readonly kind: "pure" | "node";
  /** Rooms that it may import, besides itself. */
  readonly imports: readonly string[];
  /** Packages and `node:` modules are free in node rooms; a pure room names each package that it uses. */
  readonly packages?: readonly string[];
  /** Where only one part of a room may be imported: room → allowed path prefixes under `src/`. */
  readonly only?: Readonly<Record<string, readonly string[]>>;
  /** Rooms that may be imported as types only. */
  readonly typesOnly?: readonly string[];
}

export const ROOMS: Readonly<Record<string, Room>> = {
  base: { kind: "pure", imports: [] },
  model: { kind: "pure", imports: ["base"], packages: ["zod"] },
  http: { kind: "pure", imports: ["base", "model"] },
  http1: { kind: "pure", imports: ["base", "http"] },
  routing: { kind: "pure", imports: ["base", "model", "http"] },
  balancing: { kind: "pure", imports: ["base", "model"] },
  metrics: { kind: "pure", imports: ["base", "model"] },
  engine: {
    kind: "pure",
    imports: ["base", "model", "http", "http1", "routing", "balancing", "metrics"],
  },
  sys: { kind: "node", imports: ["base"] },
  io: {
    kind: "node",
    imports: ["base", "model", "engine", "sys"],
    only: { engine: ["engine/port.ts"] },
    typesOnly: ["engine"],
  },
  worker: { kind: "node", imports: ["base", "model", "metrics", "engine", "sys", "io"] },
  main: { kind: "node", imports: ["base", "model", "metrics", "sys", "io"] },
  client: { kind: "node", imports: ["base", "model"] },
  cli: { kind: "node", imports: ["base", "model", "client", "main"] },
};

/** Packages that one room alone may import: the border behind which they are kept. */
export const PACKAGE_OWNERS: Readonly<Record<string, string>> = {
  koffi: "sys",
  zod: "model",
  commander: "cli",
};

/** The room of a source file's path, as in `src/io/uring/ring.ts` → `io`; `undefined` for what is not in `src/`. */
export function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}
