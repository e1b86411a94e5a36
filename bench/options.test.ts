import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBenchOptions } from "./options.ts";

const KNOWN = { parts: ["keepalive", "idle"], contestants: ["kakehi-uring", "haproxy"] };
const parse = (...args: string[]): ReturnType<typeof parseBenchOptions> => parseBenchOptions(args, KNOWN);

const refusal = (...args: string[]): string => {
  const parsed = parse(...args);
  assert.ok(typeof parsed === "string", `${args.join(" ")} was taken`);
  return parsed;
};

test("without arguments everything is measured, and the results are written", () => {
  assert.deepEqual(parse(), {
    ...{ parts: KNOWN.parts, contestants: KNOWN.contestants, rounds: 5, seconds: 5, busy: false },
    output: "bench/RESULTS.md",
  });
});

test("a quick turn measures what it names, in the parts' own order, and writes nothing", () => {
  assert.deepEqual(parse("--only", "idle,keepalive", "--rounds", "3", "--seconds", "2", "--busy"), {
    ...{ parts: ["keepalive", "idle"], contestants: KNOWN.contestants, rounds: 3, seconds: 2, busy: true },
    output: "",
  });
});

test("what is not known is told with what is", () => {
  assert.match(refusal("--only", "keepalife"), /unknown: keepalife; parts are keepalive, idle/);
  assert.match(refusal("--contestants", "apache"), /unknown: apache/);
  assert.match(refusal("--roundz", "3"), /roundz/);
});

test("rounds and seconds are bounded, so that a run ends", () => {
  for (const args of [
    ["--rounds", "0"],
    ["--rounds", "51"],
    ["--rounds", "x"],
    ["--seconds", "61"],
    ["--seconds", "0"],
  ]) {
    assert.match(refusal(...args), /is 1 to/, args.join(" "));
  }
});
