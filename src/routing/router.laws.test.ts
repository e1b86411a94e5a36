/**
 * The router compared with a direct reading of the protocol page, over random rules, changes and requests.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bytesOf, textOf } from "../base/bytes.ts";
import type { Frontend, PathRule } from "../model/objects.ts";
import type { PathNode } from "./path-tree.ts";
import { Router } from "./router.ts";

interface Request {
  readonly host: string;
  readonly path: string;
  readonly method: string;
}

/** "The longest matching hostname class first, …": frontends in the order added, and nothing clever. */
function naiveFind(frontends: readonly Frontend[], request: Request): Frontend | undefined {
  const host = request.host.toLowerCase().replace(/\.$/, "");
  const hostnames = [...new Set(frontends.map((frontend) => frontend.hostname))]
    .filter((hostname) => matchesHost(hostname, host))
    .toSorted((one, other) => exactness(other) - exactness(one));
  for (const hostname of hostnames) {
    const candidates = frontends.filter((frontend) => frontend.hostname === hostname);
    for (const rule of rulesInOrder(candidates)) {
      if (!matchesPath(rule, request.path)) continue;
      const sameRule = candidates.filter(
        (frontend) => JSON.stringify(frontend.path) === JSON.stringify(rule),
      );
      const chosen =
        sameRule.find((frontend) => frontend.method === request.method) ??
        sameRule.find((frontend) => frontend.method === undefined);
      if (chosen !== undefined) return chosen;
    }
  }
  return undefined;
}

function matchesHost(hostname: string, host: string): boolean {
  if (hostname === "*") return true;
  if (!hostname.startsWith("*.")) return hostname === host;
  return host.endsWith(hostname.slice(1)) && host.length >= hostname.length;
}

function exactness(hostname: string): number {
  if (hostname === "*") return 0;
  return hostname.startsWith("*.") ? hostname.length : 1_000;
}

function rulesInOrder(candidates: readonly Frontend[]): readonly PathRule[] {
  const rules = candidates.map((frontend) => frontend.path);
  return [
    ...rules.filter((rule) => "exact" in rule),
    ...rules.filter((rule) => "regex" in rule),
    ...rules
      .filter((rule) => "prefix" in rule)
      .toSorted((one, other) => other.prefix.length - one.prefix.length),
  ];
}

function matchesPath(rule: PathRule, path: string): boolean {
  if ("exact" in rule) return rule.exact === path;
  if ("prefix" in rule) return path.startsWith(rule.prefix);
  return new RegExp(`^(?:${rule.regex})$`).test(path);
}

function find(router: Router, { host, path, method }: Request): Frontend | undefined {
  const bytes = bytesOf(`xx${host}:80 ${path}?query ${method} rest`);
  const pathStart = 2 + host.length + 4;
  const methodStart = pathStart + path.length + 7;
  return router.find(
    bytes,
    2,
    2 + host.length,
    pathStart,
    pathStart + path.length,
    methodStart,
    methodStart + method.length,
  )?.frontend;
}

const label = fc.constantFrom("a", "b", "ab", "example", "x-1", "com");
const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join("."));
const hostname = fc.oneof(
  name,
  name.map((suffix) => `*.${suffix}`),
  fc.constant("*"),
);
const path = fc
  .array(fc.constantFrom("/", "a", "b", "api", "."), { maxLength: 6 })
  .map((parts) => `/${parts.join("")}`);
const regex = fc.constantFrom("/a.*", "/[ab]+", "/.*b", "/|/api", "/(a|api)/?");
const pathRule: fc.Arbitrary<PathRule> = fc.oneof(
  path.map((prefix) => ({ prefix })),
  path.map((exact) => ({ exact })),
  regex.map((source) => ({ regex: source })),
);
const method = fc.option(fc.constantFrom("GET", "POST", "get"), { nil: undefined });
const frontend: fc.Arbitrary<Frontend> = fc
  .record({ hostname, path: pathRule, method })
  .map(({ method: wanted, ...rest }) => ({
    listener: "127.0.0.1:80",
    ...rest,
    ...(wanted !== undefined && { method: wanted }),
    cluster_id: "app",
    tags: {},
  }));
const request: fc.Arbitrary<Request> = fc.record({
  host: fc
    .tuple(fc.oneof(name, fc.constant("")), fc.boolean(), fc.boolean())
    .map(([host, dot, capitals]) => (capitals ? host.toUpperCase() : host) + (dot ? "." : "")),
  path: fc.oneof(path, fc.constantFrom("*", "")),
  method: fc.constantFrom("GET", "POST", "DELETE"),
});
/**
 * Few hostnames and paths, so that rules meet; a change adds a frontend, or removes it where its key is
 * taken.
 */
const changes = fc.array(frontend, { maxLength: 40 });
const requests = fc.array(request, { minLength: 1, maxLength: 20 });

function keyOf({ hostname: host, path: rule, method: wanted }: Frontend): string {
  return JSON.stringify([host, rule, wanted ?? null]);
}

test("after any changes, every request goes where the protocol page says", () => {
  fc.assert(
    fc.property(changes, requests, (toggled, asked) => {
      const router = new Router();
      const added = new Map<string, Frontend>();
      for (const one of toggled) {
        const before = added.get(keyOf(one));
        if (before === undefined) {
          router.add(one);
          added.set(keyOf(one), one);
        } else {
          assert.equal(router.remove(one).frontend, before);
          added.delete(keyOf(one));
        }
      }
      assert.equal(router.size, added.size);
      for (const one of asked) assert.equal(find(router, one), naiveFind([...added.values()], one));
    }),
    { numRuns: 3_000 },
  );
});

/** The tree of a hostname as plain data. */
function shapeOf(node: PathNode<unknown>): unknown {
  const hasRoutes = [node.exact !== undefined, node.prefix !== undefined];
  return { label: textOf(node.label), hasRoutes, children: node.children.map(shapeOf) };
}

test("frontends that come and go leave the tree as if they had never been there", () => {
  const onOneHost = frontend.map((one) => ({ ...one, hostname: "h" }));
  const frontends = fc.uniqueArray(onOneHost, { selector: keyOf, maxLength: 30 });
  fc.assert(
    fc.property(frontends, fc.nat(30), (all, staying) => {
      const [changed, untouched] = [new Router(), new Router()];
      for (const one of all) changed.add(one);
      for (const one of all.slice(staying)) changed.remove(one);
      for (const one of all.slice(0, staying)) untouched.add(one);
      const [actual, expected] = [changed, untouched].map((router) => {
        const root = router.rulesOf("h")?.root;
        return root && shapeOf(root);
      });
      assert.deepEqual(actual, expected);
    }),
    { numRuns: 1_000 },
  );
});

test("an explanation names the choice, and never more than a few other rules", () => {
  fc.assert(
    fc.property(fc.uniqueArray(frontend, { selector: keyOf, maxLength: 60 }), request, (added, asked) => {
      const router = new Router();
      for (const one of added) router.add(one);
      const { chosen, nearly, tried } = router.explain(asked.host, asked.path, asked.method);
      assert.equal(chosen, naiveFind(added, asked));
      assert.ok(nearly.length <= 20);
      assert.ok(nearly.every((near) => near.frontend !== chosen && near.why !== ""));
      assert.equal(tried.filter(({ outcome }) => outcome === "chosen").length, chosen === undefined ? 0 : 1);
    }),
    { numRuns: 1_000 },
  );
});
