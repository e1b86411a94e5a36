import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePathRegex, parsePathText } from "./path-rule.ts";

const isPath = (text: string) => parsePathText(text).ok;
const regexFault = (source: string) => {
  const parsed = parsePathRegex(source);
  return parsed.ok ? "" : parsed.error;
};

test("a path begins with a slash and holds visible ASCII", () => {
  for (const good of ["/", "/a/b.c", "/%C3%A9", "/a;b=c,d", "/~!$&'()*+@:"]) assert.ok(isPath(good), good);
  for (const bad of ["", "a", "/a b", "/a?b", "/a#b", "/é", "/\0", "/a\n", "/\x7f"])
    assert.ok(!isPath(bad), bad);
});

test("a path has at most 2,048 characters, a regular expression 1,024", () => {
  assert.ok(isPath(`/${"a".repeat(2_047)}`));
  assert.ok(!isPath(`/${"a".repeat(2_048)}`));
  assert.equal(regexFault("a".repeat(1_024)), "");
  assert.match(regexFault("a".repeat(1_025)), /at most 1024/);
});

test("a regular expression must compile, by itself and anchored", () => {
  for (const bad of ["", "(", "[a", "a)|(?:b", "\\", "*a", "a{2,1}"])
    assert.notEqual(regexFault(bad), "", bad);
});

test("ordinary regular expressions are accepted", () => {
  for (const good of [
    "/users/[0-9]+/posts/[^/]+",
    "/(en|de)/.*",
    "/static/(?:js|css)/.+\\.(?:js|css)",
    "/v(?<major>[0-9]{1,3})/.*",
    "/[+*(]+",
    "/a\\(b+\\)*",
    "/(ab)+",
  ]) {
    assert.equal(regexFault(good), "", good);
  }
});

test("a repeated group that repeats or chooses is refused", () => {
  for (const bad of [
    "(a+)+",
    "(?:a*)*",
    "(a|a)*",
    "((a+))*",
    "(a?b)+",
    "(?:a{2,3}){4}",
    "(x(a|b)y)+",
    "(?<n>a+)*",
  ]) {
    assert.match(regexFault(bad), /must not repeat a group/, bad);
  }
});

test("back references, look-around and large repetitions are refused", () => {
  for (const bad of ["(a)\\1", "(?<n>a)\\k<n>"]) assert.match(regexFault(bad), /back reference/, bad);
  for (const bad of ["(?=a)", "(?!a)b", "(?<=a)b", "(?<!a)b"])
    assert.match(regexFault(bad), /look-around/, bad);
  for (const bad of ["a{257}", "a{1,300}", "a{300,}", "a{0,100}b{100}c{57,}"])
    assert.match(regexFault(bad), /more than 256/, bad);
});

test("whatever the text, a regular expression is accepted or refused, and what is accepted compiles", () => {
  const source = fc.array(fc.constantFrom(..."ab()[]{}|*+?\\^$.123,:<>=!k-".split("")), { maxLength: 20 });
  fc.assert(
    fc.property(source, (parts) => {
      const parsed = parsePathRegex(parts.join(""));
      if (parsed.ok) new RegExp(`^(?:${parsed.value})$`).test("/aaaaaaaaaaaaaaaaaaaa");
    }),
    { numRuns: 2_000 },
  );
});
