import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf } from "../base/bytes.ts";
import type { Frontend, PathRule } from "../model/objects.ts";
import { Router } from "./router.ts";

function frontendOf(hostname: string, path: PathRule | string, method?: string): Frontend {
  return {
    listener: "127.0.0.1:80",
    hostname,
    path: typeof path === "string" ? { prefix: path } : path,
    ...(method !== undefined && { method }),
    cluster_id: "app",
    tags: {},
  };
}

function routerOf(...frontends: readonly Frontend[]): Router {
  const router = new Router();
  for (const frontend of frontends) router.add(frontend);
  return router;
}

function find(
  router: Router,
  host: string,
  path: string = "/",
  method: string = "GET",
): Frontend | undefined {
  const bytes = bytesOf(method + path + host);
  const pathStart = method.length;
  const hostStart = pathStart + path.length;
  return router.find(bytes, hostStart, bytes.length, pathStart, hostStart, 0, pathStart)?.frontend;
}

test("an empty router finds nothing", () => {
  assert.equal(find(new Router(), "example.com"), undefined);
});

test("the exact hostname goes before the longest suffix, shorter suffixes and any host", () => {
  const exact = frontendOf("a.b.example.com", "/");
  const long = frontendOf("*.b.example.com", "/");
  const short = frontendOf("*.example.com", "/");
  const any = frontendOf("*", "/");
  const router = routerOf(any, short, long, exact);
  assert.equal(find(router, "a.b.example.com"), exact);
  assert.equal(find(router, "c.b.example.com"), long);
  assert.equal(find(router, "c.example.com"), short);
  assert.equal(find(router, "example.com"), any);
});

test("a wildcard takes one label or more, never none", () => {
  const wildcard = frontendOf("*.example.com", "/");
  const router = routerOf(wildcard);
  assert.equal(find(router, "a.example.com"), wildcard);
  assert.equal(find(router, "a.b.c.example.com"), wildcard);
  assert.equal(find(router, "example.com"), undefined);
  assert.equal(find(router, ".example.com"), undefined);
  assert.equal(find(router, "notexample.com"), undefined);
});

test("a host has no case, and one dot at its end does not count", () => {
  const exact = frontendOf("example.com", "/");
  const wildcard = frontendOf("*.example.com", "/");
  const router = routerOf(exact, wildcard);
  assert.equal(find(router, "EXAMPLE.Com."), exact);
  assert.equal(find(router, "A.EXAMPLE.Com."), wildcard);
  assert.equal(find(router, "example.com.."), undefined);
});

test("a host longer than any name, or without a byte, is taken by any-host rules only", () => {
  const any = frontendOf("*", "/");
  const router = routerOf(frontendOf("*.example.com", "/"), any);
  assert.equal(find(router, `${"a.".repeat(200)}example.com`), any);
  assert.equal(find(router, ""), any);
  assert.equal(find(router, "."), any);
});

test("an exact path goes before a regex, a regex before a prefix, a longer prefix before a shorter", () => {
  const exact = frontendOf("h", { exact: "/api/v1" });
  const regex = frontendOf("h", { regex: "/api/v[0-9]+" });
  const long = frontendOf("h", "/api/");
  const short = frontendOf("h", "/");
  const router = routerOf(short, long, regex, exact);
  assert.equal(find(router, "h", "/api/v1"), exact);
  assert.equal(find(router, "h", "/api/v2"), regex);
  assert.equal(find(router, "h", "/api/vx"), long);
  assert.equal(find(router, "h", "/apis"), short);
});

test("a regex has to match the whole path", () => {
  const router = routerOf(frontendOf("h", { regex: "/a|/b" }));
  assert.equal(find(router, "h", "/ab"), undefined);
  assert.notEqual(find(router, "h", "/b"), undefined);
});

test("regexes are tried in the order added; one whose frontend goes and comes back is last", () => {
  const first = frontendOf("h", { regex: "/a.*" });
  const second = frontendOf("h", { regex: "/.*b" });
  const router = routerOf(first, second);
  assert.equal(find(router, "h", "/ab"), first);
  router.remove(first);
  assert.equal(find(router, "h", "/ab"), second);
  router.add(first);
  assert.equal(find(router, "h", "/ab"), second);
});

test("a regex keeps the place of its first frontend that is left", () => {
  const firstGet = frontendOf("h", { regex: "/a.*" }, "GET");
  const second = frontendOf("h", { regex: "/.*b" });
  const firstAny = frontendOf("h", { regex: "/a.*" });
  const router = routerOf(firstGet, second, firstAny);
  assert.equal(find(router, "h", "/ab", "PUT"), firstAny);
  router.remove(firstGet);
  assert.equal(find(router, "h", "/ab", "PUT"), second);
});

