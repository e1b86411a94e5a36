import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frontend, PathRule } from "../model/objects.ts";
import { NEARLY_MAX } from "./explain.ts";
import { Router } from "./router.ts";

function frontendOf(hostname: string, path: PathRule, method?: string): Frontend {
  return {
    listener: "127.0.0.1:80",
    hostname,
    path,
    ...(method !== undefined && { method }),
    cluster_id: "app",
    tags: {},
  };
}

/** The reasons by what stands in the rule: hostname, path and method. */
function reasonsOf(
  frontends: readonly Frontend[],
  host: string,
  path: string,
  method: string,
): Record<string, string> {
  const router = new Router();
  for (const frontend of frontends) router.add(frontend);
  const { nearly } = router.explain(host, path, method);
  return Object.fromEntries(
    nearly.map(({ frontend, why }) => [
      [frontend.hostname, ...Object.values(frontend.path), frontend.method ?? "any"].join(" "),
      why,
    ]),
  );
}

test("each rule that was not chosen says why", () => {
  const frontends = [
    frontendOf("a.com", { exact: "/x" }),
    frontendOf("a.com", { exact: "/x" }, "POST"),
    frontendOf("a.com", { exact: "/x/y" }),
    frontendOf("a.com", { regex: "/x|/z" }),
    frontendOf("a.com", { regex: "/q" }),
    frontendOf("a.com", { prefix: "/" }),
    frontendOf("a.com", { prefix: "/other" }),
    frontendOf("*.com", { prefix: "/" }),
  ];
  assert.deepEqual(reasonsOf(frontends, "A.com.", "/x", "GET"), {
    "a.com /x POST": "it takes the method POST, not GET",
    "a.com /x/y any": "the path is not exactly /x/y",
    "a.com /x|/z any": "it matches, but the exact path goes first",
    "a.com /q any": "the regex /q does not match the path",
    "a.com / any": "it matches, but the exact path goes first",
    "a.com /other any": "the path does not begin with /other",
    "*.com / any": "it matches, but a more exact hostname goes first",
  });
});

test("a rule for any method says that the one for this method goes first", () => {
  const frontends = [frontendOf("h", { prefix: "/" }), frontendOf("h", { prefix: "/" }, "GET")];
  assert.deepEqual(reasonsOf(frontends, "h", "/", "GET"), {
    "h / any": "it matches, but the rule for this method goes before the one for any",
  });
});

test("regexes and prefixes say what went before them", () => {
  const frontends = [
    frontendOf("h", { regex: "/a.*" }),
    frontendOf("h", { regex: "/.*b" }),
    frontendOf("h", { prefix: "/" }),
  ];
  assert.deepEqual(reasonsOf(frontends, "h", "/ab", "GET"), {
    "h /.*b any": "it matches, but a regex added earlier goes first",
    "h / any": "it matches, but regexes go before prefixes",
  });
  assert.deepEqual(reasonsOf([...frontends, frontendOf("h", { prefix: "/c" })], "h", "/c", "GET"), {
    "h /a.* any": "the regex /a.* does not match the path",
    "h /.*b any": "the regex /.*b does not match the path",
    "h / any": "it matches, but a longer prefix goes first",
  });
});

test("each rule that was not chosen says by which part, and the chosen one why it goes first", () => {
  const router = new Router();
  const prefix = frontendOf("a.com", { prefix: "/" });
  router.add(prefix);
  router.add(frontendOf("a.com", { exact: "/other" }));
  router.add(frontendOf("a.com", { exact: "/x" }, "POST"));
  router.add(frontendOf("*", { prefix: "/" }));
  const { because, nearly } = router.explain("a.com", "/x", "GET");
  assert.equal(because, "the longest prefix that takes it goes first");
  const parts = nearly.map(({ frontend, failed }) => [...Object.values(frontend.path), failed]);
  assert.deepEqual(parts, [
    ["/x", "method"],
    ["/other", "path"],
    ["/", "priority"],
  ]);
  const becauseOf = (...frontends: Frontend[]): string | undefined => {
    for (const frontend of frontends) router.add(frontend);
    return router.explain("a.com", "/x", "GET").because;
  };
  assert.match(becauseOf(frontendOf("a.com", { regex: "/x" })) ?? "", /^the first regex that matches/);
  assert.equal(
    becauseOf(frontendOf("a.com", { exact: "/x" }, "GET")),
    "an exact path goes first, and a rule for GET before one for any method",
  );
});

test("a rule that requests do not see yet is not told of", () => {
  const router = new Router();
  const route = router.stage(frontendOf("h", { prefix: "/" }));
  assert.deepEqual(router.explain("h", "/x", "GET").nearly, []);
  router.publish(route);
  assert.equal(router.explain("h", "/x", "GET").chosen, route.frontend);
});

test("the hostnames asked are listed in order with what came of them", () => {
  const router = new Router();
  router.add(frontendOf("a.b.com", { exact: "/only" }));
  router.add(frontendOf("*.b.com", { prefix: "/" }));
  router.add(frontendOf("*", { prefix: "/" }));
  assert.deepEqual(router.explain("a.b.com", "/", "GET").tried, [
    { hostname: "a.b.com", outcome: "no path and method match" },
    { hostname: "*.b.com", outcome: "chosen" },
    { hostname: "*.com", outcome: "no frontend has this hostname" },
    { hostname: "*", outcome: "not asked any more" },
  ]);
});

test("where nothing takes a request, nothing is chosen and the near rules are still told", () => {
  const router = new Router();
  router.add(frontendOf("h", { prefix: "/a" }));
  const { chosen, nearly } = router.explain("h", "/b", "GET");
  assert.equal(chosen, undefined);
  assert.equal(nearly[0]?.why, "the path does not begin with /a");
});

test("a host that cannot be a name is only taken by rules for every host", () => {
  const router = new Router();
  router.add(frontendOf("*", { prefix: "/" }));
  for (const host of ["", ".", "a.".repeat(100_000)]) {
    assert.deepEqual(router.explain(host, "/", "GET").tried, [{ hostname: "*", outcome: "chosen" }]);
  }
});

test("of very many rules only the nearest are told", () => {
  const router = new Router();
  for (let index = 0; index < 1_000; index++) router.add(frontendOf("h", { prefix: `/tenants/${index}/` }));
  const { nearly, isCut } = router.explain("h", "/tenants/777", "GET");
  assert.equal(nearly.length, NEARLY_MAX);
  assert.equal(isCut, true);
  assert.deepEqual(nearly[0]?.frontend.path, { prefix: "/tenants/777/" });
});

test("as many rules as are told are not cut", () => {
  const router = new Router();
  for (let index = 0; index < NEARLY_MAX; index++) router.add(frontendOf("h", { prefix: `/${index}/` }));
  const { nearly, isCut } = router.explain("h", "/", "GET");
  assert.deepEqual([nearly.length, isCut], [NEARLY_MAX, false]);
});
