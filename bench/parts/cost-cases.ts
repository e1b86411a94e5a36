/**
 * The loads under which a request's cost is measured, and what Kakehi must reach under each.
 */
import type { Load } from "../workload.ts";

/** A load, and goals as ratios to HAProxy's processor time. */
export interface CostCase {
  readonly name: string;
  readonly title: string;
  readonly load: Load;
  readonly goals: readonly {
    readonly contestant: string;
    readonly of: "total" | "user";
    readonly max: number;
  }[];
}

const URING = { contestant: "kakehi-uring", of: "total" } as const;

export const COST_CASES: readonly CostCase[] = [
  {
    name: "keepalive",
    title: "Small answers, 64 kept-alive connections",
    load: { scheme: "http", path: "/small", connections: 64 },
    goals: [
      { ...URING, max: 0.85 },
      { contestant: "kakehi-uring", of: "user", max: 0.6 },
      { contestant: "kakehi-node", of: "total", max: 1.8 },
    ],
  },
  {
    name: "connections",
    title: "Small answers, 1,000 kept-alive connections",
    load: { scheme: "http", path: "/small", connections: 1_000 },
    goals: [{ ...URING, max: 0.75 }],
  },
  {
    name: "bodies-64k",
    title: "64 KB bodies, 64 kept-alive connections",
    load: { scheme: "http", path: "/64k", connections: 64 },
    goals: [{ ...URING, max: 1 }],
  },
  {
    name: "bodies-1m",
    title: "1 MB bodies, 64 kept-alive connections",
    load: { scheme: "http", path: "/1m", connections: 64 },
    goals: [{ ...URING, max: 1 }],
  },
  {
    name: "tls-keepalive",
    title: "Small answers over TLS 1.3, 64 kept-alive connections",
    load: { scheme: "https", path: "/small", connections: 64 },
    goals: [{ ...URING, max: 0.85 }],
  },
  {
    name: "tls-bodies-64k",
    title: "64 KB bodies over TLS 1.3, 64 kept-alive connections",
    load: { scheme: "https", path: "/64k", connections: 64 },
    goals: [{ ...URING, max: 1 }],
  },
  {
    name: "tls-bodies-1m",
    title: "1 MB bodies over TLS 1.3, 64 kept-alive connections",
    load: { scheme: "https", path: "/1m", connections: 64 },
    goals: [{ ...URING, max: 1 }],
  },
];