test("a prefix is text, and whole segments only where it ends in a slash", () => {
  const text = frontendOf("text", "/api");
  const segment = frontendOf("segment", "/api/");
  const router = routerOf(text, segment);
  assert.equal(find(router, "text", "/apis"), text);
  assert.equal(find(router, "text", "/api"), text);
  assert.equal(find(router, "segment", "/api/x"), segment);
  assert.equal(find(router, "segment", "/apis"), undefined);
  assert.equal(find(router, "segment", "/api"), undefined);
});

test("a rule with a method goes before the same rule without, and is passed over by other methods", () => {
  const any = frontendOf("h", "/a");
  const post = frontendOf("h", "/a", "POST");
  const put = frontendOf("h", "/a", "PUT");
  const router = routerOf(any, post, put);
  assert.equal(find(router, "h", "/a", "POST"), post);
  assert.equal(find(router, "h", "/a", "PUT"), put);
  assert.equal(find(router, "h", "/a", "GET"), any);
  assert.equal(find(router, "h", "/a", "post"), any);
  assert.equal(find(router, "h", "/a", "POSTS"), any);
  assert.equal(find(router, "h", "/a", "PU"), any);
  assert.equal(find(routerOf(put, post, any), "h", "/a", "PUT"), put);
});

test("a more exact path whose method does not fit leaves the request to less exact ones", () => {
  const exactPost = frontendOf("h", { exact: "/a" }, "POST");
  const longPost = frontendOf("h", "/a", "POST");
  const root = frontendOf("h", "/");
  const router = routerOf(exactPost, longPost, root);
  assert.equal(find(router, "h", "/a", "GET"), root);
  assert.equal(find(router, "h", "/a", "POST"), exactPost);
  assert.equal(find(router, "h", "/ab", "POST"), longPost);
});

test("where no path of a more exact hostname matches, the next hostname is asked", () => {
  const exact = frontendOf("a.example.com", "/only");
  const wildcard = frontendOf("*.example.com", "/some");
  const any = frontendOf("*", "/");
  const router = routerOf(exact, wildcard, any);
  assert.equal(find(router, "a.example.com", "/only"), exact);
  assert.equal(find(router, "a.example.com", "/some"), wildcard);
  assert.equal(find(router, "a.example.com", "/other"), any);
});

test("a route is the same object until its frontend is removed, and keeps what the engine put there", () => {
  const router = new Router<string>();
  const route = router.add(frontendOf("h", "/"));
  route.target = "cluster";
  router.add(frontendOf("h", "/longer"));
  const bytes = bytesOf("GET/h");
  assert.equal(router.find(bytes, 4, 5, 3, 4, 0, 3), route);
  assert.equal(router.remove(frontendOf("h", "/")), route);
  assert.equal(route.target, "cluster");
});

test("10,000 prefixes under one hostname each find their own, and leave nothing when removed", () => {
  const router = new Router();
  const frontends = Array.from({ length: 10_000 }, (_, index) => frontendOf("h", `/tenants/${index}/`));
  for (const frontend of frontends) router.add(frontend);
  for (const [index, frontend] of frontends.entries()) {
    assert.equal(find(router, "h", `/tenants/${index}/page`), frontend);
  }
  for (const frontend of frontends) router.remove(frontend);
  assert.equal(router.size, 0);
  assert.equal(router.rulesOf("h"), undefined);
});

test("a hostname whose last frontend is removed is forgotten, of each class", () => {
  const router = new Router();
  for (const hostname of ["a.example.com", "*.example.com", "*"]) {
    for (const path of [{ prefix: "/" }, { exact: "/x" }, { regex: "/y" }]) {
      router.add(frontendOf(hostname, path));
      assert.notEqual(router.rulesOf(hostname), undefined);
      router.remove(frontendOf(hostname, path));
      assert.equal(router.rulesOf(hostname), undefined);
    }
  }
});

test("adding a frontend twice, or removing one that is not there, is a defect", () => {
  for (const path of [{ prefix: "/" }, { exact: "/x" }, { regex: "/y" }]) {
    const router = routerOf(frontendOf("h", path));
    assert.throws(() => router.add(frontendOf("h", path)), { name: "InvariantError" });
    assert.throws(() => router.remove(frontendOf("h", path, "GET")), { name: "InvariantError" });
    assert.throws(() => router.remove(frontendOf("g", path)), { name: "InvariantError" });
  }
});
