/**
 * The house's plan: which room may import which, and which rooms may name Node at all. The one place where it
 * is written; the rooms' `tsconfig.json` and the layer check are held against it. Changing a row here is
 * changing the architecture.
 *
 * Rules of this file:
 *  1. Imports go down only: a room imports rooms that stand before it in this table, never after it.
 *  2. A pure room is bytes, orders and time in, values out: no Node, no clock, no chance.
 */

/** What the plan says of one room. */
export interface Room {
  /** `pure`: compiled without Node's types. `node`: may touch the world. */
  readonly kind: "pure" | "node";
  /** Rooms that it may import, besides itself. */
  readonly imports: readonly string[];
  /** Packages that it may import. `node:` modules are for node rooms only, and need no entry. */
  readonly packages?: readonly string[];
  /** Of these rooms, nothing but the files named here. */
  readonly onlyFiles?: Readonly<Record<string, readonly string[]>>;
  /** Of these rooms, nothing but types, except from the files named here. */
  readonly onlyTypes?: Readonly<Record<string, readonly string[]>>;
}

export const ROOMS: Readonly<Record<string, Room>> = {
  base: { kind: "pure", imports: [] },
  model: { kind: "pure", imports: ["base"], packages: ["zod", "smol-toml"] },
  http: { kind: "pure", imports: ["base", "model"] },
  http1: { kind: "pure", imports: ["base", "http"] },
  "proxy-protocol": { kind: "pure", imports: ["base", "model"] },
  routing: { kind: "pure", imports: ["base", "model", "http"] },
  balancing: { kind: "pure", imports: ["base", "model"] },
  metrics: { kind: "pure", imports: ["base", "model"] },
  tls: { kind: "pure", imports: ["base", "model"] },
  engine: {
    kind: "pure",
    imports: ["base", "model", "http", "http1", "proxy-protocol", "routing", "balancing", "metrics", "tls"],
  },
  sys: { kind: "node", imports: ["base", "tls"], packages: ["koffi"] },
  io: {
    kind: "node",
    imports: ["base", "model", "engine", "sys"],
    onlyFiles: { engine: ["src/engine/port.ts"] },
    onlyTypes: { engine: [] },
  },
  worker: { kind: "node", imports: ["base", "model", "engine", "sys", "io"] },
  main: { kind: "node", imports: ["base", "model", "metrics", "sys", "io"] },
  client: {
    kind: "node",
    imports: ["base", "model"],
    onlyTypes: { model: ["src/model/framing.ts"] },
  },
  cli: {
    kind: "node",
    imports: ["base", "model", "metrics", "io", "client", "main"],
    packages: ["commander"],
  },
};

/**
 * The room of a source file's path, as in `src/io/uring/ring.ts` → `io`; `undefined` for what is not in
 * `src/`.
 */
export function roomOf(path: string): string | undefined {
  return /^src\/([^/]+)\//.exec(path)?.[1];
}
